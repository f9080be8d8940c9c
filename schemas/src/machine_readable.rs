//! The contracts for other programs: `run.json` as a JSON Schema, tables as Frictionless Table Schemas.
//!
//! The files are kept in `schemas/json`; a test compares them with what is made here.

use serde::Serialize;
use serde_json::Value;

use crate::{Column, ColumnType, RUN_JSON_VERSION, RunJson, SCHEMA_VERSION, Table};

/// The profile that the table schemas follow: <https://datapackage.org/standard/table-schema/>.
const TABLE_SCHEMA_PROFILE: &str = "https://datapackage.org/profiles/2.0/tableschema.json";

/// JSON Schema (draft 2020-12) of `run.json`, with keys in alphabetical order.
pub fn run_json_schema() -> Value {
    let mut schema = schemars::schema_for!(RunJson);
    schema.insert("$comment".to_owned(), format!("version {RUN_JSON_VERSION} of run.json, made from the code").into());
    let mut schema = schema.to_value();
    // The order of keys depends on features that other crates of a build ask for; a file must not.
    schema.sort_all_objects();
    schema
}

/// A table as a Table Schema of the Data Package standard; `x-` properties are ours.
pub fn table_schema(table: &'static Table) -> TableSchema {
    TableSchema {
        profile: TABLE_SCHEMA_PROFILE,
        name: table.id,
        description: table.doc,
        path: table.path,
        table: table.name,
        schema_version: SCHEMA_VERSION,
        fields: table.columns.iter().map(field).collect(),
    }
}

/// A table for other programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableSchema {
    #[serde(rename = "$schema")]
    profile: &'static str,
    name: &'static str,
    description: &'static str,
    #[serde(rename = "x-path")]
    path: &'static str,
    /// Value of the key `hap.table` in the metadata of its files.
    #[serde(rename = "x-table")]
    table: &'static str,
    #[serde(rename = "x-schema-version")]
    schema_version: &'static str,
    fields: Vec<Field>,
}

/// A column for other programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Field {
    name: &'static str,
    /// Type of the standard.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "x-type")]
    exact_kind: &'static str,
    #[serde(rename = "x-arrow-type")]
    arrow_type: &'static str,
    #[serde(rename = "x-unit", skip_serializing_if = "str::is_empty")]
    unit: &'static str,
    description: &'static str,
    constraints: Constraints,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Constraints {
    required: bool,
}

fn field(column: &'static Column) -> Field {
    Field {
        name: column.name,
        kind: standard_type(column.kind),
        exact_kind: column.kind.name(),
        arrow_type: arrow_type(column.kind),
        unit: column.unit,
        description: column.doc,
        constraints: Constraints { required: !column.nullable },
    }
}

const fn standard_type(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Bool => "boolean",
        ColumnType::Int32 | ColumnType::Int64 => "integer",
        ColumnType::Float64 => "number",
        ColumnType::Utf8 | ColumnType::Dictionary => "string",
        ColumnType::Counts | ColumnType::Labels => "array",
    }
}

/// The Arrow type in the file, as pyarrow writes it.
const fn arrow_type(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Bool => "bool",
        ColumnType::Int32 => "int32",
        ColumnType::Int64 => "int64",
        ColumnType::Float64 => "double",
        ColumnType::Utf8 => "string",
        ColumnType::Dictionary => "dictionary<values=string, indices=int32, ordered=0>",
        ColumnType::Counts => "list<item: struct<name: string not null, count: int64 not null> not null>",
        ColumnType::Labels => "list<item: struct<key: string not null, value: string not null> not null>",
    }
}
