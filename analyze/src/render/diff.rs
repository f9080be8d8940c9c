//! A difference as text: the counts, then the list, most lines first.

use polars::prelude::*;

use super::{Heading, grid, thousands};
use crate::diff::Side;

/// Counts of each side: one row a side, with the value of each metric.
pub(crate) fn counts(counts: &DataFrame) -> PolarsResult<String> {
    let headings = [
        Heading::text(""),
        Heading::number("functions", "functions"),
        Heading::number("lines", "lines of code"),
        Heading::number("code_lines", "code lines"),
    ];
    let mut rows = Vec::new();
    for index in 0..counts.height() {
        let value = |name: &str| Ok::<_, PolarsError>(counts.column(name)?.i64()?.get(index).map(thousands));
        let side = counts.column("side")?.str()?.get(index).map(title);
        rows.push(vec![side, value("functions")?, value("lines")?, value("code_lines")?]);
    }
    Ok(grid(&headings, &rows))
}

fn title(side: &str) -> String {
    match side {
        "a" => "only in A".to_owned(),
        "b" => "only in B".to_owned(),
        _ => "in both".to_owned(),
    }
}

/// The functions of the sides asked for, at most `limit` of each; what is not shown is counted.
pub(crate) fn list(functions: &DataFrame, sides: &[Side], limit: usize) -> PolarsResult<String> {
    let blocks = sides.iter().map(|side| block(functions, *side, limit)).collect::<PolarsResult<Vec<_>>>()?;
    Ok(blocks.join("\n"))
}

fn block(functions: &DataFrame, side: Side, limit: usize) -> PolarsResult<String> {
    let mut rows = rows_of(functions, side)?;
    let hidden = rows.len().saturating_sub(limit);
    rows.truncate(limit);
    let title = format!("functions {}", title(side.name()));
    if rows.is_empty() && hidden == 0 {
        return Ok(format!("{title}: none\n"));
    }
    let more = match hidden {
        0 => String::new(),
        hidden => format!("... {} more: --limit N shows N of them\n", thousands(hidden as i64)),
    };
    Ok(format!("{title}\n{}{more}", grid(&headings(), &rows)))
}

fn headings() -> [Heading; 9] {
    [
        Heading::text("function"),
        Heading::text("module"),
        Heading::number("address", ""),
        Heading::text("source"),
        Heading::number("lines", "lines of code"),
        Heading::number("calls A", ""),
        Heading::number("calls B", ""),
        Heading::number("runs A", ""),
        Heading::number("runs B", ""),
    ]
}

fn rows_of(functions: &DataFrame, side: Side) -> PolarsResult<Vec<Vec<Option<String>>>> {
    let text = |name: &str| functions.column(name)?.str();
    let number = |name: &str, index: usize| Ok::<_, PolarsError>(functions.column(name)?.i64()?.get(index));
    let shown = |name: &str, index: usize| Ok::<_, PolarsError>(number(name, index)?.map(thousands));
    let mut rows = Vec::new();
    for index in 0..functions.height() {
        if text("side")?.get(index) != Some(side.name()) {
            continue;
        }
        let line = functions.column("line")?.i32()?.get(index).map_or_else(String::new, |line| format!(":{line}"));
        rows.push(vec![
            text("function")?.get(index).map(str::to_owned),
            text("module")?.get(index).map(str::to_owned),
            number("address", index)?.map(|address| format!("{address:#x}")),
            text("file")?.get(index).map(|file| format!("{file}{line}")),
            shown("lines", index)?,
            shown("calls_a", index)?,
            shown("calls_b", index)?,
            shown("runs_a", index)?,
            shown("runs_b", index)?,
        ]);
    }
    Ok(rows)
}
