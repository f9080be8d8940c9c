//! `hap-ingest runs`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use hap_schemas::{Exit, Label};
use indicatif::{ProgressBar, ProgressStyle};

use super::{default_jobs, note};
use crate::runs::{RunError, RunSummary, RunsOptions, RunsProgress, ingest_runs};

const EXAMPLES: &str = "\
Examples:
  hap-ingest runs data/captures/runc data/captures/nabla --label set=study --out dataset
  hap-ingest runs trace.dat --run redis-1 --label runtime=runc --label workload=redis --out dataset
  hap-ingest runs data/captures/special/sigkill \\
      --metadata data/captures/special/overrun/trace.dat --out dataset";

/// Decode captures into the tables runs, threads, functions and windows
///
/// A PATH is a run directory (trace.dat and run.json), a trace.dat, a folder of raw dumps (trace_pipe_raw.cpuN or
/// cpuN.raw beside header_page, function.format and kallsyms), the trace.dat.cpuN files of a killed recorder (with
/// --metadata), or a folder tree that holds such. A second ingest of a run replaces the first.
///
/// A run that failed, by its run.json or because it holds no function call, is refused: a runtime that never started
/// would have the smallest figure of all.
///
/// Exit code: 0 complete, 1 done but events were lost, data was undecodable, addresses are unresolved or failed runs were
/// refused, 2 failed, or nothing but failed runs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunsArgs {
    /// Captures
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Dataset to write to
    #[arg(long, value_name = "DATASET")]
    out: PathBuf,
    /// Label of all runs, overruling run.json; runtime, workload and repetition have columns of their own
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,
    /// Run id; for a single capture
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// A trace.dat of the same boot, for captures that have no header or lack event formats
    #[arg(long, value_name = "TRACE_DAT")]
    metadata: Option<PathBuf>,
    /// Take in failed runs, marked: hap-analyze leaves them out unless told otherwise
    #[arg(long)]
    accept_failed: bool,
    /// Write table events too: one row an event
    #[arg(long)]
    events: bool,
    /// Length of a window of table windows
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = super::duration::nanoseconds)]
    window: u64,
    /// Level of zstd in the tables: a higher one suits a dataset that is kept
    #[arg(long, value_name = "1-22", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=22))]
    level: i32,
    /// Threads [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZero<usize>>,
    /// Fail (exit code 2) where a run is incomplete
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: RunsArgs) -> anyhow::Result<Exit> {
    let options = RunsOptions {
        paths: args.paths,
        out: args.out,
        labels: args.labels,
        run: args.run,
        metadata: args.metadata,
        accept_failed: args.accept_failed,
        events: args.events,
        window_ns: args.window,
        level: args.level,
        jobs: args.jobs.map_or_else(default_jobs, std::num::NonZero::get),
    };
    let progress = Bar::new();
    let results = ingest_runs(&options, &progress);
    progress.line.finish_and_clear();
    let mut worst = Exit::Complete;
    let (mut runs, mut events, mut calls) = (0, 0, 0);
    for (run, result) in results? {
        worst = worst.max(report(&run, &result));
        if let Ok(summary) = result {
            runs += 1;
            events += summary.events;
            calls += summary.calls;
        }
    }
    // A refusal leaves a job incomplete; a job of refusals alone has done nothing.
    worst = if runs == 0 && worst == Exit::Incomplete { Exit::Failed } else { worst };
    note(format_args!("{runs} runs, {events} events, {calls} function calls -> {}", options.out.display()));
    Ok(worst.strict(args.strict))
}

/// Tells what is wrong with a run; gives the exit code that it deserves.
fn report(run: &str, result: &Result<RunSummary, RunError>) -> Exit {
    match result {
        Err(error @ RunError::Failed(_)) => {
            note(format_args!("warning: run {run} is refused: {error}"));
            Exit::Incomplete
        }
        Err(error) => {
            note(format_args!("error: run {run}: {error}"));
            Exit::Failed
        }
        Ok(summary) => {
            report_summary(run, summary);
            summary.exit()
        }
    }
}

fn report_summary(run: &str, summary: &RunSummary) {
    if let Some(loss) = summary.loss_text() {
        note(format_args!("warning: run {run} is incomplete: {loss}"));
    }
    for place in &summary.damage {
        note(format_args!("warning: run {run}: {place}"));
    }
    if !summary.damage.is_empty() {
        note(format_args!(
            "note: run {run}: all else was decoded; a file that was cut short may be whole where it was recorded"
        ));
    }
    let untold = summary.damaged_places.saturating_sub(summary.damage.len() as u64);
    if untold > 0 {
        note(format_args!("warning: run {run}: {untold} more damaged places"));
    }
    if summary.replaced_other {
        note(format_args!(
            "warning: run {run} replaces another capture of that id in the dataset; --run gives another id"
        ));
    }
    if let Some(failure) = &summary.failure {
        note(format_args!("warning: run {run} failed and will not be compared: {failure}"));
    }
    for (name, count) in summary.event_counts.iter().filter(|(name, _)| name.starts_with("unknown")) {
        note(format_args!("note: run {run}: {count} events of a kind without a format: {name}"));
    }
}

/// Progress on a terminal, in stored bytes.
struct Bar {
    line: ProgressBar,
    done: AtomicUsize,
    runs: AtomicUsize,
}

impl Bar {
    fn new() -> Self {
        Self { line: ProgressBar::new(0), done: AtomicUsize::new(0), runs: AtomicUsize::new(0) }
    }
}

impl RunsProgress for Bar {
    fn started(&self, runs: usize, bytes: u64) {
        self.runs.store(runs, Ordering::Relaxed);
        self.line.set_length(bytes);
        let template = "{bar:30} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.line.set_style(style);
        }
        self.line.set_message(format!("run 0 of {runs}"));
    }

    fn advanced(&self, bytes: u64) {
        self.line.inc(bytes);
    }

    fn finished(&self, _run: &str, _result: &Result<RunSummary, RunError>) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.line.set_message(format!("run {done} of {}", self.runs.load(Ordering::Relaxed)));
    }
}
