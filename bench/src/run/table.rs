//! The table.

use super::job::{Job, Tool};
use super::measure::{Cores, Sample};

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
#[expect(clippy::print_stdout, reason = "the result of the benchmark")]
pub(super) fn print(jobs: &[Job]) {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(jobs.iter().map(|job| row(job, jobs)));
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate();
        let line: Vec<String> = cells
            .map(
                |(column, (cell, width))| {
                    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                },
            )
            .collect();
        println!("{}", line.join("  ").trim_end());
    }
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

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The middle one; of two middle ones the mean.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) {
        let lower = middle.checked_sub(1).and_then(|index| sorted.get(index)).copied().unwrap_or(upper);
        return f64::midpoint(lower, upper);
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    #[expect(clippy::float_cmp, reason = "exact by construction")]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
