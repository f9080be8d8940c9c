//! Runs all tools in turn, round after round, so that what else the machine does hits all alike.

mod capture;
mod job;
mod table;

use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::{machine, measure, note};
use capture::{Capture, Original};
use job::{Job, Tool};
use machine::Machine;
use measure::Cores;

/// Captures of one boot without losses; all of them together are longer than the window of zstd's level 3.
const CAPTURES: [&str; 4] = [
    "gvisor-ptrace/node-express/2",
    "gvisor-ptrace/python-tornado/1",
    "gvisor-ptrace/redis-bench-set/1",
    "runc/redis-bench-set/1",
];
/// Where the bundled captures are.
const CAPTURES_DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/captures");
/// Sizes that the growth is measured at, in base sizes.
const GROWTH: [u64; 4] = [1, 2, 4, 8];

/// Run the benchmark and print its table
///
/// Measures hap-ingest, `zstd -d` and `trace-cmd report` in turn. The table goes to standard output, everything else
/// to standard error.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Rounds; the table has their medians
    #[arg(long, value_name = "N", default_value = "5")]
    runs: NonZero<usize>,
    /// MiB of sub-buffers of the base size; the largest file has eight times as many
    #[arg(long, value_name = "N", default_value = "64")]
    base_mib: u64,
    /// MiB of sub-buffers of the file that trace-cmd reads
    #[arg(long, value_name = "N", default_value = "16")]
    small_mib: u64,
    /// Let trace-cmd read the largest file too, once
    #[arg(long)]
    full: bool,
    /// The program to measure [default: beside this one]
    #[arg(long, value_name = "FILE")]
    ingest: Option<PathBuf>,
    /// Where the files go [default: the system's folder for temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Keep the files
    #[arg(long)]
    keep: bool,
    /// Captures of one boot to repeat
    #[arg(value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
}

pub(crate) fn run(args: &RunArgs) -> anyhow::Result<()> {
    let parent = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let mut dir = tempfile::Builder::new().prefix("hap-bench.").tempdir_in(&parent)?;
    dir.disable_cleanup(args.keep);
    let ingest = args.ingest.clone().map_or_else(ingest_beside, Ok)?;
    let bench = Bench { args, dir: dir.path(), ingest };
    let mut jobs = bench.jobs(&bench.captures()?);
    let machine = Machine::look()?;
    for round in 1..=args.runs.get() {
        note(format_args!("round {round} of {}", args.runs));
        for job in &mut jobs {
            job.measure(bench.dir).with_context(|| job.what())?;
        }
    }
    machine.tell_noise(jobs.iter().flat_map(Job::samples).map(|sample| sample.cpu).sum())?;
    jobs.extend(bench.full_trace_cmd(&jobs)?);
    table::print(&jobs);
    if args.keep {
        note(format_args!("the files are in {}", dir.path().display()));
    }
    Ok(())
}

pub(crate) fn ingest_beside() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("hap-ingest");
    anyhow::ensure!(path.exists(), "{} is not there: cargo build --release -p hap-ingest", path.display());
    Ok(path)
}

struct Bench<'a> {
    args: &'a RunArgs,
    dir: &'a Path,
    ingest: PathBuf,
}

impl Bench<'_> {
    /// The small capture and those of the growth, made and checked.
    fn captures(&self) -> anyhow::Result<(Capture, Vec<Capture>)> {
        let bundled = || CAPTURES.map(|name| Path::new(CAPTURES_DIR).join(name)).to_vec();
        let paths = if self.args.captures.is_empty() { bundled() } else { self.args.captures.clone() };
        let original = Original::new(&self.ingest, paths, self.dir)?;
        let small = original.repeat(self.args.small_mib, &self.dir.join("small.dat"))?;
        if machine::has("trace-cmd") {
            small.check_with_trace_cmd()?;
        }
        let mut growth = Vec::new();
        for factor in GROWTH {
            growth.push(original.repeat(self.args.base_mib * factor, &self.dir.join(format!("{factor}x.dat")))?);
        }
        Ok((small, growth))
    }

    fn jobs(&self, (small, growth): &(Capture, Vec<Capture>)) -> Vec<Job> {
        let ingest = |events, jobs| Tool::Ingest { program: self.ingest.clone(), events, jobs };
        let mut jobs = Vec::new();
        if let Some(large) = growth.last() {
            jobs.push(Job::new(Tool::Zstd, Cores::One, large));
            jobs.push(Job::new(Tool::ZstdChunks, Cores::One, large));
            jobs.extend(growth.iter().map(|capture| Job::new(ingest(false, 1), Cores::One, capture)));
            jobs.push(Job::new(ingest(false, 2), Cores::Two, large));
            jobs.extend(growth.iter().map(|capture| Job::new(ingest(true, 1), Cores::One, capture)));
            jobs.push(Job::new(ingest(true, 2), Cores::Two, large));
        }
        if machine::has("trace-cmd") {
            jobs.push(Job::new(Tool::TraceCmd, Cores::One, small));
            jobs.push(Job::new(ingest(false, 1), Cores::One, small));
        } else {
            note(format_args!("trace-cmd is not installed: its rows are left out"));
        }
        jobs
    }

    fn full_trace_cmd(&self, jobs: &[Job]) -> anyhow::Result<Option<Job>> {
        let large = jobs.first().filter(|_| self.args.full && machine::has("trace-cmd"));
        let Some(large) = large else { return Ok(None) };
        note(format_args!("trace-cmd reads the largest file, once"));
        let mut job = Job::new(Tool::TraceCmd, Cores::One, large.capture());
        job.measure(self.dir)?;
        Ok(Some(job))
    }
}
