//! `hap-analyze hap`: the Horizontal Attack Profile of groups of runs.

use polars::prelude::*;

use super::ending::{Ending, Notes};
use super::groups::GroupArgs;
use super::metric::MetricArg;
use super::weight::{WeightArgs, definitions};
use super::{OutputArgs, ScopeArgs};
use crate::Result;
use crate::dataset::Dataset;
use crate::groups::{Group, SetNumbers, function_sets, group_runs, memberships, named};
use crate::hap::{COLUMNS, Row, Trust, frame, rows};
use crate::measure::{Basis, Figures, measure};
use crate::metrics::Metric;
use crate::output::Report;
use crate::render;
use crate::repetitions::warnings;
use crate::runs::Run;
use crate::statistics::bootstrap::INDICATIVE_BELOW;
use crate::study::{Chosen, Study, choose, complexity_gaps, gap_notes, gaps};
use crate::weights::Weight;

const EXAMPLES: &str = "\
Examples:
  hap-analyze hap --dataset dataset-demo --where set=study --metric lines
  hap-analyze hap --dataset dataset-demo --where set=study --summary --metric lines \\
      --weight cve --bugs linux-cna-6.1
  hap-analyze hap --dataset dataset-demo --where workload=redis-bench-get \\
      --by runtime,run --metric functions --format csv";

/// Kernel code that groups of runs reached: mean over runs, interval, union and core
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HapArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    group: GroupArgs,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', default_value = "functions,lines,code_lines")]
    metric: Vec<MetricArg>,
    #[command(flatten)]
    weight: WeightArgs,
    /// Format table: one row a group, with mean and interval of every metric
    #[arg(long)]
    summary: bool,
}

impl HapArgs {
    fn metrics(&self) -> Vec<Metric> {
        let mut metrics: Vec<_> = self.metric.iter().map(|metric| metric.metric()).collect();
        metrics.sort_unstable();
        metrics.dedup();
        metrics.extend(self.weight.metrics());
        metrics
    }
}

/// Measures the groups.
pub(super) fn run(args: &HapArgs) -> Result<Report> {
    args.output.check()?;
    let (scope, metrics) = (args.scope.scope(), args.metrics());
    let dataset = Dataset::open(&scope.dataset)?;
    let all = dataset.runs()?;
    args.group.check(&all, &COLUMNS)?;
    let Chosen { runs, failed } = choose(&all, &scope, None)?;
    let study = Study::load(&dataset, &runs, &scope, metrics.iter().any(|metric| metric.needs_kernel()))?
        .with_sources(&dataset, &runs)?;
    if metrics.contains(&Metric::Complexity) {
        study.check_complexity(&dataset)?;
    }
    let weights = args.weight.weights(&dataset, &study)?;
    let groups = group_runs(&runs, &args.group.by);
    let figures = measured(&dataset, &study, (&runs, &groups), (&metrics, &weights))?;
    let rows = rows((&runs, &groups), &Trust::of(&study, &groups), &figures, &metrics);
    let gaps = group_gaps(&study, (&runs, &groups), &metrics)?;
    let ending = Ending {
        output: &args.output,
        scope: &scope,
        study: &study,
        runs: &runs,
        failed: &failed,
        gaps: &gaps,
        differences: &warnings(&named(&runs, &groups), &args.group.by),
        strict: args.scope.strict,
    };
    ending.report(frame(&rows, &args.group.by, study.blind_spot())?, || {
        let text = if args.summary { render::hap::summary } else { render::hap::blocks };
        Ok((text(&rows, &args.group.by, &metrics), explain(&rows, &metrics, &weights)))
    })
}

/// Figures of every run and of the union, core and singletons of every group, numbered by [`SetNumbers`].
pub(super) fn measured(
    dataset: &Dataset,
    study: &Study,
    (runs, groups): (&[&Run], &[Group]),
    (metrics, weights): (&[Metric], &[Weight]),
) -> Result<Figures> {
    let members = memberships(runs, groups)?;
    let sets = function_sets(study.sources.clone().lazy(), members.lazy())?.collect()?;
    let kernel_lines = study.kernel_lines(dataset)?;
    // The singletons are counted in functions whatever is asked for.
    let measured = [&[Metric::Functions], metrics].concat();
    let count = SetNumbers::new(runs.len()).count(groups.len());
    let basis = Basis { sets: &sets, count, kernel_lines: kernel_lines.as_ref(), weights };
    Ok(measure(&measured, basis)?)
}

/// What is not known of the functions of each group; nothing without a kernel table.
pub(super) fn group_gaps(
    study: &Study,
    (runs, groups): (&[&Run], &[Group]),
    metrics: &[Metric],
) -> Result<Vec<String>> {
    if study.kernel.is_none() {
        return Ok(Vec::new());
    }
    let members = groups.iter().flat_map(|group| group.runs.iter().map(|run| (runs[*run].id.as_str(), group.name())));
    let (ids, names): (Vec<_>, Vec<_>) = members.unzip();
    let members = df!("run" => ids, "group" => names)?.lazy();
    let sources = || study.sources.clone().lazy();
    let mut notes = gap_notes(&gaps(sources(), members.clone()).collect()?)?;
    if metrics.contains(&Metric::Complexity) {
        notes.extend(gap_notes(&complexity_gaps(sources(), members).collect()?)?);
    }
    Ok(notes)
}

/// What the figures mean: metrics, interval.
pub(super) fn explain(rows: &[Row], metrics: &[Metric], weights: &[Weight]) -> Notes {
    let unweighted = metrics.iter().filter(|metric| metric.is_whole());
    let mut notes: Notes = unweighted.map(|metric| (metric.name(), metric.definition().to_owned())).collect();
    notes.extend(definitions(weights));
    let few = if rows.iter().any(|row| row.runs < INDICATIVE_BELOW) {
        format!("; with fewer than {INDICATIVE_BELOW} runs it is only indicative")
    } else {
        String::new()
    };
    notes.push(("interval", format!("95 % percentile bootstrap of the mean over runs{few}")));
    notes.push(("steady", "runs whose discovery of functions gets steady (hap-analyze steady)".to_owned()));
    notes.push(("coverage", "sample coverage over runs (Chao and Jost 2012): the share of all incidences that belongs to functions found; - for one run".to_owned()));
    notes.push(("union, core", "the functions of any run, the functions of every run of a group".to_owned()));
    notes
}
