//! The figures of the page: the columns of `hap-analyze hap` by name.

use serde::Serialize;

use crate::blind_spot::BlindSpot;
use crate::hap::Row;
use crate::metrics::Metric;
use crate::model::Model;
use crate::weights::Weight;

/// A metric, for readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricInfo {
    /// Its name in tables and on the command line.
    pub name: &'static str,
    /// Its name in running text.
    pub title: String,
    /// Unit of its figures.
    pub unit: &'static str,
    /// What it counts.
    pub definition: String,
    /// Whether its figures are whole numbers.
    pub whole: bool,
}

impl MetricInfo {
    /// Tells a metric; a weighted one with the origin of its densities.
    pub(super) fn new(metric: Metric, weights: &[Weight]) -> Self {
        let origin = match metric {
            Metric::Weighted(model) | Metric::PerThousandLines(model) => {
                weights.iter().find(|weight| weight.model == model).map(|weight| weight.origin.as_str())
            }
            _ => None,
        };
        let definition = metric.definition();
        Self {
            name: metric.name(),
            title: title(metric),
            unit: unit(metric),
            definition: origin.map_or_else(|| definition.to_owned(), |origin| format!("{definition}; {origin}")),
            whole: metric.is_whole(),
        }
    }
}

fn title(metric: Metric) -> String {
    match metric {
        Metric::Functions => "functions".to_owned(),
        Metric::Lines => "lines of code".to_owned(),
        Metric::CodeLines => "executable lines".to_owned(),
        Metric::Complexity => "complexity".to_owned(),
        Metric::Weighted(model) => format!("expected bugs, {}", of_model(model)),
        Metric::PerThousandLines(model) => format!("bugs per 1,000 lines, {}", of_model(model)),
    }
}

fn of_model(model: Model) -> &'static str {
    match model {
        Model::Uniform => "uniform density",
        Model::Cve => "by CVE records",
        Model::Epss => "by exploit-prediction scores",
        Model::Exploited => "by exploited bugs",
    }
}

/// The unit, where no heading stands above the figure.
fn unit(metric: Metric) -> &'static str {
    match metric {
        Metric::PerThousandLines(_) => "bugs per 1,000 lines",
        _ => metric.unit(),
    }
}

/// A metric of a group of runs: a row of `hap-analyze hap --format json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The group's runtime.
    pub runtime: Option<String>,
    /// The group's workload.
    pub workload: Option<String>,
    /// Name of the metric.
    pub metric: &'static str,
    /// Number of runs that have a figure.
    pub runs: usize,
    /// Mean over these runs.
    pub mean: Option<f64>,
    /// Sample standard deviation over the runs.
    pub stddev: Option<f64>,
    /// Lower bound of the 95 % interval of the mean.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Metric of the functions that any run has.
    pub union: Option<f64>,
    /// Metric of the functions that every run has.
    pub core: Option<f64>,
    /// Number of functions that exactly one run has.
    pub singletons: i64,
    /// Events lost, summed over the runs.
    pub events_lost: i64,
    /// Share of the kernel's executable lines that ftrace cannot see, 0 to 1.
    pub blind_spot: Option<f64>,
    /// Runs that get steady.
    pub steady_runs: usize,
    /// Sample coverage over the runs, 0 to 1.
    pub coverage: Option<f64>,
}

impl Figure {
    /// The row, whose labels are those of [`super::KEYS`].
    pub(super) fn new(row: &Row, blind_spot: Option<BlindSpot>) -> Self {
        let label = |index: usize| row.labels.get(index).cloned().flatten();
        Self {
            runtime: label(0),
            workload: label(1),
            metric: row.metric.name(),
            runs: row.runs,
            mean: row.mean,
            stddev: row.stddev,
            low: row.interval.map(|interval| interval.low),
            high: row.interval.map(|interval| interval.high),
            union: row.union,
            core: row.core,
            singletons: row.singletons,
            events_lost: row.events_lost,
            blind_spot: blind_spot.map(BlindSpot::share),
            steady_runs: row.steady_runs,
            coverage: row.coverage,
        }
    }
}
