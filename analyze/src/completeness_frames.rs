//! Completeness as frames.

use polars::prelude::*;

use crate::completeness::{Completeness, Further, Singleton, is_stable};
use crate::reach::MERGES;
use crate::subsystem::subsystem;

/// Columns beside the labels of a group.
pub const COLUMNS: [&str; 28] = [
    "unit",
    "run",
    "merged",
    "runs",
    "units",
    "seen",
    "q1",
    "q2",
    "chao2",
    "low",
    "high",
    "coverage",
    "coverage_low",
    "coverage_high",
    "more_for_95",
    "more_for_95_low",
    "more_for_95_high",
    "more_for_99",
    "more_for_99_low",
    "more_for_99_high",
    "steady_runs",
    "passing",
    "events_lost",
    "stable",
    "module",
    "function",
    "subsystem",
    "file",
];

/// A group with its runs as units.
#[derive(Clone, Debug)]
pub struct GroupRow {
    /// The group's labels.
    pub labels: Vec<Option<String>>,
    /// What its runs tell.
    pub completeness: Completeness,
    /// Runs that get steady.
    pub steady_runs: usize,
    /// Functions of exactly one run whose calls all fall into one window.
    pub passing: usize,
    /// Events lost, summed over the runs.
    pub events_lost: i64,
}

/// A run with its windows as units.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// The labels of its group.
    pub labels: Vec<Option<String>>,
    /// The run.
    pub run: String,
    /// Whether it gets steady.
    pub steady: bool,
    /// What its windows tell, merged by each of [`MERGES`].
    pub merges: [Completeness; MERGES.len()],
}

/// A function that exactly one run has.
#[derive(Clone, Debug)]
pub struct SingletonRow {
    /// The labels of its group.
    pub labels: Vec<Option<String>>,
    /// The run.
    pub run: String,
    /// The function.
    pub singleton: Singleton,
}

/// One row a group: the labels, unit (`runs`), runs, units, seen, q1, q2, chao2, low, high, coverage, coverage_low,
/// coverage_high, more_for_95, more_for_99 each with `_low` and `_high`, steady_runs, passing, events_lost.
///
/// A number of further runs is null where the extrapolation never gets there.
pub fn of_groups(rows: &[GroupRow], keys: &[String]) -> PolarsResult<DataFrame> {
    let mut columns = labels(keys, rows.iter().map(|row| row.labels.as_slice()));
    columns.push(Column::new("unit".into(), vec!["runs"; rows.len()]));
    let runs: Vec<i64> = rows.iter().map(|row| row.completeness.incidence.units() as i64).collect();
    columns.push(Column::new("runs".into(), runs));
    columns.extend(estimates(&rows.iter().map(|row| &row.completeness).collect::<Vec<_>>()));
    let counts = |name: &str, value: &dyn Fn(&GroupRow) -> i64| {
        Column::new(name.into(), rows.iter().map(value).collect::<Vec<_>>())
    };
    columns.push(counts("steady_runs", &|row| row.steady_runs as i64));
    columns.push(counts("passing", &|row| row.passing as i64));
    columns.push(counts("events_lost", &|row| row.events_lost));
    DataFrame::new(rows.len(), columns)
}

/// Three rows a run: the labels, unit (`windows`), run, merged (1, 2, 4), runs (1), the same estimates with its windows as
/// units, steady_runs (0 or 1) and stable, the same in all three.
pub fn of_runs(rows: &[RunRow], keys: &[String]) -> PolarsResult<DataFrame> {
    let merges: Vec<(&RunRow, usize, &Completeness)> = rows
        .iter()
        .flat_map(|row| MERGES.iter().zip(&row.merges).map(move |(merge, found)| (row, *merge, found)))
        .collect();
    let mut columns = labels(keys, merges.iter().map(|(row, ..)| row.labels.as_slice()));
    columns.push(Column::new("unit".into(), vec!["windows"; merges.len()]));
    let ids: Vec<&str> = merges.iter().map(|(row, ..)| row.run.as_str()).collect();
    columns.push(Column::new("run".into(), ids));
    let factors: Vec<i64> = merges.iter().map(|(_, merge, _)| *merge as i64).collect();
    columns.push(Column::new("merged".into(), factors));
    columns.push(Column::new("runs".into(), vec![1_i64; merges.len()]));
    columns.extend(estimates(&merges.iter().map(|(.., found)| *found).collect::<Vec<_>>()));
    let steady: Vec<i64> = merges.iter().map(|(row, ..)| i64::from(row.steady)).collect();
    columns.push(Column::new("steady_runs".into(), steady));
    let stable: Vec<Option<bool>> = merges.iter().map(|(row, ..)| is_stable(&row.merges)).collect();
    columns.push(Column::new("stable".into(), stable));
    DataFrame::new(merges.len(), columns)
}

/// One row a function of exactly one run: the labels, run, subsystem, module, source, function, file, line, lines, passing
/// (whether all calls fall into one window; null without windows).
///
/// `functions`: as [`crate::functions::Functions::frame`]
pub fn of_singletons(rows: &[SingletonRow], functions: &DataFrame, keys: &[String]) -> PolarsResult<DataFrame> {
    let numbers: Vec<IdxSize> = rows.iter().map(|row| row.singleton.function as IdxSize).collect();
    let taken = functions.take(&IdxCa::from_vec("function".into(), numbers))?;
    let mut columns = labels(keys, rows.iter().map(|row| row.labels.as_slice()));
    let ids: Vec<&str> = rows.iter().map(|row| row.run.as_str()).collect();
    columns.push(Column::new("run".into(), ids));
    let parts: Vec<String> = taken.column("file")?.str()?.iter().map(subsystem).collect();
    columns.push(Column::new("subsystem".into(), parts));
    for name in ["module", "source", "function", "file", "line", "lines"] {
        columns.push(taken.column(name)?.clone());
    }
    let passing: Vec<Option<bool>> = rows.iter().map(|row| row.singleton.passing).collect();
    columns.push(Column::new("passing".into(), passing));
    DataFrame::new(rows.len(), columns)
}

/// A column a key.
pub(crate) fn labels<'a>(keys: &[String], rows: impl Iterator<Item = &'a [Option<String>]>) -> Vec<Column> {
    let rows: Vec<_> = rows.collect();
    let column = |(index, key): (usize, &String)| {
        let values: Vec<_> = rows.iter().map(|labels| labels.get(index).and_then(Option::as_deref)).collect();
        Column::new(key.as_str().into(), values)
    };
    keys.iter().enumerate().map(column).collect()
}

/// units, seen, q1, q2, chao2, low, high, coverage, coverage_low, coverage_high, and the further units.
fn estimates(rows: &[&Completeness]) -> Vec<Column> {
    let counts = |name: &str, value: &dyn Fn(&Completeness) -> u64| {
        Column::new(name.into(), rows.iter().map(|row| value(row) as i64).collect::<Vec<_>>())
    };
    let floats = |name: &str, value: &dyn Fn(&Completeness) -> Option<f64>| {
        Column::new(name.into(), rows.iter().map(|row| value(row)).collect::<Vec<_>>())
    };
    let mut columns = vec![
        counts("units", &|row| row.incidence.units()),
        counts("seen", &|row| row.incidence.seen()),
        counts("q1", &|row| row.incidence.exactly(1)),
        counts("q2", &|row| row.incidence.exactly(2)),
        floats("chao2", &|row| row.richness.map(|richness| richness.estimate)),
        floats("low", &|row| row.richness.map(|richness| richness.low)),
        floats("high", &|row| row.richness.map(|richness| richness.high)),
        floats("coverage", &|row| row.coverage),
        floats("coverage_low", &|row| row.coverage_interval.map(|interval| interval.0)),
        floats("coverage_high", &|row| row.coverage_interval.map(|interval| interval.1)),
    ];
    for (index, name) in ["more_for_95", "more_for_99"].into_iter().enumerate() {
        let of = |row: &Completeness| row.further.get(index).copied().flatten();
        let low = |further: Further| further.interval?.low;
        let high = |further: Further| further.interval?.high;
        columns.push(floats(name, &|row| of(row).and_then(|further| further.needed.units())));
        columns.push(floats(&format!("{name}_low"), &|row| of(row).and_then(low)));
        columns.push(floats(&format!("{name}_high"), &|row| of(row).and_then(high)));
    }
    columns
}
