//! `docs/tables.md` says what the schemas say.
//!
//! `UPDATE_DOCS=1 cargo test -p hap-schemas` writes the file anew.

#![cfg(test)]

use std::path::Path;

use hap_schemas::{Column, ColumnType, SCHEMA_VERSION, Table, tables};

const HEAD: &str = "# Tables\n\nMade from the schemas by `UPDATE_DOCS=1 cargo test -p hap-schemas`; a test compares.\n\n\
    All files are Parquet with zstd compression. Dictionary columns read as text (Polars: categorical). There are no unsigned columns: addresses are \
    the bits of the u64 in an i64. Times are nanoseconds of the trace clock.\nThe key-value metadata of every file holds `hap.table`, \
    `hap.schema_version`, `hap.tool_version` and `hap.kernel_build_id`.\n";

fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Bool => "bool",
        ColumnType::Int32 => "i32",
        ColumnType::Int64 => "i64",
        ColumnType::Float64 => "f64",
        ColumnType::Utf8 => "text",
        ColumnType::Dictionary => "dictionary",
        ColumnType::Counts => "list of {name, count}",
        ColumnType::Labels => "list of {key, value}",
    }
}

fn path(table: &Table) -> &'static str {
    match *table {
        tables::RUNS => "runs/run=RUN/runs.parquet",
        tables::THREADS => "threads/run=RUN/threads.parquet",
        tables::FUNCTIONS => "functions/run=RUN/functions.parquet",
        tables::WINDOWS => "windows/run=RUN/windows.parquet",
        tables::EVENTS => "events/run=RUN/cpu=N.parquet",
        tables::KERNEL => "kernels/build_id=ID/kernel.parquet",
        tables::KERNEL_FUNCTIONS => "kernels/build_id=ID/functions.parquet",
        tables::KERNEL_LINES => "kernels/build_id=ID/lines.parquet",
        tables::BUGS => "bugs/source=SOURCE/bugs.parquet",
        tables::DENSITY => "bugs/source=SOURCE/density.parquet",
        tables::DENSITY_FITS => "bugs/source=SOURCE/fits.parquet",
        _ => "?",
    }
}

fn row(column: &Column) -> String {
    let null = if column.nullable { "yes" } else { "" };
    format!("| `{}` | {} | {null} | {} |", column.name, type_name(column.kind), column.doc)
}

fn section(table: &Table) -> String {
    let rows: Vec<_> = table.columns.iter().map(row).collect();
    format!("## `{}`\n\n| column | type | null | what |\n|---|---|---|---|\n{}\n", path(table), rows.join("\n"))
}

fn rendered() -> String {
    let sections: Vec<_> = tables::ALL.iter().map(section).collect();
    format!("{HEAD}\nSchema version {SCHEMA_VERSION}.\n\n{}", sections.join("\n"))
}

#[test]
fn the_tables_document_says_what_the_schemas_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tables.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, rendered()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), rendered(), "run UPDATE_DOCS=1 cargo test -p hap-schemas");
}

#[test]
fn no_two_columns_of_a_table_share_a_name() {
    for table in tables::ALL {
        let names: std::collections::BTreeSet<_> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), table.columns.len(), "{}", table.name);
    }
}
