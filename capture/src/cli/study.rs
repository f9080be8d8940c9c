//! `hap-capture study`.

use std::path::PathBuf;

use clap::Args;
use hap_schemas::Exit;

use super::{Format, note};
use crate::host::Host;
use crate::recording::StopFlag;
use crate::study::{Conclusion, Outcome, Plan, StudyOptions, dry_run, run_study, table};

const EXAMPLES: &str = "\
Examples:
  hap-capture study plan.toml --out study --dry-run
  hap-capture study plan.toml --out study";

/// Record runtimes x workloads x repetitions by a plan
///
/// The runs are made in random order; the seed and the order stand in study.json. A study that was stopped or cut short
/// goes on where it was when it is started again. A pair that this host cannot run is skipped with its reason.
///
/// Exit code: 0 all runs are there, 1 some are not, 2 none is, or the plan cannot be used.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StudyArgs {
    /// The plan, see README.md of hap-capture
    #[arg(value_name = "PLAN.toml")]
    plan: PathBuf,
    /// Folder of the runs: OUT/RUNTIME/WORKLOAD/REPETITION
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seed of the order [default: that of the study in DIR, of the plan, or a new one]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print all commands and carry nothing out
    #[arg(long)]
    dry_run: bool,
    /// Folder for what the commands must remember during a run
    #[arg(long, value_name = "DIR", default_value = "/run/hap-study")]
    state: PathBuf,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(args: StudyArgs) -> anyhow::Result<Exit> {
    let plan = Plan::read(&args.plan)?;
    let options = StudyOptions { out: args.out, state: args.state, seed: args.seed };
    if args.dry_run {
        super::print(dry_run(&plan, &options)?.as_bytes())?;
        return Ok(Exit::Complete);
    }
    let stop = StopFlag::install()?;
    let conclusion = run_study(&Host::default(), &plan, &options, &stop, &|line| note(line))?;
    args.format.print(&conclusion.outcomes, table)?;
    if conclusion.is_stopped {
        note("stopped; the same command goes on with the study");
    }
    Ok(exit(&conclusion))
}

fn exit(conclusion: &Conclusion) -> Exit {
    let is_there = |outcome: &Outcome| matches!(outcome, Outcome::Done | Outcome::Resumed);
    let there = conclusion.outcomes.iter().filter(|pair| is_there(&pair.outcome)).count();
    match there {
        0 => Exit::Failed,
        _ if there == conclusion.outcomes.len() && !conclusion.is_stopped => Exit::Complete,
        _ => Exit::Incomplete,
    }
}
