//! Tables of a dataset for reading.

use hap_schemas::{Column, Table};

use super::{Heading, grid};
use crate::schema::unit;

/// A block a table: its name and file, what a row is, and its columns.
pub(crate) fn blocks(tables: &[&Table]) -> String {
    tables.iter().map(|table| block(table)).collect::<Vec<_>>().join("\n")
}

fn block(table: &Table) -> String {
    let headings = ["column", "type", "unit", "null", "what"].map(Heading::text);
    let rows: Vec<_> = table.columns.iter().map(cells).collect();
    format!("{}: {}\n{}\n{}", table.id, table.path, table.doc, grid(&headings, &rows))
}

fn cells(column: &Column) -> Vec<Option<String>> {
    let null = if column.nullable { "yes" } else { "no" };
    let texts = [Some(column.name), Some(column.kind.name()), unit(column), Some(null), Some(column.doc)];
    texts.map(|text| text.map(str::to_owned)).to_vec()
}
