//! Figures of sets of functions: metrics, collected.

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;

use crate::metrics::{self, Metric};
use crate::model::Model;
use crate::weights::Weight;

/// What the metrics are computed from.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// A frame of sets, see [`crate::metrics`].
    pub sets: &'a DataFrame,
    /// Number of sets.
    pub count: usize,
    /// Executable lines of the kernel; none where it has no table.
    pub kernel_lines: Option<&'a LazyFrame>,
    /// Bugs of the functions, for the weighted metrics.
    pub weights: &'a [Weight],
}

/// Figures by metric and number of the set.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    by_metric: BTreeMap<Metric, Vec<Option<f64>>>,
}

impl Figures {
    /// The figure of a set; none where the metric has none for it, or was not measured.
    pub fn get(&self, metric: Metric, set: usize) -> Option<f64> {
        self.by_metric.get(&metric)?.get(set).copied().flatten()
    }

    /// Computes the metrics of so many sets; `figure` gives that of a set, and is not asked for figures per 1,000 lines.
    pub fn of(metrics: &[Metric], count: usize, figure: impl Fn(Metric, usize) -> f64 + Sync) -> Self {
        let mut figures = Self::default();
        for metric in metrics.iter().flat_map(|metric| metric.parts()) {
            figures
                .by_metric
                .entry(metric)
                .or_insert_with(|| (0..count).into_par_iter().map(|set| Some(figure(metric, set))).collect());
        }
        for metric in metrics {
            if let Metric::PerThousandLines(model) = metric {
                let ratios = (0..count).map(|set| figures.per_1000_lines(*model, set)).collect();
                figures.by_metric.insert(*metric, ratios);
            }
        }
        figures
    }

    /// Computes a metric and what it is made of, unless it is there.
    fn add(&mut self, metric: Metric, basis: Basis) -> PolarsResult<()> {
        if self.by_metric.contains_key(&metric) {
            return Ok(());
        }
        let figures = match metric {
            Metric::PerThousandLines(model) => {
                self.add(Metric::Weighted(model), basis)?;
                self.add(Metric::Lines, basis)?;
                (0..basis.count).map(|set| self.per_1000_lines(model, set)).collect()
            }
            _ => sums(&query(metric, basis).collect()?, basis.count)?,
        };
        self.by_metric.insert(metric, figures);
        Ok(())
    }

    fn per_1000_lines(&self, model: Model, set: usize) -> Option<f64> {
        let lines = self.get(Metric::Lines, set).filter(|lines| *lines > 0.0)?;
        Some(1000.0 * self.get(Metric::Weighted(model), set)? / lines)
    }
}

/// Measures the sets: for each metric one figure a set. A sum is 0 for a set without functions; a figure per 1,000
/// lines is none for a set without lines.
///
/// Code lines without a kernel's lines, and weighted metrics without their weight, are 0.
pub fn measure(metrics: &[Metric], basis: Basis) -> PolarsResult<Figures> {
    let mut figures = Figures::default();
    for metric in metrics {
        figures.add(*metric, basis)?;
    }
    Ok(figures)
}

/// Values to sum up: set, value.
fn query(metric: Metric, basis: Basis) -> LazyFrame {
    let sets = basis.sets.clone().lazy();
    match metric {
        Metric::Functions => metrics::functions(sets),
        Metric::Lines => metrics::lines(sets),
        Metric::Complexity => metrics::complexity(sets),
        Metric::CodeLines => match basis.kernel_lines {
            Some(lines) => metrics::code_lines(sets, lines.clone()),
            None => nothing(sets),
        },
        Metric::Weighted(model) | Metric::PerThousandLines(model) => {
            match basis.weights.iter().find(|weight| weight.model == model) {
                Some(weight) => metrics::weighted(sets, weight.bugs.clone().lazy()),
                None => nothing(sets),
            }
        }
    }
}

/// No values: set, value.
fn nothing(sets: LazyFrame) -> LazyFrame {
    sets.filter(lit(false)).select([col("set"), lit(0.0).alias("value")])
}

/// Adds up the values of each set, in the order of the rows.
fn sums(values: &DataFrame, count: usize) -> PolarsResult<Vec<Option<f64>>> {
    let mut figures = vec![0.0; count];
    let numbers = values.column("value")?.cast(&DataType::Float64)?;
    for (set, value) in values.column("set")?.u32()?.iter().zip(numbers.f64()?.iter()) {
        let figure = set.and_then(|set| figures.get_mut(set as usize));
        if let (Some(figure), Some(value)) = (figure, value) {
            *figure += value;
        }
    }
    Ok(figures.into_iter().map(Some).collect())
}

#[cfg(test)]
mod tests {
    use super::{Basis, measure};
    use crate::metrics::Metric;
    use crate::model::Model;
    use crate::weights::Weight;
    use polars::prelude::*;

    /// Set 0: read and its clone, and write. Set 1: a function without lines. Set 2: nothing.
    fn figures(metrics: &[Metric], weights: &[Weight]) -> Vec<[Option<f64>; 3]> {
        let sets = df!(
            "set" => [0_u32, 0, 0, 1], "module" => ["vmlinux"; 4], "source" => [100_i64, 100, 200, 300],
            "address" => [100_i64, 500, 200, 300], "lines" => [Some(20_i64), Some(20), Some(5), None],
            "complexity" => [Some(3_i64), Some(3), Some(1), None],
        );
        let basis = Basis { sets: &sets.unwrap(), count: 3, kernel_lines: None, weights };
        let found = measure(metrics, basis).unwrap();
        metrics.iter().map(|metric| [0, 1, 2].map(|set| found.get(*metric, set))).collect()
    }

    #[test]
    fn sums_of_nothing_are_0_and_a_set_without_lines_has_no_figure_per_1000_lines() {
        let bugs = df!(
            "module" => ["vmlinux"; 3], "source" => [100_i64, 200, 300], "bugs" => [Some(0.5), Some(0.25), None],
        );
        let weights = [Weight { model: Model::Cve, bugs: bugs.unwrap(), origin: String::new() }];
        let metrics = [Metric::PerThousandLines(Model::Cve), Metric::Weighted(Model::Cve), Metric::Complexity];
        assert_eq!(
            figures(&metrics, &weights),
            [[Some(30.0), None, None], [Some(0.75), Some(0.0), Some(0.0)], [Some(4.0), Some(0.0), Some(0.0)]]
        );
    }

    #[test]
    fn what_the_basis_lacks_is_0() {
        assert_eq!(figures(&[Metric::CodeLines, Metric::Weighted(Model::Epss)], &[]), [[Some(0.0); 3]; 2]);
    }
}
