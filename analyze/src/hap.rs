//! The Horizontal Attack Profile of groups of runs: one row per (metric, group).

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::bootstrap::{Interval, interval_of_mean, mean, standard_deviation};
use crate::groups::{Group, SetNumbers};
use crate::metrics::{self, Metric};
use crate::runs::{Losses, Run};

/// A metric of a group of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The group's labels, in the order of the keys.
    pub labels: Vec<Option<String>>,
    /// What is measured; its unit is that of the figures.
    pub metric: Metric,
    /// Number of runs.
    pub runs: usize,
    /// Mean over the runs.
    pub mean: f64,
    /// Sample standard deviation over the runs; none for one run.
    pub stddev: Option<f64>,
    /// 95 % bootstrap interval of the mean; none for one run.
    pub interval: Option<Interval>,
    /// Metric of the functions that any run has.
    pub union: f64,
    /// Metric of the functions that every run has.
    pub core: f64,
    /// Number of functions that exactly one run has.
    pub singletons: i64,
    /// Events lost, summed over the runs.
    pub events_lost: i64,
}

/// Bug density, in bugs per line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density(pub f64);

/// Figures of one metric, by number of the set.
type Figures = Vec<f64>;

/// Measures the sets of functions: for each metric one figure a set, 0 for a set without functions.
///
/// `sets` is a frame of sets as in [`crate::metrics`], with `count` sets; `kernel_lines` may be missing
/// when no code lines are asked for.
pub fn measure(
    sets: &DataFrame,
    count: usize,
    kernel_lines: Option<&LazyFrame>,
    metrics: &[Metric],
    density: Density,
) -> PolarsResult<BTreeMap<Metric, Figures>> {
    let mut figures = BTreeMap::new();
    for metric in metrics {
        let sets = sets.clone().lazy();
        let values = match (metric, kernel_lines) {
            (Metric::Functions, _) => metrics::functions(sets),
            (Metric::CodeLines, Some(lines)) => metrics::code_lines(sets, lines.clone()),
            (Metric::CodeLines, None) => continue,
            (Metric::Lines | Metric::Weighted, _) => metrics::lines(sets),
        };
        let scale = if *metric == Metric::Weighted { density.0 } else { 1.0 };
        figures.insert(*metric, by_set(&values.collect()?, count, scale)?);
    }
    Ok(figures)
}

fn by_set(values: &DataFrame, count: usize, scale: f64) -> PolarsResult<Figures> {
    let mut figures = vec![0.0; count];
    for (set, value) in values.column("set")?.u32()?.iter().zip(values.column("value")?.i64()?.iter()) {
        let figure = set.and_then(|set| figures.get_mut(set as usize));
        if let (Some(figure), Some(value)) = (figure, value) {
            *figure = value as f64 * scale;
        }
    }
    Ok(figures)
}

/// The rows of groups, sorted by labels and then by metric in the order asked for.
///
/// `figures` are those of the sets that [`SetNumbers`] numbers; those of [`Metric::Functions`] must be there.
pub fn rows(runs: &[&Run], groups: &[Group], figures: &BTreeMap<Metric, Figures>, metrics: &[Metric]) -> Vec<Row> {
    let numbers = SetNumbers::new(runs.len());
    let figure = |metric: Metric, set: usize| figures.get(&metric).and_then(|all| all.get(set)).copied().unwrap_or(0.0);
    let row = |(index, group): (usize, &Group), metric: Metric| {
        let values: Vec<_> = group.runs.iter().map(|run| figure(metric, numbers.run(*run))).collect();
        Row {
            labels: group.labels.clone(),
            metric,
            runs: values.len(),
            mean: mean(&values).unwrap_or(0.0),
            stddev: standard_deviation(&values),
            interval: interval_of_mean(&values),
            union: figure(metric, numbers.union(index)),
            core: figure(metric, numbers.core(index)),
            singletons: figure(Metric::Functions, numbers.singletons(index)) as i64,
            events_lost: Losses::total(group.runs.iter().map(|run| runs[*run])).events,
        }
    };
    groups.iter().enumerate().flat_map(|group| metrics.iter().map(move |metric| row(group, *metric))).collect()
}

/// Columns of the result beside the labels, in order.
pub const COLUMNS: [&str; 10] =
    ["metric", "runs", "mean", "stddev", "low", "high", "union", "core", "singletons", "events_lost"];

/// The rows as a frame: the labels under their keys, then [`COLUMNS`].
///
/// `union` and `core` are whole numbers unless a weighted metric is among the rows.
pub fn frame(rows: &[Row], keys: &[String]) -> PolarsResult<DataFrame> {
    let mut columns: Vec<Column> = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let values: Vec<_> = rows.iter().map(|row| row.labels.get(index).and_then(Option::as_deref)).collect();
        columns.push(Column::new(key.as_str().into(), values));
    }
    let floats = |name: &str, value: &dyn Fn(&Row) -> Option<f64>| {
        Column::new(name.into(), rows.iter().map(value).collect::<Vec<_>>())
    };
    let counts =
        |name: &str, value: &dyn Fn(&Row) -> i64| Column::new(name.into(), rows.iter().map(value).collect::<Vec<_>>());
    let weighted = rows.iter().any(|row| row.metric == Metric::Weighted);
    let figures = |name: &str, value: &dyn Fn(&Row) -> f64| {
        if weighted { floats(name, &|row| Some(value(row))) } else { counts(name, &|row| value(row) as i64) }
    };
    columns.push(Column::new("metric".into(), rows.iter().map(|row| row.metric.name()).collect::<Vec<_>>()));
    columns.extend([
        counts("runs", &|row| row.runs as i64),
        floats("mean", &|row| Some(row.mean)),
        floats("stddev", &|row| row.stddev),
        floats("low", &|row| row.interval.map(|interval| interval.low)),
        floats("high", &|row| row.interval.map(|interval| interval.high)),
        figures("union", &|row| row.union),
        figures("core", &|row| row.core),
        counts("singletons", &|row| row.singletons),
        counts("events_lost", &|row| row.events_lost),
    ]);
    DataFrame::new(rows.len(), columns)
}
