//! The Horizontal Attack Profile of groups of runs: one row per (metric, group).

use polars::prelude::*;
use rayon::prelude::*;

use crate::blind_spot::{BLIND_SPOT, BlindSpot};
use crate::completeness::incidence;
use crate::groups::{Group, SetNumbers};
use crate::measure::Figures;
use crate::metrics::Metric;
use crate::runs::{Losses, Run};
use crate::study::Study;
use hap_statistics::bootstrap::{Interval, interval_of_mean, mean, standard_deviation};
use hap_statistics::coverage::coverage;

/// A metric of a group of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The group's labels, in the order of the keys.
    pub labels: Vec<Option<String>>,
    /// What is measured; its unit is that of the figures.
    pub metric: Metric,
    /// Number of runs that have a figure: all of them, but for figures per 1,000 lines those with lines.
    pub runs: usize,
    /// Mean over these runs; none without any.
    pub mean: Option<f64>,
    /// Sample standard deviation over the runs; none for one run.
    pub stddev: Option<f64>,
    /// 95 % bootstrap interval of the mean; none for one run.
    pub interval: Option<Interval>,
    /// Metric of the functions that any run has.
    pub union: Option<f64>,
    /// Metric of the functions that every run has.
    pub core: Option<f64>,
    /// Number of functions that exactly one run has.
    pub singletons: i64,
    /// Events lost, summed over the runs.
    pub events_lost: i64,
    /// Runs that get steady.
    pub steady_runs: usize,
    /// Sample coverage over the runs, 0 to 1; none for one run.
    pub coverage: Option<f64>,
}

/// How far the runs of a group can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trust {
    /// Runs that get steady.
    pub steady_runs: usize,
    /// Sample coverage over the runs, 0 to 1; none for one run.
    pub coverage: Option<f64>,
}

impl Trust {
    /// Of each group of the study's runs.
    pub fn of(study: &Study, groups: &[Group]) -> Vec<Self> {
        let sets = study.function_sets();
        let trust = |group: &Group| {
            let runs = group.runs.iter().filter_map(|run| sets.get(*run));
            let coverage = coverage(&incidence(runs, study.functions.len()));
            Self { steady_runs: study.steady_runs(&group.runs), coverage }
        };
        groups.iter().map(trust).collect()
    }
}

/// The rows of groups, sorted by labels and then by metric in the order asked for.
///
/// `figures` are those of the sets that [`SetNumbers`] numbers; those of [`Metric::Functions`] must be there.
pub fn rows((runs, groups): (&[&Run], &[Group]), trust: &[Trust], figures: &Figures, metrics: &[Metric]) -> Vec<Row> {
    let numbers = SetNumbers::new(runs.len());
    let row = |(index, group): (usize, &Group), metric: Metric| {
        let values: Vec<_> = group.runs.iter().filter_map(|run| figures.get(metric, numbers.run(*run))).collect();
        Row {
            labels: group.labels.clone(),
            metric,
            runs: values.len(),
            mean: mean(&values),
            stddev: standard_deviation(&values),
            interval: interval_of_mean(&values),
            union: figures.get(metric, numbers.union(index)),
            core: figures.get(metric, numbers.core(index)),
            singletons: figures.get(Metric::Functions, numbers.singletons(index)).unwrap_or(0.0) as i64,
            events_lost: Losses::total(group.runs.iter().map(|run| runs[*run])).events,
            steady_runs: trust.get(index).map_or(0, |trust| trust.steady_runs),
            coverage: trust.get(index).and_then(|trust| trust.coverage),
        }
    };
    let of_group = |group: (usize, &Group)| metrics.iter().map(|metric| row(group, *metric)).collect::<Vec<_>>();
    groups.par_iter().enumerate().flat_map_iter(of_group).collect()
}

/// Columns of the result beside the labels, in order.
pub const COLUMNS: [&str; 13] = [
    "metric",
    "runs",
    "mean",
    "stddev",
    "low",
    "high",
    "union",
    "core",
    "singletons",
    "events_lost",
    BLIND_SPOT,
    "steady_runs",
    "coverage",
];

/// The rows as a frame: the labels under their keys, then [`COLUMNS`].
///
/// `union` and `core` are whole numbers unless a weighted metric is among the rows. `blind_spot` is the share, 0 to 1,
/// of the kernel's executable lines that ftrace cannot see: the same in every row, null where it is unknown.
pub fn frame(rows: &[Row], keys: &[String], blind_spot: Option<BlindSpot>) -> PolarsResult<DataFrame> {
    let mut columns: Vec<Column> = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let values: Vec<_> = rows.iter().map(|row| row.labels.get(index).and_then(Option::as_deref)).collect();
        columns.push(Column::new(key.as_str().into(), values));
    }
    let floats = |name: &str, value: &dyn Fn(&Row) -> Option<f64>| {
        Column::new(name.into(), rows.iter().map(value).collect::<Vec<_>>())
    };
    let counts = |name: &str, value: &dyn Fn(&Row) -> Option<i64>| {
        Column::new(name.into(), rows.iter().map(value).collect::<Vec<_>>())
    };
    let whole = rows.iter().all(|row| row.metric.is_whole());
    let figures = |name: &str, value: &dyn Fn(&Row) -> Option<f64>| {
        if whole { counts(name, &|row| value(row).map(|value| value as i64)) } else { floats(name, value) }
    };
    columns.push(Column::new("metric".into(), rows.iter().map(|row| row.metric.name()).collect::<Vec<_>>()));
    columns.extend([
        counts("runs", &|row| Some(row.runs as i64)),
        floats("mean", &|row| row.mean),
        floats("stddev", &|row| row.stddev),
        floats("low", &|row| row.interval.map(|interval| interval.low)),
        floats("high", &|row| row.interval.map(|interval| interval.high)),
        figures("union", &|row| row.union),
        figures("core", &|row| row.core),
        counts("singletons", &|row| Some(row.singletons)),
        counts("events_lost", &|row| Some(row.events_lost)),
        floats(BLIND_SPOT, &|_| blind_spot.map(BlindSpot::share)),
        counts("steady_runs", &|row| Some(row.steady_runs as i64)),
        floats("coverage", &|row| row.coverage),
    ]);
    DataFrame::new(rows.len(), columns)
}
