//! The tables of a dataset as a table.

use hap_schemas::{Column as TableColumn, Table};
use polars::prelude::*;

/// Columns of the result, in order.
pub const COLUMNS: [&str; 7] = ["table", "path", "column", "type", "unit", "nullable", "description"];

/// One row per column of a table: [`COLUMNS`]. `unit` is null for a column without one; `path` is below the dataset,
/// with words in capitals for values.
pub fn frame(tables: &[&Table]) -> PolarsResult<DataFrame> {
    let rows: Vec<_> =
        tables.iter().flat_map(|table| table.columns.iter().map(move |column| (*table, column))).collect();
    let texts = |value: &dyn Fn(&Table, &TableColumn) -> Option<&'static str>| {
        rows.iter().map(|(table, column)| value(table, column)).collect::<Vec<_>>()
    };
    df!(
        COLUMNS[0] => texts(&|table, _| Some(table.id)),
        COLUMNS[1] => texts(&|table, _| Some(table.path)),
        COLUMNS[2] => texts(&|_, column| Some(column.name)),
        COLUMNS[3] => texts(&|_, column| Some(column.kind.name())),
        COLUMNS[4] => texts(&|_, column| unit(column)),
        COLUMNS[5] => rows.iter().map(|(_, column)| column.nullable).collect::<Vec<_>>(),
        COLUMNS[6] => texts(&|_, column| Some(column.doc)),
    )
}

/// The unit of a column's numbers; none where they have none.
pub fn unit(column: &TableColumn) -> Option<&'static str> {
    Some(column.unit).filter(|unit| !unit.is_empty())
}
