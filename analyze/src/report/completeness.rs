//! How much of what a group can reach its runs have shown: the figures of `hap-analyze completeness`.

use serde::Serialize;

use super::Basis;
use crate::completeness::{Completeness, incidence};

/// The completeness of a group, its runs as units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GroupCompleteness {
    /// Runs that get steady.
    pub steady_runs: usize,
    /// Functions found.
    pub seen: u64,
    /// Functions by Chao2, a lower bound; none for one run.
    pub estimate: Option<f64>,
    /// Lower bound of its 95 % interval.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Sample coverage, 0 to 1; none for one run.
    pub coverage: Option<f64>,
    /// Lower bound of its 95 % interval.
    pub coverage_low: Option<f64>,
    /// Upper bound.
    pub coverage_high: Option<f64>,
}

/// The completeness of every group.
pub(super) fn completeness(basis: Basis) -> Vec<GroupCompleteness> {
    let sets = basis.study.function_sets();
    let of_group = |group: &crate::groups::Group| {
        let runs = group.runs.iter().filter_map(|run| sets.get(*run));
        let found = Completeness::of(incidence(runs, basis.study.functions.len()));
        GroupCompleteness {
            steady_runs: basis.study.steady_runs(&group.runs),
            seen: found.incidence.seen(),
            estimate: found.richness.map(|richness| richness.estimate),
            low: found.richness.map(|richness| richness.low),
            high: found.richness.map(|richness| richness.high),
            coverage: found.coverage,
            coverage_low: found.coverage_interval.map(|interval| interval.0),
            coverage_high: found.coverage_interval.map(|interval| interval.1),
        }
    };
    basis.groups.iter().map(of_group).collect()
}
