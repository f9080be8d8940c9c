//! A difference as text: the figures, then the list, in the order of the frame.

use std::iter;

use polars::prelude::*;

use super::{Heading, decimal, grid, places, thousands};
use crate::diff::Side;
use crate::metrics::Metric;

/// Figures of each side: one row a side, one column a metric.
pub(crate) fn counts(counts: &DataFrame, metrics: &[Metric]) -> PolarsResult<String> {
    let heading = |metric: &Metric| Heading::number(title_of(*metric), metric.unit());
    let headings = iter::once(Heading::text("")).chain(metrics.iter().map(heading)).collect::<Vec<_>>();
    let sides = counts.column("side")?.str()?.iter().map(|side| side.map(title)).collect();
    let mut columns = vec![sides];
    for metric in metrics {
        let column = counts.column(metric.name())?;
        columns.push(if metric.is_whole() { whole(column)? } else { fractions(column)? });
    }
    Ok(grid(&headings, &transposed(&columns, counts.height())))
}

/// The title of a metric's column. The unit tells a weighted figure from the same per 1,000 lines.
fn title_of(metric: Metric) -> &'static str {
    match metric {
        Metric::PerThousandLines(model) => Metric::Weighted(model).name(),
        _ => metric.name(),
    }
}

/// Cells of whole numbers.
fn whole(column: &Column) -> PolarsResult<Vec<Option<String>>> {
    Ok(column.i64()?.iter().map(|value| value.map(thousands)).collect())
}

/// Cells of numbers with as many decimal places as the column needs.
fn fractions(column: &Column) -> PolarsResult<Vec<Option<String>>> {
    let values = column.f64()?;
    let places = places(values.iter().flatten());
    Ok(values.iter().map(|value| value.map(|value| decimal(value, places))).collect())
}

/// Rows of columns of cells.
fn transposed(columns: &[Vec<Option<String>>], rows: usize) -> Vec<Vec<Option<String>>> {
    let row = |index: usize| columns.iter().map(|column| column.get(index).cloned().flatten()).collect();
    (0..rows).map(row).collect()
}

fn title(side: &str) -> String {
    match side {
        "a" => "only in A".to_owned(),
        "b" => "only in B".to_owned(),
        _ => "in both".to_owned(),
    }
}

/// The functions of the sides asked for, at most `limit` of each; what is not shown is counted. The weighted ones of
/// the metrics have a column each.
pub(crate) fn list(functions: &DataFrame, sides: &[Side], limit: usize, metrics: &[Metric]) -> PolarsResult<String> {
    let weighted: Vec<_> = metrics.iter().copied().filter(|metric| matches!(metric, Metric::Weighted(_))).collect();
    let blocks =
        sides.iter().map(|side| block(functions, *side, limit, &weighted)).collect::<PolarsResult<Vec<_>>>()?;
    Ok(blocks.join("\n"))
}

fn block(functions: &DataFrame, side: Side, limit: usize, weighted: &[Metric]) -> PolarsResult<String> {
    let of_side = functions.clone().lazy().filter(col("side").eq(lit(side.name()))).collect()?;
    let hidden = of_side.height().saturating_sub(limit);
    let title = format!("functions {}", title(side.name()));
    if of_side.height() == 0 {
        return Ok(format!("{title}: none\n"));
    }
    let more = match hidden {
        0 => String::new(),
        hidden => format!("... {} more: --limit N shows N of them\n", thousands(hidden as i64)),
    };
    let rows = rows_of(&of_side.head(Some(limit)), weighted)?;
    Ok(format!("{title}\n{}{more}", grid(&headings(weighted), &rows)))
}

fn headings(weighted: &[Metric]) -> Vec<Heading> {
    let function = [
        Heading::text("function"),
        Heading::text("module"),
        Heading::number("address", ""),
        Heading::text("source"),
        Heading::number("lines", "lines of code"),
    ];
    let weights = weighted.iter().map(|metric| Heading::number(title_of(*metric), metric.unit()));
    let sides = ["calls A", "calls B", "runs A", "runs B", "effect", "p", "q"].map(|title| Heading::number(title, ""));
    function.into_iter().chain(weights).chain(sides).collect()
}

fn rows_of(functions: &DataFrame, weighted: &[Metric]) -> PolarsResult<Vec<Vec<Option<String>>>> {
    let text = |name: &str| {
        Ok::<_, PolarsError>(functions.column(name)?.str()?.iter().map(|text| text.map(str::to_owned)).collect())
    };
    let addresses =
        functions.column("address")?.i64()?.iter().map(|address| address.map(|address| format!("{address:#x}")));
    let mut columns = vec![text("function")?, text("module")?, addresses.collect(), places_in_source(functions)?];
    columns.push(whole(functions.column("lines")?)?);
    for metric in weighted {
        columns.push(fractions(functions.column(metric.name())?)?);
    }
    for name in ["calls_a", "calls_b", "runs_a", "runs_b"] {
        columns.push(whole(functions.column(name)?)?);
    }
    for (name, places) in [("incidence_difference", 2), ("fisher_p", 3), ("fisher_q", 3)] {
        let values = functions.column(name)?.f64()?;
        columns.push(values.iter().map(|value| value.map(|value| decimal(value, places))).collect());
    }
    Ok(transposed(&columns, functions.height()))
}

/// File and line of each function.
fn places_in_source(functions: &DataFrame) -> PolarsResult<Vec<Option<String>>> {
    let (files, lines) = (functions.column("file")?.str()?, functions.column("line")?.i32()?);
    let place = |(file, line): (Option<&str>, Option<i32>)| match line {
        Some(line) => file.map(|file| format!("{file}:{line}")),
        None => file.map(str::to_owned),
    };
    Ok(files.iter().zip(lines.iter()).map(place).collect())
}
