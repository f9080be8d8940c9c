//! The runs of a dataset: their labels, their losses, and which of them a query is about.

use std::collections::{BTreeMap, BTreeSet};

use hap_schemas::{Selector, tables};

use crate::dataset::is_scalar;
use crate::{Error, Result};

/// What a query needs to know of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Run id.
    pub id: String,
    /// Folder of the run below each table, `run=...`.
    pub folder: String,
    /// Columns of table `runs` that were read, as text; null ones are not there.
    pub columns: BTreeMap<String, String>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// Threads that `run.json` lists.
    pub threads_listed: i64,
    /// What is missing from the run.
    pub losses: Losses,
}

/// Counts of what is missing from a run, or from several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Events lost.
    pub events: i64,
    /// Sub-buffers before which an unknown number of events was lost.
    pub unknown: i64,
    /// Bytes that could not be decoded.
    pub undecodable_bytes: i64,
    /// Records too short for their format.
    pub skipped: i64,
    /// Places in the files where something could not be decoded.
    pub damaged_places: i64,
    /// Distinct call sites that no symbol contains.
    pub unresolved_addresses: i64,
}

impl Run {
    /// Columns of `runs` that are read of every run; others only as keys.
    pub const COLUMNS: [&str; 23] = [
        "run",
        "runtime",
        "workload",
        "repetition",
        "boot_id",
        "kernel_release",
        "build_id",
        "kernel_fingerprint",
        "clock",
        "first_ns",
        "duration_ns",
        "window_ns",
        "load_ns",
        "function_events",
        "events_lost",
        "lost_pages_unknown",
        "undecodable_bytes",
        "damaged_places",
        "records_skipped",
        "unresolved_addresses",
        "threads_listed",
        "requests",
        "failure",
    ];

    /// The value of a key: a column of `runs`, else a free label.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.columns.get(key).or_else(|| self.labels.get(key)).map(String::as_str)
    }

    /// A column of `runs` as a whole number; none where it is null.
    pub fn number(&self, column: &str) -> Option<i64> {
        debug_assert!(Self::COLUMNS.contains(&column), "column {column} is not among those that are read");
        self.columns.get(column)?.parse().ok()
    }

    /// Why the run must not be compared; none: it may.
    pub fn failure(&self) -> Option<&str> {
        self.columns.get("failure").map(String::as_str)
    }

    /// Build id of the run's kernel.
    pub fn build_id(&self) -> Option<&str> {
        self.columns.get("build_id").map(String::as_str)
    }

    /// Fingerprint of the run's kernel.
    pub fn fingerprint(&self) -> Option<&str> {
        self.columns.get("kernel_fingerprint").map(String::as_str)
    }
}

impl Losses {
    /// Sum over runs.
    pub fn total<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Self {
        runs.into_iter().fold(Self::default(), |sum, run| Self {
            events: sum.events + run.losses.events,
            unknown: sum.unknown + run.losses.unknown,
            undecodable_bytes: sum.undecodable_bytes + run.losses.undecodable_bytes,
            skipped: sum.skipped + run.losses.skipped,
            damaged_places: sum.damaged_places + run.losses.damaged_places,
            unresolved_addresses: sum.unresolved_addresses + run.losses.unresolved_addresses,
        })
    }

    /// Whether anything is missing.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// The runs that meet every selector.
pub fn select<'a>(runs: &[&'a Run], selectors: &[&Selector]) -> Result<Vec<&'a Run>> {
    for condition in selectors.iter().flat_map(|selector| &selector.conditions) {
        check_key(runs, &condition.key)?;
    }
    let chosen: Vec<_> = runs.iter().copied().filter(|run| selectors.iter().all(|s| accepts(s, run))).collect();
    if chosen.is_empty() { Err(no_run(runs, selectors)) } else { Ok(chosen) }
}

fn accepts(selector: &Selector, run: &Run) -> bool {
    selector.conditions.iter().all(|condition| condition.accepts(run.value(&condition.key)))
}

/// Checks that a key is a scalar column of `runs` or a label of some run.
pub fn check_key(runs: &[&Run], key: &str) -> Result<()> {
    let columns: Vec<_> = tables::RUNS.columns.iter().filter(|column| is_scalar(column.kind)).map(|c| c.name).collect();
    let labels: BTreeSet<_> = runs.iter().flat_map(|run| run.labels.keys()).map(String::as_str).collect();
    if columns.contains(&key) || labels.contains(key) {
        return Ok(());
    }
    Err(Error::UnknownKey { key: key.to_owned(), columns: columns.join(", "), labels: list_or_none(labels) })
}

fn no_run(runs: &[&Run], selectors: &[&Selector]) -> Error {
    let keys: BTreeSet<_> = selectors.iter().flat_map(|s| &s.conditions).map(|c| c.key.as_str()).collect();
    let values = keys.into_iter().map(|key| {
        let values: BTreeSet<_> = runs.iter().filter_map(|run| run.value(key)).collect();
        format!("{key}: {}", list_or_none(values))
    });
    Error::NoRun { selector: joined(selectors), values: values.collect::<Vec<_>>().join("; ") }
}

/// Selectors as one text.
pub fn joined(selectors: &[&Selector]) -> String {
    selectors.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

/// Texts with commas between them, or `none`.
pub fn list_or_none<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<_> = texts.into_iter().collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}
