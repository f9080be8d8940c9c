//! `docs/tables.md` says what the schemas say.
//!
//! `UPDATE_DOCS=1 cargo test -p hap-schemas` writes the file anew.

#![cfg(test)]

use std::path::Path;

use hap_schemas::{Column, ColumnType, SCHEMA_VERSION, Table, tables};

const HEAD: &str = "# Tables\n\nMade from the schemas by `UPDATE_DOCS=1 cargo test -p hap-schemas`; a test compares.\n\n\
    All files are Parquet with zstd compression. Dictionary columns read as text (Polars: categorical). There are no unsigned columns: addresses are \
    the bits of the u64 in an i64. Times are nanoseconds of the trace clock.\nThe key-value metadata of every file holds `hap.table`, \
    `hap.schema_version`, `hap.tool_version` and `hap.kernel_build_id`.\n\n\
    The same for programs: `hap-analyze schema --format json`, and a file for each table in `schemas/json`.\n";

fn row(column: &Column) -> String {
    let null = if column.nullable { "yes" } else { "" };
    format!("| `{}` | {} | {} | {null} | {} |", column.name, column.kind.name(), column.unit, column.doc)
}

fn section(table: &Table) -> String {
    let rows: Vec<_> = table.columns.iter().map(row).collect();
    format!(
        "## `{}`\n\n{}.\n\n| column | type | unit | null | what |\n|---|---|---|---|---|\n{}\n",
        table.path,
        table.doc,
        rows.join("\n")
    )
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
    for table in &tables::ALL {
        let names: std::collections::BTreeSet<_> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), table.columns.len(), "{}", table.name);
    }
}

#[test]
fn no_two_tables_share_an_id_or_a_path() {
    let ids: std::collections::BTreeSet<_> = tables::ALL.iter().map(|table| table.id).collect();
    let paths: std::collections::BTreeSet<_> = tables::ALL.iter().map(|table| table.path).collect();
    assert_eq!((ids.len(), paths.len()), (tables::ALL.len(), tables::ALL.len()));
}

#[test]
fn times_addresses_and_counts_have_a_unit_and_texts_have_none() {
    let has_unit = |column: &&Column| !column.unit.is_empty();
    let columns = || tables::ALL.iter().flat_map(|table| table.columns);
    let times: Vec<_> = columns().filter(|column| column.name.ends_with("_ns")).map(|column| column.unit).collect();
    assert_eq!(times, vec!["ns"; times.len()]);
    let addresses: Vec<_> =
        columns().filter(|column| column.name.ends_with("address")).map(|column| column.unit).collect();
    assert_eq!(addresses, vec!["bytes"; addresses.len()]);
    let counts = columns().filter(|column| column.kind == ColumnType::Counts);
    assert_eq!(counts.filter(|column| column.unit.is_empty()).map(|c| c.name).collect::<Vec<_>>(), [""; 0]);
    let texts = columns().filter(|column| {
        matches!(column.kind, ColumnType::Utf8 | ColumnType::Dictionary | ColumnType::Bool | ColumnType::Labels)
    });
    assert_eq!(texts.filter(has_unit).map(|column| column.name).collect::<Vec<_>>(), [""; 0]);
}
