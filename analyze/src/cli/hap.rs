//! `hap-analyze hap`: the Horizontal Attack Profile of groups of runs.

use clap::ValueEnum;
use polars::prelude::*;

use super::{OutputArgs, ScopeArgs, footer_notes, notes};
use crate::bootstrap::INDICATIVE_BELOW;
use crate::dataset::Dataset;
use crate::groups::{Group, SetNumbers, function_sets, group_runs, memberships};
use crate::hap::{COLUMNS, Density, Row, frame, measure, rows};
use crate::metrics::Metric;
use crate::output::Report;
use crate::render::{self, footer};
use crate::runs::{Run, check_key};
use crate::study::{Chosen, Study, choose, gap_notes, gaps};
use crate::{Error, Result, status};

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
    /// Also weight lines by bug density
    #[arg(long, value_enum)]
    weight: Option<Weight>,
    /// Bugs per 1,000 lines, for --weight uniform
    #[arg(long, value_name = "BUGS", default_value_t = 0.33)]
    density: f64,
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Weight {
    /// The same density everywhere
    Uniform,
    /// By CVE records of a file
    Cve,
    /// By exploit-prediction scores
    Epss,
    /// By exploited bugs
    Exploited,
}

impl HapArgs {
    fn metrics(&self) -> Result<Vec<Metric>> {
        let mut metrics: Vec<_> = self.metric.iter().map(|metric| metric.metric()).collect();
        metrics.sort_unstable();
        metrics.dedup();
        match self.weight {
            None => {}
            Some(Weight::Uniform) => metrics.push(Metric::Weighted),
            Some(_) => {
                return Err(Error::NotAvailable {
                    what: "this weight",
                    why: "the dataset has no bug tables yet; use --weight uniform",
                });
            }
        }
        Ok(metrics)
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
        }
    }
}

/// Measures the groups.
pub(super) fn run(args: &HapArgs) -> Result<Report> {
    args.output.check()?;
    let (scope, metrics) = (args.scope.scope()?, args.metrics()?);
    let dataset = Dataset::open(&scope.dataset)?;
    let all = dataset.runs()?;
    args.check_keys(&all)?;
    let Chosen { runs, failed } = choose(&all, &scope, None)?;
    let study = Study::load(&dataset, &runs, &scope, metrics.iter().any(|metric| metric.needs_kernel()))?;
    let groups = group_runs(&runs, &args.by);
    let rows = figures(args, &dataset, &study, (&runs, &groups), &metrics)?;
    let gaps = if study.kernel.is_some() { group_gaps(&study, &runs, &groups)? } else { Vec::new() };
    let body = args.output.body(&mut frame(&rows, &args.by)?, || {
        let under = [definitions(args, &rows, &metrics), footer_notes(&study, &scope, &runs, &failed, &gaps)].concat();
        Ok(format!("{}\n{}", render::hap::blocks(&rows, &args.by, &metrics), footer(&under)))
    })?;
    Ok(Report {
        body,
        out: args.output.out.clone(),
        notes: notes(&study, &scope, &runs, &failed, &gaps, args.output.format)?,
        exit: status::exit(&runs, args.scope.strict),
    })
}

fn figures(
    args: &HapArgs,
    dataset: &Dataset,
    study: &Study,
    (runs, groups): (&[&Run], &[Group]),
    metrics: &[Metric],
) -> Result<Vec<Row>> {
    let members = memberships(runs, groups)?;
    let sets = function_sets(study.sources.clone().lazy(), members.lazy())?.collect()?;
    let kernel_lines = study.kernel.as_ref().map(|kernel| dataset.kernel_lines(kernel)).transpose()?;
    // The singletons are counted in functions whatever is asked for.
    let measured = [&[Metric::Functions], metrics].concat();
    let count = SetNumbers::new(runs.len()).count(groups.len());
    let figures = measure(&sets, count, kernel_lines.as_ref(), &measured, Density(args.density / 1000.0))?;
    Ok(rows(runs, groups, &figures, metrics))
}

fn group_gaps(study: &Study, runs: &[&Run], groups: &[Group]) -> Result<Vec<String>> {
    let members = groups.iter().flat_map(|group| group.runs.iter().map(|run| (runs[*run].id.as_str(), name(group))));
    let (ids, names): (Vec<_>, Vec<_>) = members.unzip();
    let members = df!("run" => ids, "group" => names)?;
    Ok(gap_notes(&gaps(study.sources.clone().lazy(), members.lazy()).collect()?)?)
}

/// A group in running text: its labels.
fn name(group: &Group) -> String {
    let labels = group.labels.iter().map(|label| label.as_deref().unwrap_or("-"));
    labels.collect::<Vec<_>>().join("/")
}

/// What the figures mean: metrics, interval.
fn definitions(args: &HapArgs, rows: &[Row], metrics: &[Metric]) -> Vec<(&'static str, String)> {
    let define = |metric: &Metric| match metric {
        Metric::Weighted => (metric.name(), format!("{}, {} per 1,000 lines", metric.definition(), args.density)),
        _ => (metric.name(), metric.definition().to_owned()),
    };
    let mut notes: Vec<_> = metrics.iter().map(define).collect();
    let few = if rows.iter().any(|row| row.runs < INDICATIVE_BELOW) {
        format!("; with fewer than {INDICATIVE_BELOW} runs it is only indicative")
    } else {
        String::new()
    };
    notes.push(("interval", format!("95 % percentile bootstrap of the mean over runs{few}")));
    notes.push(("union, core", "the functions of any run, the functions of every run of a group".to_owned()));
    notes
}
