//! `hap-analyze sensitivity`: how far the figures and their order depend on choices.

use hap_schemas::Selector;
use rayon::prelude::*;

use super::ending::{Ending, Notes};
use super::metric::MetricArg;
use super::{OutputArgs, ScopeArgs};
use crate::dataset::Dataset;
use crate::density::{Density, choose_source};
use crate::groups::{Group, group_runs, named};
use crate::hap::Trust;
use crate::metrics::Metric;
use crate::model::Model;
use crate::output::Report;
use crate::render;
use crate::repetitions::warnings;
use crate::runs::{Run, check_key, select};
use crate::sensitivity::{Choice, Compared, Grid, Measures, compare, figures, frame, outcomes};
use crate::statistics::bootstrap::INDICATIVE_BELOW;
use crate::statistics::order::RESAMPLES;
use crate::study::{Chosen, Study, choose};
use crate::weights::Weight;
use crate::{Error, Result};

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
pub(super) fn run(args: &SensitivityArgs) -> Result<Report> {
    args.output.check()?;
    let scope = args.scope.scope();
    let dataset = Dataset::open(&scope.dataset)?;
    let all = dataset.runs()?;
    let Chosen { runs, failed } = choose(&all, &scope, None)?;
    for key in [&args.compare, &args.within] {
        check_key(&all.iter().collect::<Vec<_>>(), key)?;
    }
    let study = Study::load(&dataset, &runs, &scope, args.metric.metric().needs_kernel())?;
    let idle = idle_runs(args, &runs);
    let positions: Vec<usize> = (0..runs.len()).filter(|position| !idle.contains(position)).collect();
    let compared = compare(&runs, &positions, &args.compare, &args.within);
    let weights = densities(args, &dataset, &study)?;
    let grid = grid(args, &study, &weights, &idle);
    let choices = grid.choices(&scope);
    let measures = Measures::new(&study.reach, &study.functions, study.kernel_lines(&dataset)?, &weights)?;
    let idle_of = idle_of_each(args, &runs, &idle);
    let figure = |choice: &Choice| figures(&study.reach, &study.functions, &measures, choice, &idle_of);
    let figures: Vec<Vec<f64>> = choices.par_iter().map(figure).collect();
    let outcomes = outcomes(&compared, &figures);
    let keys = [args.compare.clone(), args.within.clone()];
    let ending = Ending {
        output: &args.output,
        scope: &scope,
        study: &study,
        runs: &runs,
        failed: &failed,
        gaps: &[],
        differences: &warnings(&named(&runs, &group_runs(&runs, &keys)), &keys),
        strict: args.scope.strict,
    };
    let trust = trust(&study, &compared);
    ending.report(frame(&choices, &compared, &trust, &outcomes)?, || {
        Ok((render::sensitivity::blocks(&choices, &compared, &trust, &outcomes), explain(&grid, &compared)))
    })
}

/// Positions of the idle runs; none where no run has the labels.
fn idle_runs(args: &SensitivityArgs, runs: &[&Run]) -> Vec<usize> {
    let idle: Vec<&str> = select(runs, &[&args.idle]).unwrap_or_default().iter().map(|run| run.id.as_str()).collect();
    (0..runs.len()).filter(|position| runs.get(*position).is_some_and(|run| idle.contains(&run.id.as_str()))).collect()
}

/// For each run the idle runs of its kind.
fn idle_of_each(args: &SensitivityArgs, runs: &[&Run], idle: &[usize]) -> Vec<Vec<usize>> {
    let kind = |position: usize| runs.get(position).and_then(|run| run.value(&args.compare));
    let of = |position: usize| idle.iter().copied().filter(|other| kind(*other) == kind(position)).collect();
    (0..runs.len()).map(of).collect()
}

/// The densities of the bug table of this kernel; none where there is no such table.
fn densities(args: &SensitivityArgs, dataset: &Dataset, study: &Study) -> Result<Vec<Weight>> {
    let Some(kernel) = &study.kernel else { return Ok(Vec::new()) };
    let sources = dataset.bug_sources()?;
    let asked = args.bugs.as_deref().or(sources.first().map(String::as_str));
    let Some(asked) = asked else { return Ok(Vec::new()) };
    let source = choose_source(dataset, Some(asked), Model::Cve)?;
    let mut weights = Vec::new();
    for model in [Model::Cve, Model::Epss, Model::Exploited] {
        match Density::of_table(dataset, &source, model, kernel) {
            Ok(density) => weights.push(Weight::new(&study.functions.frame, &density)?),
            // A table without this model, or of another kernel, is no choice; one that was asked for is an error.
            Err(Error::NoDensity { .. }) => {}
            Err(Error::DensityOfOtherKernel { .. }) if args.bugs.is_none() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(weights)
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

fn grid(args: &SensitivityArgs, study: &Study, weights: &[Weight], idle: &[usize]) -> Grid {
    let knows = |values: &[Option<i64>]| values.iter().any(Option::is_some);
    let mut metrics = vec![Metric::Functions];
    if study.kernel.is_some() {
        metrics.extend([Metric::Lines, Metric::CodeLines]);
        metrics.extend(knows(&study.functions.complexity).then_some(Metric::Complexity));
    }
    Grid {
        metric: args.metric.metric(),
        metrics,
        models: weights.iter().map(|weight| weight.model).collect(),
        has_idle: !idle.is_empty(),
        has_load: study.reach.runs.iter().any(|run| run.windows.load.is_some()),
    }
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
        notes.push(("idle functions", "no idle run here: not subtracted in any choice".to_owned()));
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
