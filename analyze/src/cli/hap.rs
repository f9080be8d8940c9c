//! `hap-analyze hap`: the Horizontal Attack Profile of groups of runs.

use clap::ValueEnum;
use polars::prelude::*;

use super::ending::{Ending, Notes};
use super::weight::{WeightArgs, definitions};
use super::{OutputArgs, ScopeArgs};
use crate::bootstrap::INDICATIVE_BELOW;
use crate::dataset::Dataset;
use crate::groups::{Group, SetNumbers, function_sets, group_runs, memberships};
use crate::hap::{COLUMNS, Row, frame, rows};
use crate::measure::{Basis, measure};
use crate::metrics::Metric;
use crate::output::Report;
use crate::render;
use crate::runs::{Run, check_key};
use crate::study::{Chosen, Study, choose, complexity_gaps, gap_notes, gaps};
use crate::weights::Weight;
use crate::{Error, Result};

/// Kernel code that groups of runs reached: mean over runs, interval, union and core
#[derive(Debug, clap::Args)]
pub(super) struct HapArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Labels that make the groups: columns of table runs, or free labels
    #[arg(long, value_name = "KEYS", value_delimiter = ',', default_value = "runtime,workload")]
    by: Vec<String>,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', default_value = "functions,lines,code_lines")]
    metric: Vec<MetricArg>,
    #[command(flatten)]
    weight: WeightArgs,
    /// Format table: one row a group, with mean and interval of every metric
    #[arg(long)]
    summary: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MetricArg {
    /// Source functions, clones merged
    Functions,
    /// Sum of source extents
    Lines,
    /// Distinct executable lines, own and inlined
    #[value(name = "code_lines")]
    CodeLines,
    /// Sum of McCabe numbers
    Complexity,
}

impl HapArgs {
    fn metrics(&self) -> Vec<Metric> {
        let mut metrics: Vec<_> = self.metric.iter().map(|metric| metric.metric()).collect();
        metrics.sort_unstable();
        metrics.dedup();
        metrics.extend(self.weight.metrics());
        metrics
    }

    /// Checks that every key can name a column of the result.
    fn check_keys(&self, runs: &[Run]) -> Result<()> {
        let runs: Vec<_> = runs.iter().collect();
        for (index, key) in self.by.iter().enumerate() {
            check_key(&runs, key)?;
            if COLUMNS.contains(&key.as_str()) || self.by.iter().take(index).any(|other| other == key) {
                return Err(Error::ReservedKey { key: key.clone() });
            }
        }
        Ok(())
    }
}

impl MetricArg {
    fn metric(self) -> Metric {
        match self {
            Self::Functions => Metric::Functions,
            Self::Lines => Metric::Lines,
            Self::CodeLines => Metric::CodeLines,
            Self::Complexity => Metric::Complexity,
        }
    }
}

/// Measures the groups.
pub(super) fn run(args: &HapArgs) -> Result<Report> {
    args.output.check()?;
    let (scope, metrics) = (args.scope.scope()?, args.metrics());
    let dataset = Dataset::open(&scope.dataset)?;
    let all = dataset.runs()?;
    args.check_keys(&all)?;
    let Chosen { runs, failed } = choose(&all, &scope, None)?;
    let study = Study::load(&dataset, &runs, &scope, metrics.iter().any(|metric| metric.needs_kernel()))?;
    if metrics.contains(&Metric::Complexity) {
        study.check_complexity(&dataset)?;
    }
    let weights = args.weight.weights(&dataset, &study)?;
    let groups = group_runs(&runs, &args.by);
    let rows = figures(&dataset, &study, (&runs, &groups), (&metrics, &weights))?;
    let gaps = group_gaps(&study, (&runs, &groups), &metrics)?;
    let ending = Ending {
        output: &args.output,
        scope: &scope,
        study: &study,
        runs: &runs,
        failed: &failed,
        gaps: &gaps,
        strict: args.scope.strict,
    };
    ending.report(frame(&rows, &args.by, study.blind_spot())?, || {
        let text = if args.summary { render::hap::summary } else { render::hap::blocks };
        Ok((text(&rows, &args.by, &metrics), explain(&rows, &metrics, &weights)))
    })
}

fn figures(
    dataset: &Dataset,
    study: &Study,
    (runs, groups): (&[&Run], &[Group]),
    (metrics, weights): (&[Metric], &[Weight]),
) -> Result<Vec<Row>> {
    let members = memberships(runs, groups)?;
    let sets = function_sets(study.sources.clone().lazy(), members.lazy())?.collect()?;
    let kernel_lines = study.kernel_lines(dataset)?;
    // The singletons are counted in functions whatever is asked for.
    let measured = [&[Metric::Functions], metrics].concat();
    let count = SetNumbers::new(runs.len()).count(groups.len());
    let basis = Basis { sets: &sets, count, kernel_lines: kernel_lines.as_ref(), weights };
    Ok(rows(runs, groups, &measure(&measured, basis)?, metrics))
}

/// What is not known of the functions of each group; nothing without a kernel table.
fn group_gaps(study: &Study, (runs, groups): (&[&Run], &[Group]), metrics: &[Metric]) -> Result<Vec<String>> {
    if study.kernel.is_none() {
        return Ok(Vec::new());
    }
    let members = groups.iter().flat_map(|group| group.runs.iter().map(|run| (runs[*run].id.as_str(), name(group))));
    let (ids, names): (Vec<_>, Vec<_>) = members.unzip();
    let members = df!("run" => ids, "group" => names)?.lazy();
    let sources = || study.sources.clone().lazy();
    let mut notes = gap_notes(&gaps(sources(), members.clone()).collect()?)?;
    if metrics.contains(&Metric::Complexity) {
        notes.extend(gap_notes(&complexity_gaps(sources(), members).collect()?)?);
    }
    Ok(notes)
}

/// A group in running text: its labels.
fn name(group: &Group) -> String {
    let labels = group.labels.iter().map(|label| label.as_deref().unwrap_or("-"));
    labels.collect::<Vec<_>>().join("/")
}

/// What the figures mean: metrics, interval.
fn explain(rows: &[Row], metrics: &[Metric], weights: &[Weight]) -> Notes {
    let unweighted = metrics.iter().filter(|metric| metric.is_whole());
    let mut notes: Notes = unweighted.map(|metric| (metric.name(), metric.definition().to_owned())).collect();
    notes.extend(definitions(weights));
    let few = if rows.iter().any(|row| row.runs < INDICATIVE_BELOW) {
        format!("; with fewer than {INDICATIVE_BELOW} runs it is only indicative")
    } else {
        String::new()
    };
    notes.push(("interval", format!("95 % percentile bootstrap of the mean over runs{few}")));
    notes.push(("union, core", "the functions of any run, the functions of every run of a group".to_owned()));
    notes
}
