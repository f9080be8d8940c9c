//! `hap-capture mark`.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;
use hap_schemas::Exit;

use crate::clock::now_ns;
use crate::recording::RUN_DIR_VARIABLE;
use crate::run_dir::{Mark, RunDir};

const EXAMPLES: &str = "\
Examples:
  hap-capture mark load --run run1
  hap-capture mark --run run1 --requests 7000 --errors 0";

/// Mark the beginning of a phase in a recording that runs, or tell it what the load driver counted
///
/// Phases with a meaning to the other stages: start, ready, warm, load, end.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MarkArgs {
    /// The phase that begins now
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Run directory of the recording [default: $HAP_RUN_DIR, which a recorded command has]
    #[arg(long = "run", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Requests that the workload served
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    requests: Option<i64>,
    /// Errors that it reported; more than none fail the run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    errors: Option<i64>,
    /// Call the run failed
    #[arg(long, value_name = "REASON")]
    failure: Option<String>,
}

pub(super) fn run(args: MarkArgs) -> anyhow::Result<Exit> {
    let given = args.dir.or_else(|| std::env::var_os(RUN_DIR_VARIABLE).map(PathBuf::from));
    let path = given.with_context(|| format!("which recording? Give --run DIR, or set {RUN_DIR_VARIABLE}"))?;
    let mark =
        Mark { name: args.name, ts: now_ns(), requests: args.requests, errors: args.errors, failure: args.failure };
    if mark == (Mark { ts: mark.ts, ..Mark::default() }) {
        bail!("nothing to mark: give a NAME, --requests, --errors or --failure");
    }
    let dir = RunDir::open(&path);
    ensure!(
        dir.state().exists(),
        "{}: no recording runs here: start one with hap-capture record --out {0}",
        path.display()
    );
    mark.append(&dir)?;
    Ok(Exit::Complete)
}
