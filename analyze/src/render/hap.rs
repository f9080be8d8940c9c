//! The Horizontal Attack Profile as text: one block per metric, and per workload where runtimes are compared.

use std::collections::BTreeSet;

use super::{Heading, decimal, grid, thousands};
use crate::hap::Row;
use crate::metrics::Metric;

/// Blocks of rows, the highest mean first.
pub(crate) fn blocks(rows: &[Row], keys: &[String], metrics: &[Metric]) -> String {
    let blocks = metrics.iter().flat_map(|metric| {
        let rows: Vec<_> = rows.iter().filter(|row| row.metric == *metric).collect();
        split(&rows, keys).into_iter().map(|(title, rows)| block(*metric, title.as_deref(), &rows, keys))
    });
    blocks.collect::<Vec<_>>().join("\n")
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

fn block(metric: Metric, title: Option<&str>, rows: &[&Row], keys: &[String]) -> String {
    let shown: Vec<_> = (0..keys.len()).filter(|index| block_key(keys) != Some(*index)).collect();
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| b.mean.total_cmp(&a.mean).then_with(|| a.labels.cmp(&b.labels)));
    let cells: Vec<_> = rows.iter().map(|row| cells(row, &shown)).collect();
    let title = title.map_or_else(String::new, |title| format!(", {title}"));
    format!("{}{title}\n{}", metric.name(), grid(&headings(metric, keys, &shown), &cells))
}

fn headings(metric: Metric, keys: &[String], shown: &[usize]) -> Vec<Heading> {
    let labels = shown.iter().filter_map(|index| keys.get(*index)).map(|key| Heading::text(key));
    let figure = |title: &str| Heading::number(title, metric.unit());
    let numbers = [
        Heading::number("runs", ""),
        figure("mean"),
        figure("stddev"),
        figure("95 % interval"),
        figure("union"),
        figure("core"),
        Heading::number("in one run", "functions"),
        Heading::number("lost", "events"),
    ];
    labels.chain(numbers).collect()
}

fn cells(row: &Row, shown: &[usize]) -> Vec<Option<String>> {
    let (mean_places, whole_places) = if row.metric == Metric::Weighted { (2, 2) } else { (1, 0) };
    let labels = shown.iter().map(|index| row.labels.get(*index).cloned().flatten());
    let interval = row
        .interval
        .map(|interval| format!("{} – {}", decimal(interval.low, mean_places), decimal(interval.high, mean_places)));
    let numbers = [
        Some(thousands(row.runs as i64)),
        Some(decimal(row.mean, mean_places)),
        row.stddev.map(|stddev| decimal(stddev, mean_places)),
        interval,
        Some(decimal(row.union, whole_places)),
        Some(decimal(row.core, whole_places)),
        Some(thousands(row.singletons)),
        Some(thousands(row.events_lost)),
    ];
    labels.chain(numbers).collect()
}
