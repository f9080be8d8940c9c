//! The Horizontal Attack Profile as text: one block per metric, and per workload where runtimes are compared.

use std::collections::BTreeSet;

use super::{Heading, decimal, grid, places, thousands};
use crate::hap::Row;
use crate::metrics::Metric;

/// Blocks of rows, the highest mean first. Weighted rows have their figures per 1,000 lines beside them.
pub(crate) fn blocks(rows: &[Row], keys: &[String], metrics: &[Metric]) -> String {
    let of_metric = |wanted: Metric| rows.iter().filter(|row| row.metric == wanted).collect::<Vec<_>>();
    let blocks = metrics.iter().filter(|metric| !matches!(metric, Metric::PerThousandLines(_))).flat_map(|metric| {
        let ratios =
            if let Metric::Weighted(model) = metric { of_metric(Metric::PerThousandLines(*model)) } else { Vec::new() };
        let block = |(title, rows): (Option<String>, Vec<&Row>)| {
            Block { metric: *metric, keys, title, rows, ratios: &ratios }.text()
        };
        split(&of_metric(*metric), keys).into_iter().map(block).collect::<Vec<_>>()
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// One row a group with every metric's mean and interval; the highest mean of the first metric first.
pub(crate) fn summary(rows: &[Row], keys: &[String], metrics: &[Metric]) -> String {
    let Some(first) = metrics.first() else { return String::new() };
    let of_first: Vec<_> = rows.iter().filter(|row| row.metric == *first).collect();
    let tables = split(&of_first, keys).into_iter().map(|(title, groups)| {
        let table = Summary { metrics, keys, rows, groups }.text();
        title.map_or_else(|| table.clone(), |title| format!("{title}\n{table}"))
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// The groups of one workload, with all their metrics.
struct Summary<'a> {
    metrics: &'a [Metric],
    keys: &'a [String],
    /// Rows of all metrics.
    rows: &'a [Row],
    /// Rows of the first metric, one a group.
    groups: Vec<&'a Row>,
}

impl Summary<'_> {
    fn text(&self) -> String {
        let mut groups = self.groups.clone();
        sort_by_mean(&mut groups);
        let mut headings: Vec<_> =
            shown(self.keys).filter_map(|index| self.keys.get(index)).map(|key| Heading::text(key)).collect();
        headings.push(Heading::number("runs", ""));
        headings.extend(self.metrics.iter().map(|metric| Heading::number(title(*metric), metric.unit())));
        headings.push(Heading::number("lost", "events"));
        grid(&headings, &groups.into_iter().map(|group| self.cells(group)).collect::<Vec<_>>())
    }

    fn cells(&self, group: &Row) -> Vec<Option<String>> {
        let mut cells: Vec<_> = shown(self.keys).map(|index| group.labels.get(index).cloned().flatten()).collect();
        cells.push(Some(thousands(group.runs as i64)));
        cells.extend(self.metrics.iter().map(|metric| self.figure(*metric, group)));
        cells.push(Some(thousands(group.events_lost)));
        cells
    }

    /// Mean and interval of a metric.
    fn figure(&self, metric: Metric, group: &Row) -> Option<String> {
        let of_metric: Vec<_> = self.rows.iter().filter(|row| row.metric == metric).collect();
        let row = of_metric.iter().find(|row| row.labels == group.labels)?;
        let [mean, _, interval, ..] = figures(row, places_of_summary(metric, &of_metric));
        Some(mean? + &interval.map(|interval| format!(" ({interval})")).unwrap_or_default())
    }
}

/// As in blocks, but means of whole numbers have no place where none of them is small.
fn places_of_summary(metric: Metric, rows: &[&Row]) -> Places {
    let places = places_of(metric, rows);
    let is_large = rows.iter().filter_map(|row| row.mean).all(|mean| mean >= 100.0);
    if metric.is_whole() && is_large { Places { mean: 0, ..places } } else { places }
}

/// Name of a metric in a summary, where the unit tells the figures of a weight apart.
fn title(metric: Metric) -> &'static str {
    if let Metric::PerThousandLines(model) = metric { Metric::Weighted(model).name() } else { metric.name() }
}

/// Indices of the keys that have a column: all but the one that the title tells.
fn shown(keys: &[String]) -> impl Iterator<Item = usize> {
    let told = block_key(keys);
    (0..keys.len()).filter(move |index| told != Some(*index))
}

/// The highest mean first, then by labels.
fn sort_by_mean(rows: &mut [&Row]) {
    let mean = |row: &Row| row.mean.unwrap_or(0.0);
    rows.sort_by(|a, b| mean(b).total_cmp(&mean(a)).then_with(|| a.labels.cmp(&b.labels)));
}

/// The rows of each workload when the keys are runtime and workload, else all rows together.
fn split<'a>(rows: &[&'a Row], keys: &[String]) -> Vec<(Option<String>, Vec<&'a Row>)> {
    let Some(index) = block_key(keys) else { return vec![(None, rows.to_vec())] };
    let value = |row: &Row| row.labels.get(index).cloned().flatten();
    let values: BTreeSet<_> = rows.iter().map(|row| value(row)).collect();
    let of = |wanted: &Option<String>| rows.iter().copied().filter(|row| value(row) == *wanted).collect();
    let title = |wanted: &Option<String>| format!("workload {}", wanted.as_deref().unwrap_or("-"));
    values.iter().map(|wanted| (Some(title(wanted)), of(wanted))).collect()
}

fn block_key(keys: &[String]) -> Option<usize> {
    let workload = keys.iter().position(|key| key == "workload")?;
    keys.iter().any(|key| key == "runtime").then_some(workload)
}

/// The rows of one metric, of one workload.
struct Block<'a> {
    metric: Metric,
    keys: &'a [String],
    title: Option<String>,
    rows: Vec<&'a Row>,
    /// Figures per 1,000 lines of any rows; empty when the metric has none.
    ratios: &'a [&'a Row],
}

/// Decimal places of means and spreads, and of unions and cores.
#[derive(Clone, Copy)]
struct Places {
    mean: usize,
    set: usize,
}

impl Block<'_> {
    fn text(&self) -> String {
        let mut rows = self.rows.clone();
        sort_by_mean(&mut rows);
        let places = (places_of(self.metric, &self.rows), places_of(self.metric, self.ratios));
        let cells: Vec<_> = rows.iter().map(|row| self.cells(row, places)).collect();
        let title = self.title.as_ref().map_or_else(String::new, |title| format!(", {title}"));
        format!("{}{title}\n{}", self.metric.name(), grid(&self.headings(), &cells))
    }

    fn headings(&self) -> Vec<Heading> {
        let figure = |title: &str| Heading::number(title, self.metric.unit());
        let mut headings: Vec<_> =
            shown(self.keys).filter_map(|index| self.keys.get(index)).map(|key| Heading::text(key)).collect();
        headings.push(Heading::number("runs", ""));
        headings.extend(["mean", "stddev", "95 % interval", "union", "core"].map(figure));
        if let Some(ratio) = self.ratios.first() {
            let titles = ["mean", "95 % interval", "union", "core"];
            headings.extend(titles.map(|title| Heading::number(title, ratio.metric.unit())));
        }
        headings.push(Heading::number("in one run", "functions"));
        headings.push(Heading::number("lost", "events"));
        headings.push(Heading::number("steady", "runs"));
        headings.push(Heading::number("coverage", "%"));
        headings
    }

    fn cells(&self, row: &Row, (places, ratio_places): (Places, Places)) -> Vec<Option<String>> {
        let mut cells: Vec<_> = shown(self.keys).map(|index| row.labels.get(index).cloned().flatten()).collect();
        cells.push(Some(thousands(row.runs as i64)));
        let [mean, stddev, interval, union, core] = figures(row, places);
        cells.extend([mean, stddev, interval, union, core]);
        if !self.ratios.is_empty() {
            let ratio = self.ratios.iter().find(|ratio| ratio.labels == row.labels);
            let [mean, _, interval, union, core] = ratio.map(|ratio| figures(ratio, ratio_places)).unwrap_or_default();
            cells.extend([mean, interval, union, core]);
        }
        cells.push(Some(thousands(row.singletons)));
        cells.push(Some(thousands(row.events_lost)));
        cells.push(Some(thousands(row.steady_runs as i64)));
        cells.push(row.coverage.map(|coverage| decimal(100.0 * coverage, 1)));
        cells
    }
}

/// Whole numbers have one place in means; fractions as many as the largest of the block needs.
fn places_of(metric: Metric, rows: &[&Row]) -> Places {
    if metric.is_whole() {
        return Places { mean: 1, set: 0 };
    }
    let places = places(rows.iter().flat_map(|row| [row.mean, row.union]).flatten());
    Places { mean: places, set: places }
}

/// Mean, standard deviation, interval, union and core.
fn figures(row: &Row, places: Places) -> [Option<String>; 5] {
    let mean = |value: f64| decimal(value, places.mean);
    let set = |value: f64| decimal(value, places.set);
    [
        row.mean.map(mean),
        row.stddev.map(mean),
        row.interval.map(|interval| format!("{} – {}", mean(interval.low), mean(interval.high))),
        row.union.map(set),
        row.core.map(set),
    ]
}
