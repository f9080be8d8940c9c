//! `hap-analyze steady`: the discovery of functions, and when each run gets steady.

use super::ending::Notes;
use super::groups::{Grouped, Needs};
use super::{OutputArgs, ScopeArgs};
use crate::Result;
use crate::discovery::{curve, summary};
use crate::output::Report;
use crate::progress::Progress;
use crate::render;
use crate::steady::{LEAST_WINDOWS, LEVEL};
use hap_statistics::mser::BATCH;

const EXAMPLE: &str = "\
Example:
  hap-analyze steady --dataset dataset-demo --where set=study,workload=redis-bench-get";

/// When the discovery of new functions ends in each run: discovery curve, MSER-5, Mann-Kendall
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct SteadyArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// In the machine formats one row a window instead of one row a run: functions found against time and calls
    #[arg(long)]
    curve: bool,
}

/// Judges every run.
pub(super) fn run(args: &SteadyArgs, progress: &Progress) -> Result<Report> {
    args.output.check()?;
    let opened = args.scope.open([], progress)?;
    // Every run stands for itself.
    let keys = ["run".to_owned()];
    let grouped = Grouped::load(&opened, Needs { keys: &keys, ..Needs::default() })?;
    let (runs, reach) = (&grouped.runs, &grouped.study.reach);
    let frame = if args.curve { curve(runs, reach)? } else { summary(runs, reach)? };
    let ending = grouped.ending(&opened, &args.output);
    ending.report(frame, || Ok((render::steady::table(runs, reach), explain())))
}

fn explain() -> Notes {
    let test = format!(
        "from the end of the transient (MSER-{BATCH} on new functions per window, at most half of the run), if the windows from there \
         on show no trend (Mann-Kendall, p >= {LEVEL}); needs {LEAST_WINDOWS} windows: a shorter window (hap-ingest runs --window) \
         gives more"
    );
    vec![
        ("steady", test),
        ("p", "Mann-Kendall, two-sided, of the windows after the transient".to_owned()),
        ("merged", "whether the run is steady, too, with windows merged by 2 and by 4".to_owned()),
        ("discovery", "share of the functions found by each tenth of the run".to_owned()),
    ]
}
