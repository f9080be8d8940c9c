//! The table.

use super::job::{Job, Tool};
use super::measure::{Cores, Sample};
use crate::columns::{self, least, median, most};

const HEAD: [&str; 10] = [
    "what",
    "cores",
    "raw MB",
    "wall s",
    "CPU s (min..max)",
    "MB per CPU s",
    "CPU / one stream",
    "CPU / chunks",
    "trace-cmd / it",
    "peak MiB",
];

/// Prints one row for each job.
pub(super) fn print(jobs: &[Job]) {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(jobs.iter().map(|job| row(job, jobs)));
    columns::print(&rows);
}

fn row(job: &Job, jobs: &[Job]) -> Vec<String> {
    let cpu = values(job, |sample| sample.cpu.as_secs_f64());
    let rate = job.megabytes() / median(&cpu);
    let peak = median(&values(job, |sample| sample.peak as f64)) / f64::from(1 << 20);
    let to = |wanted: fn(&Tool) -> bool| {
        let other = jobs.iter().find(|other| wanted(other.tool()));
        other.map_or_else(String::new, |other| format!("{:.2}", ratio(job, other)))
    };
    let same = |other: &&Job| matches!(other.tool(), Tool::TraceCmd) && other.capture().path == job.capture().path;
    let trace_cmd = jobs.iter().find(same);
    vec![
        job.what(),
        if job.cores() == Cores::One { "1" } else { "2" }.to_owned(),
        format!("{:.0}", job.megabytes()),
        format!("{:.2}", median(&values(job, |sample| sample.wall.as_secs_f64()))),
        format!("{:.2} ({:.2}..{:.2})", median(&cpu), least(&cpu), most(&cpu)),
        format!("{rate:.0}"),
        to(|tool| matches!(tool, Tool::Zstd)),
        to(|tool| matches!(tool, Tool::ZstdChunks)),
        trace_cmd.map_or_else(String::new, |trace_cmd| format!("{:.1}", ratio(trace_cmd, job))),
        format!("{peak:.0}"),
    ]
}

/// How much more CPU time a megabyte takes than with the other job: the median over the rounds, each compared
/// within itself.
fn ratio(job: &Job, other: &Job) -> f64 {
    let seconds = |job: &Job, sample: &Sample| sample.cpu.as_secs_f64() / job.megabytes();
    let pairs = job.samples().iter().zip(other.samples());
    let ratios: Vec<f64> = pairs.map(|(one, two)| seconds(job, one) / seconds(other, two)).collect();
    median(&ratios)
}

fn values(job: &Job, value: impl Fn(&Sample) -> f64) -> Vec<f64> {
    job.samples().iter().map(value).collect()
}
