//! Arrow schema of a table of [`hap_schemas::tables`].

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use hap_schemas::{Column, ColumnType, Table};

/// The Arrow schema of a table.
pub fn arrow_schema(table: &Table) -> SchemaRef {
    Arc::new(Schema::new(table.columns.iter().map(field).collect::<Vec<_>>()))
}

fn field(column: &Column) -> Field {
    Field::new(column.name, data_type(column.kind), column.nullable)
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Utf8 => DataType::Utf8,
        ColumnType::Dictionary => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        ColumnType::Counts => list_of(&counts_fields()),
        ColumnType::Labels => list_of(&labels_fields()),
    }
}

/// Fields of one element of a [`ColumnType::Counts`] column.
pub(super) fn counts_fields() -> Fields {
    Fields::from(vec![Field::new("name", DataType::Utf8, false), Field::new("count", DataType::Int64, false)])
}

/// Fields of one element of a [`ColumnType::Labels`] column.
pub(super) fn labels_fields() -> Fields {
    Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, false)])
}

fn list_of(fields: &Fields) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Struct(fields.clone()), false)))
}
