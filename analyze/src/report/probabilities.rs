//! P(A < B): the share of bootstrap resamples of two groups' runs in which the first has the smaller mean, as
//! `hap-analyze sensitivity` computes it.

use super::Basis;
use crate::groups::SetNumbers;
use crate::metrics::Metric;
use crate::sensitivity::{Compared, Outcome, compare, outcomes};

/// Runs under this workload are not compared: `hap-analyze sensitivity` subtracts them.
const IDLE: &str = "idle";

/// P(A < B) of every two runtimes of a workload under a metric.
#[derive(Debug, Default)]
pub(super) struct Probabilities {
    /// Runtimes and workloads; none without runs.
    compared: Option<Compared>,
    /// Metrics that have a figure for every run.
    metrics: Vec<Metric>,
    /// By metric, then by workload.
    outcomes: Vec<Vec<Outcome>>,
}

impl Probabilities {
    /// Resamples the runs.
    pub(super) fn new(basis: Basis) -> Self {
        let [runtime, workload] = super::KEYS;
        let is_compared = |index: &usize| basis.runs.get(*index).is_some_and(|run| run.value(workload) != Some(IDLE));
        let positions: Vec<_> = (0..basis.runs.len()).filter(is_compared).collect();
        let numbers = SetNumbers::new(basis.runs.len());
        let values = |metric: Metric| -> Option<Vec<f64>> {
            (0..basis.runs.len()).map(|run| basis.figures.get(metric, numbers.run(run))).collect()
        };
        let compared = compare(basis.runs, &positions, runtime, workload);
        let measured = basis.metrics.iter().filter_map(|metric| Some((*metric, values(*metric)?)));
        let (metrics, values): (Vec<_>, Vec<_>) = measured.unzip();
        Self { outcomes: outcomes(&compared, &values), metrics, compared: Some(compared) }
    }

    /// P(the figure of `this` < that of `next`), 0 to 1; none where one of them has no figure.
    pub(super) fn less(
        &self,
        metric: Metric,
        workload: Option<&str>,
        this: Option<&str>,
        next: Option<&str>,
    ) -> Option<f64> {
        let place = |names: &[String], name: Option<&str>| names.iter().position(|other| other == name.unwrap_or("-"));
        let compared = self.compared.as_ref()?;
        let choice = self.metrics.iter().position(|other| *other == metric)?;
        let outcome = self.outcomes.get(choice)?.get(place(&compared.blocks, workload)?)?;
        let (this, next) = (place(&compared.things, this)?, place(&compared.things, next)?);
        let p = |a, b| {
            outcome.orderings.iter().find(|ordering| (ordering.a, ordering.b) == (a, b)).map(|found| found.p_less)
        };
        // Ties count by half, so that the two directions add up to 1.
        p(this, next).or_else(|| p(next, this).map(|p| 1.0 - p))
    }
}
