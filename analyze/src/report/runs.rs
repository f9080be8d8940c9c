//! The runs of the page: labels, losses, figures and threads.

use std::collections::BTreeMap;

use polars::prelude::*;
use serde::Serialize;

use super::Basis;
use crate::Result;
use crate::groups::SetNumbers;
use crate::runs::Run;
use crate::steady::Steady;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunInfo {
    /// Run id.
    pub id: String,
    /// Index of its group.
    pub group: usize,
    /// Repetition and free labels.
    pub labels: BTreeMap<String, String>,
    /// Time from its first event to its last, in nanoseconds.
    pub duration_ns: Option<i64>,
    /// Function calls decoded.
    pub function_events: Option<i64>,
    /// Events lost.
    pub events_lost: i64,
    /// Requests that the workload served.
    pub requests: Option<i64>,
    /// Its figure under each metric.
    pub figures: Vec<Option<f64>>,
    /// Length of a window.
    pub window_ns: Option<i64>,
    /// Functions that each window holds and none before it; empty without windows.
    pub new_functions: Vec<u32>,
    /// Whether it gets steady, in a word.
    pub steady: &'static str,
    /// The window from which it is steady.
    pub steady_from: Option<usize>,
    /// Its threads.
    pub threads: Vec<Threads>,
}

/// Threads of a run with one name and role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Threads {
    /// Role in the sandbox.
    pub role: String,
    /// Name of the threads; none where the recording does not tell.
    pub comm: Option<String>,
    /// Number of such threads.
    pub threads: i64,
    /// Function calls of theirs, in every context.
    pub calls: i64,
}

/// Threads by run, role and name: run, role, comm, threads, calls; sorted by run, then by calls, most first.
///
/// `threads`: run, pid, role, comm, calls
pub(super) fn threads_by_name(threads: LazyFrame) -> LazyFrame {
    let order = SortMultipleOptions::default().with_order_descending_multi([false, true, false, false]);
    threads
        .with_columns([col("role").cast(DataType::String), col("comm").cast(DataType::String)])
        .group_by([col("run"), col("role"), col("comm")])
        .agg([len().cast(DataType::Int64).alias("threads"), col("calls").sum()])
        .sort(["run", "calls", "role", "comm"], order.with_nulls_last(true))
}

/// The runs, in the order of the dataset.
pub(super) fn runs(basis: Basis) -> Result<Vec<RunInfo>> {
    let mut threads = threads(basis)?;
    let group = |index: usize| basis.groups.iter().position(|group| group.runs.contains(&index)).unwrap_or_default();
    let windows = |index: usize| basis.study.reach.runs.get(index).map(|run| &run.windows);
    let info = |(index, run): (usize, &&Run)| RunInfo {
        id: run.id.clone(),
        group: group(index),
        labels: labels(run),
        duration_ns: run.number("duration_ns"),
        function_events: run.number("function_events"),
        events_lost: run.losses.events,
        requests: run.number("requests"),
        figures: figures(basis, index),
        window_ns: run.number("window_ns"),
        new_functions: windows(index).map(|windows| windows.new_functions.clone()).unwrap_or_default(),
        steady: windows(index).map_or(Steady::NoWindows, |windows| windows.steady).name(),
        steady_from: windows(index).and_then(|windows| windows.steady.window()),
        threads: threads.remove(&run.id).unwrap_or_default(),
    };
    Ok(basis.runs.iter().enumerate().map(info).collect())
}

fn labels(run: &Run) -> BTreeMap<String, String> {
    let repetition = run.columns.get("repetition").map(|value| ("repetition".to_owned(), value.clone()));
    run.labels.clone().into_iter().chain(repetition).collect()
}

fn figures(basis: Basis, run: usize) -> Vec<Option<f64>> {
    let set = SetNumbers::new(basis.runs.len()).run(run);
    basis.metrics.iter().map(|metric| basis.figures.get(*metric, set)).collect()
}

fn threads(basis: Basis) -> Result<BTreeMap<String, Vec<Threads>>> {
    let rows = threads_by_name(basis.dataset.thread_names(basis.runs)?).collect()?;
    let (run, role, comm) = (rows.column("run")?.str()?, rows.column("role")?.str()?, rows.column("comm")?.str()?);
    let (threads, calls) = (rows.column("threads")?.i64()?, rows.column("calls")?.i64()?);
    let mut found: BTreeMap<String, Vec<Threads>> = BTreeMap::new();
    for row in 0..rows.height() {
        found.entry(run.get(row).unwrap_or_default().to_owned()).or_default().push(Threads {
            role: role.get(row).unwrap_or_default().to_owned(),
            comm: comm.get(row).map(str::to_owned),
            threads: threads.get(row).unwrap_or_default(),
            calls: calls.get(row).unwrap_or_default(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::threads_by_name;
    use crate::testing::assert_same;
    use polars::prelude::*;

    #[test]
    fn threads_of_one_name_and_role_are_one_row_and_the_busiest_come_first() {
        let threads = df!(
            "run" => ["b", "a", "a", "a"], "pid" => [1, 2, 3, 4], "role" => ["app", "app", "shim", "app"],
            "comm" => [None, Some("redis"), Some("redis"), Some("redis")], "calls" => [9_i64, 2, 7, 3],
        );
        let found = threads_by_name(threads.unwrap().lazy()).collect().unwrap();
        let expected = df!(
            "run" => ["a", "a", "b"], "role" => ["shim", "app", "app"], "comm" => [Some("redis"), Some("redis"), None],
            "threads" => [1_i64, 2, 1], "calls" => [7_i64, 5, 9],
        );
        assert_same(&found, &expected.unwrap());
    }
}
