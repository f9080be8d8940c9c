//! `hap-analyze hap`: the Horizontal Attack Profile of groups of runs.

use super::ending::{Ending, Notes};
use super::groups::{GroupArgs, Grouped, Needs};
use super::metric::MetricArg;
use super::weight::{WeightArgs, definitions};
use super::{OutputArgs, ScopeArgs};
use crate::Result;
use crate::dataset::Dataset;
use crate::groups::{Group, symbol_sets};
use crate::hap::{COLUMNS, Row, Trust, frame, rows};
use crate::measure::Figures;
use crate::measures::{Identity, Measures};
use crate::metrics::Metric;
use crate::output::Report;
use crate::progress::Progress;
use crate::render;
use crate::study::{Study, gap_notes};
use crate::weights::Weight;
use hap_statistics::bootstrap::INDICATIVE_BELOW;

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
pub(super) fn run(args: &HapArgs, progress: &Progress) -> Result<Report> {
    args.output.check()?;
    let metrics = args.metrics();
    let opened = args.scope.open(&args.group.by, progress)?;
    args.group.check(&opened.all, &COLUMNS)?;
    let kernel = metrics.iter().any(|metric| metric.needs_kernel());
    let grouped = Grouped::load(&opened, Needs { keys: &args.group.by, kernel, ..Needs::default() })?;
    let Grouped { runs, groups, study, .. } = &grouped;
    if metrics.contains(&Metric::Complexity) {
        study.check_complexity(&opened.dataset)?;
    }
    let weights = args.weight.weights(&opened.dataset, study)?;
    let figures = measured(&opened.dataset, study, groups, (&metrics, &weights))?;
    let rows = rows((runs, groups), &Trust::of(study, groups), &figures, &metrics);
    let gaps = group_gaps(study, groups, &metrics);
    let ending = Ending { gaps: &gaps, ..grouped.ending(&opened, &args.output) };
    ending.report(frame(&rows, &args.group.by, study.blind_spot())?, || {
        let text = if args.summary { render::hap::summary } else { render::hap::blocks };
        Ok((text(&rows, &args.group.by, &metrics), explain(&rows, &metrics, &weights)))
    })
}

/// Figures of every run and of the union, core and singletons of every group, numbered by [`crate::groups::SetNumbers`].
pub(super) fn measured(
    dataset: &Dataset,
    study: &Study,
    groups: &[Group],
    (metrics, weights): (&[Metric], &[Weight]),
) -> Result<Figures> {
    let needs_lines = metrics.contains(&Metric::CodeLines);
    let kernel_lines = if needs_lines { study.kernel_lines(dataset)? } else { None };
    let measures = Measures::new(&study.reach, &study.functions, kernel_lines, weights)?;
    let sets = symbol_sets(study.symbols_of_runs(), groups, &study.functions);
    // The singletons are counted in functions whatever is asked for.
    let asked = [&[Metric::Functions], metrics].concat();
    let symbols = |set: usize| sets.get(set).map_or(&[][..], Vec::as_slice);
    let figure = |metric, set| measures.figure(symbols(set), &study.functions, (metric, Identity::Address));
    Ok(Figures::of(&asked, sets.len(), figure))
}

/// What is not known of the functions of each group; nothing without a kernel table.
pub(super) fn group_gaps(study: &Study, groups: &[Group], metrics: &[Metric]) -> Vec<String> {
    if study.kernel.is_none() {
        return Vec::new();
    }
    let gaps = study.gaps(groups.iter().map(|group| (group.name(), group.runs.clone())));
    gap_notes(&gaps, metrics.contains(&Metric::Complexity))
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
