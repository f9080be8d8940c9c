//! Which runtime exposes least: the order of the runtimes of a workload under a metric.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Figure;
use super::probabilities::Probabilities;
use crate::metrics::Metric;
use crate::model::Model;

/// The runtimes of a workload under a metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Order {
    /// The workload.
    pub workload: Option<String>,
    /// Name of the metric.
    pub metric: &'static str,
    /// Indices into the figures, the least mean first, equal ones by runtime; figures without a mean are not there.
    pub figures: Vec<usize>,
    /// Each of them against the next.
    pub steps: Vec<Step>,
    /// Pairs of indices into the figures, (less, more): what clearly changes against the order by lines, as the first has
    /// more lines than the second, and here less with an interval that is apart.
    pub changes: Vec<(usize, usize)>,
    /// Under how many of the amounts (see [`Order::amounts`]) the same runtime is the first.
    pub agreeing: usize,
    /// Number of amounts: functions, lines and the like, and the bugs expected under each density that is not uniform.
    /// A uniform density repeats the lines, and figures per 1,000 lines are no amounts.
    pub amounts: usize,
}

/// A runtime against the next in the order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Mean of the next less mean of this one, in the unit of the metric.
    pub difference: f64,
    /// The difference as a share of the next one's mean; none where that is 0.
    pub share: Option<f64>,
    /// How their intervals lie.
    pub intervals: Intervals,
    /// P(this < the next), 0 to 1, as `hap-analyze sensitivity` computes it; none where a run has no figure.
    pub p_less: Option<f64>,
}

/// How two 95 % intervals lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervals {
    /// One ends before the other begins.
    Apart,
    /// They share a value.
    Overlap,
    /// One of the groups has a single run, and no interval.
    Unknown,
}

/// The orders of every workload under every metric, by workload and then as the metrics are given.
pub(super) fn orders(figures: &[Figure], metrics: &[Metric], probabilities: &Probabilities) -> Vec<Order> {
    let workloads: BTreeSet<_> = figures.iter().map(|figure| figure.workload.clone()).collect();
    let of_workload = |workload: &Option<String>| {
        let orders: Vec<_> =
            metrics.iter().map(|metric| order(figures, workload.as_deref(), *metric, probabilities)).collect();
        with_agreement(figures, &with_changes(figures, orders), metrics)
    };
    workloads.iter().flat_map(of_workload).collect()
}

fn order(figures: &[Figure], workload: Option<&str>, metric: Metric, probabilities: &Probabilities) -> Order {
    let is_meant = |figure: &Figure| figure.workload.as_deref() == workload && figure.metric == metric.name();
    let with_mean = |(index, figure): (usize, &Figure)| Some((figure.mean?, figure.runtime.clone(), index));
    let mut found: Vec<_> =
        figures.iter().enumerate().filter(|(_, figure)| is_meant(figure)).filter_map(with_mean).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    let ordered: Vec<_> = found.into_iter().map(|(_, _, index)| index).collect();
    let pairs = ordered.iter().zip(ordered.iter().skip(1));
    let p_less = |this: &Figure, next: &Figure| {
        probabilities.less(metric, workload, this.runtime.as_deref(), next.runtime.as_deref())
    };
    let step = |this: &Figure, next: &Figure| Some(Step { p_less: p_less(this, next), ..step(this, next)? });
    let steps = pairs.filter_map(|(this, next)| step(figures.get(*this)?, figures.get(*next)?)).collect();
    let (changes, workload) = (Vec::new(), workload.map(str::to_owned));
    Order { workload, metric: metric.name(), figures: ordered, steps, changes, agreeing: 0, amounts: 0 }
}

fn step(this: &Figure, next: &Figure) -> Option<Step> {
    let (mean, next_mean) = (this.mean?, next.mean?);
    let difference = next_mean - mean;
    let share = (next_mean > 0.0).then(|| difference / next_mean);
    Some(Step { difference, share, intervals: intervals(this, next), p_less: None })
}

fn intervals(this: &Figure, next: &Figure) -> Intervals {
    match (this.low, this.high, next.low, next.high) {
        (Some(low), Some(high), Some(next_low), Some(next_high)) => {
            if high < next_low || next_high < low {
                Intervals::Apart
            } else {
                Intervals::Overlap
            }
        }
        _ => Intervals::Unknown,
    }
}

/// Finds, for each order of a workload, what clearly changes against the order by lines.
fn with_changes(figures: &[Figure], mut orders: Vec<Order>) -> Vec<Order> {
    let by_lines = orders.iter().find(|order| order.metric == Metric::Lines.name());
    let by_lines: Vec<_> =
        by_lines.into_iter().flat_map(|order| &order.figures).filter_map(|i| figures.get(*i)).collect();
    let place = |figure: &Figure| by_lines.iter().position(|other| other.runtime == figure.runtime);
    let is_clear = |less: &Figure, more: &Figure| {
        let is_turned = place(less).zip(place(more)).is_some_and(|(less, more)| less > more);
        is_turned && intervals(less, more) == Intervals::Apart
    };
    for order in &mut orders {
        let pairs = order
            .figures
            .iter()
            .enumerate()
            .flat_map(|(at, less)| order.figures.iter().skip(at + 1).map(move |more| (*less, *more)));
        let clear = |(less, more): &(usize, usize)| {
            figures.get(*less).zip(figures.get(*more)).is_some_and(|(less, more)| is_clear(less, more))
        };
        order.changes = pairs.filter(clear).collect();
    }
    orders
}

/// Counts, for each order of a workload, the amounts with the same first runtime.
fn with_agreement(figures: &[Figure], orders: &[Order], metrics: &[Metric]) -> Vec<Order> {
    let first = |order: &Order| order.figures.first().and_then(|index| figures.get(*index));
    let amounts: Vec<_> = orders.iter().zip(metrics).filter(|(_, metric)| is_amount(**metric)).collect();
    let agree = |one: &Order, other: &Order| match (first(one), first(other)) {
        (Some(one), Some(other)) => one.runtime == other.runtime,
        _ => false,
    };
    let counted = |order: &Order| Order {
        agreeing: amounts.iter().filter(|(other, _)| agree(order, other)).count(),
        amounts: amounts.len(),
        ..order.clone()
    };
    orders.iter().map(counted).collect()
}

fn is_amount(metric: Metric) -> bool {
    !matches!(metric, Metric::Weighted(Model::Uniform) | Metric::PerThousandLines(_))
}

#[cfg(test)]
mod tests {
    use super::{Figure, Intervals, Probabilities, Step};
    use crate::metrics::Metric;
    use crate::model::Model;

    fn figure(runtime: &str, metric: Metric, [mean, low, high]: [Option<f64>; 3]) -> Figure {
        Figure {
            runtime: Some(runtime.to_owned()),
            workload: Some("get".to_owned()),
            metric: metric.name(),
            runs: 2,
            mean,
            stddev: None,
            low,
            high,
            union: None,
            core: None,
            singletons: 0,
            events_lost: 0,
            blind_spot: None,
            steady_runs: 0,
            coverage: None,
        }
    }

    /// Without any run, so that no P(A < B) is known.
    fn orders(figures: &[Figure], metrics: &[Metric]) -> Vec<super::Order> {
        super::orders(figures, metrics, &Probabilities::default())
    }

    fn known(runtime: &str, metric: Metric, values: [f64; 3]) -> Figure {
        figure(runtime, metric, values.map(Some))
    }

    #[test]
    fn the_least_mean_comes_first_and_each_step_tells_by_how_much() {
        let figures = [
            known("runc", Metric::Lines, [8.0, 7.0, 9.0]),
            known("kata", Metric::Lines, [10.0, 9.0, 11.0]),
            known("nabla", Metric::Lines, [4.0, 3.0, 5.0]),
            figure("plain", Metric::Lines, [Some(16.0), None, None]),
            figure("none", Metric::Lines, [None; 3]),
        ];
        let found = orders(&figures, &[Metric::Lines]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].figures, [2, 0, 1, 3]);
        let step = |difference, share, intervals| Step { difference, share: Some(share), intervals, p_less: None };
        assert_eq!(
            found[0].steps,
            [
                step(4.0, 0.5, Intervals::Apart),
                step(2.0, 0.2, Intervals::Overlap),
                step(6.0, 0.375, Intervals::Unknown),
            ]
        );
    }

    #[test]
    fn a_change_against_the_order_by_lines_is_clear_when_the_intervals_are_apart() {
        let bugs = Metric::Weighted(Model::Cve);
        let figures = [
            known("kata", Metric::Lines, [10.0; 3]),
            known("nabla", Metric::Lines, [4.0; 3]),
            known("runc", Metric::Lines, [8.0; 3]),
            known("kata", bugs, [1.0, 1.0, 2.0]),
            known("nabla", bugs, [3.0, 3.0, 3.0]),
            known("runc", bugs, [2.0, 2.0, 2.0]),
        ];
        let found: Vec<_> = orders(&figures, &[Metric::Lines, bugs]).into_iter().map(|order| order.changes).collect();
        // kata and runc turn round as well, but their intervals meet.
        assert_eq!(found, [vec![], vec![(3, 4), (5, 4)]]);
    }

    #[test]
    fn only_amounts_are_asked_whether_they_agree() {
        let metrics =
            [Metric::Functions, Metric::Lines, Metric::Weighted(Model::Uniform), Metric::Weighted(Model::Cve)];
        let least = ["runc", "kata", "kata", "runc"];
        let figures: Vec<_> = metrics
            .iter()
            .zip(least)
            .flat_map(|(metric, least)| {
                let mean = |runtime: &str| if runtime == least { 1.0 } else { 2.0 };
                ["kata", "runc"].map(|runtime| known(runtime, *metric, [mean(runtime); 3]))
            })
            .collect();
        let found: Vec<_> = orders(&figures, &metrics).iter().map(|order| (order.agreeing, order.amounts)).collect();
        assert_eq!(found, [(2, 3), (1, 3), (1, 3), (2, 3)]);
    }
}
