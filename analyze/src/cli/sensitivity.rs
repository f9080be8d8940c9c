//! `hap-analyze sensitivity`: how far the figures and their order depend on choices.

use hap_schemas::Selector;

use super::ending::Notes;
use super::groups::{Grouped, Needs};
use super::metric::MetricArg;
use super::{OutputArgs, ScopeArgs};
use crate::Result;
use crate::groups::Group;
use crate::hap::Trust;
use crate::output::Report;
use crate::progress::Progress;
use crate::render;
use crate::runs::check_key;
use crate::sensitivity::{Analysis, Compared, Grid, Question, frame};
use crate::study::Study;
use hap_statistics::bootstrap::INDICATIVE_BELOW;
use hap_statistics::order::RESAMPLES;

const EXAMPLE: &str = "\
Example:
  hap-analyze sensitivity --dataset dataset-demo --where set=study";

/// Which orderings of the runtimes survive other contexts, roles, phases, metrics, densities, filters and losses
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct SensitivityArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Label whose values are put in order
    #[arg(long, value_name = "KEY", default_value = "runtime")]
    compare: String,
    /// Label within whose values they are compared
    #[arg(long, value_name = "KEY", default_value = "workload")]
    within: String,
    /// Metric of the default choice
    #[arg(long, value_enum, default_value = "lines")]
    metric: MetricArg,
    /// Idle runs: their functions are subtracted in one choice; they are not compared
    #[arg(long, value_name = "SELECTOR", default_value = "workload=idle")]
    idle: Selector,
    /// Bug table of the densities: SOURCE of DATASET/bugs/source=SOURCE [default: the first one of this kernel]
    #[arg(long, value_name = "SOURCE")]
    bugs: Option<String>,
}

/// Changes one choice after the other.
pub(super) fn run(args: &SensitivityArgs, progress: &Progress) -> Result<Report> {
    args.output.check()?;
    let keys = [args.compare.clone(), args.within.clone()];
    let opened = args.scope.open(keys.iter().chain(args.idle.keys()), progress)?;
    for key in &keys {
        check_key(&opened.all.iter().collect::<Vec<_>>(), key)?;
    }
    let kernel = args.metric.metric().needs_kernel();
    let grouped = Grouped::load(&opened, Needs { keys: &keys, kernel, ..Needs::default() })?;
    let question = Question {
        compare: &args.compare,
        within: &args.within,
        metric: args.metric.metric(),
        idle: &args.idle,
        bugs: args.bugs.as_deref(),
    };
    let reached = (&opened.dataset, &grouped.study, grouped.runs.as_slice());
    let Analysis { grid, compared, choices, outcomes } = Analysis::of(&question, reached, &opened.scope, progress)?;
    let trust = trust(&grouped.study, &compared);
    let ending = grouped.ending(&opened, &args.output);
    ending.report(frame(&choices, &compared, &trust, &outcomes)?, || {
        Ok((render::sensitivity::blocks(&choices, &compared, &trust, &outcomes), explain(&grid, &compared)))
    })
}

/// Steadiness and coverage of the runs of each block and thing; over all blocks the runs of all, and the least coverage.
fn trust(study: &Study, compared: &Compared) -> Vec<Vec<Trust>> {
    let group = |runs: &Vec<usize>| Group { labels: Vec::new(), runs: runs.clone() };
    let groups: Vec<Group> = compared.runs.iter().flatten().map(group).collect();
    let found = Trust::of(study, &groups);
    let mut blocks: Vec<Vec<Trust>> = found.chunks(compared.things.len().max(1)).map(<[Trust]>::to_vec).collect();
    if blocks.len() < compared.blocks.len() {
        let over_all = |thing: usize| {
            let cells: Vec<Trust> =
                compared.shared.iter().filter_map(|block| blocks.get(*block)?.get(thing).copied()).collect();
            let coverages = cells.iter().filter_map(|cell| cell.coverage);
            let steady_runs = cells.iter().map(|cell| cell.steady_runs).sum();
            Trust { steady_runs, coverage: coverages.min_by(f64::total_cmp) }
        };
        let all = (0..compared.things.len()).map(over_all).collect();
        blocks.push(all);
    }
    blocks
}

fn explain(grid: &Grid, compared: &Compared) -> Notes {
    let mut notes = vec![
        (
            "figures",
            format!(
                "mean over runs of {}; block all: mean over the blocks that everything compared has",
                grid.metric.name()
            ),
        ),
        ("tau", "Kendall's tau-b of the order against that of the default".to_owned()),
        ("kept", "orderings of two that are those of the default".to_owned()),
        (
            "P(A < B)",
            format!(
                "share of {RESAMPLES} bootstrap resamples of the runs of both in which A's mean is the smaller one, ties by half"
            ),
        ),
        ("window", "steady state judged with windows merged by 2 and by 4".to_owned()),
        (
            "published scripts",
            "thread ids as substrings, interrupts by five names, functions by name (docs/method.md)".to_owned(),
        ),
        ("event loss", "each event lost by itself, with a fixed seed; a real overrun loses runs of them".to_owned()),
    ];
    if !grid.has_idle {
        let of =
            if grid.lacks_idle.is_empty() { "here".to_owned() } else { format!("of {}", grid.lacks_idle.join(", ")) };
        notes.push(("idle functions", format!("no idle run {of}: not subtracted in any choice")));
    }
    if grid.models.is_empty() {
        notes.push((
            "density",
            "no bug table of this kernel: the uniform density alone, which orders as lines do".to_owned(),
        ));
    }
    let few = compared.runs.iter().flatten().filter(|runs| !runs.is_empty() && runs.len() < INDICATIVE_BELOW).count();
    let all = compared.runs.iter().flatten().filter(|runs| !runs.is_empty()).count();
    if few > 0 {
        notes.push(("too few runs", format!("{few} of {all} groups have fewer than {INDICATIVE_BELOW} runs: resamples of so few vary too little, and P(A < B) of 0 or 1 is no certainty")));
    }
    notes
}
