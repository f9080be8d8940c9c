//! One Parquet file of a table: its columns by name, and the facts in its key-value metadata.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::Path;

use hap_schemas::{Column as TableColumn, ColumnType, SCHEMA_VERSION, Table, metadata_key, tables};
use polars::io::HiveOptions;
use polars::io::mmap::MmapBytesReader;
use polars::prelude::*;

use crate::{Error, Result};

/// Some columns of a file, after a check that it holds the table. Dictionary columns come as plain text,
/// since the dictionaries of different files do not agree. A nullable column that the file lacks, such as one of
/// an older schema, is null.
pub(crate) fn scan(path: &Path, table: &'static Table, columns: &[&str]) -> Result<LazyFrame> {
    let present = checked_columns(path, table)?;
    let columns = columns.iter().filter_map(|name| table.column(name));
    let value = |column: &TableColumn| {
        let is_absent = !present.contains(column.name) && may_be_absent(table, column);
        if is_absent { lit(NULL) } else { col(column.name) }
    };
    let columns: Vec<_> = columns.map(|column| value(column).cast(data_type(column.kind)).alias(column.name)).collect();
    Ok(open(path)?.select(columns))
}

/// Files of earlier releases lack nullable columns that came later, and `kernel.code_lines`.
fn may_be_absent(table: &Table, column: &TableColumn) -> bool {
    column.nullable || (table.name == tables::KERNEL.name && column.name == "code_lines")
}

fn open(path: &Path) -> Result<LazyFrame> {
    let hive_options = HiveOptions { enabled: Some(false), ..HiveOptions::default() };
    let args = ScanArgsParquet { glob: false, hive_options, ..ScanArgsParquet::default() };
    let location = PlRefPath::try_from_path(path).map_err(|source| table_error(path, source))?;
    LazyFrame::scan_parquet(location, args).map_err(|source| table_error(path, source))
}

pub(crate) fn read(path: &Path, table: &'static Table, columns: &[&str]) -> Result<DataFrame> {
    scan(path, table, columns)?.collect().map_err(|source| table_error(path, source))
}

/// Some columns of a small file, read at once: a run of a dataset has several, and planning a query for each would take
/// longer than reading it. As [`scan`] otherwise.
pub(crate) fn read_file(path: &Path, table: &'static Table, columns: &[&str]) -> Result<DataFrame> {
    let mut reader = reader(path)?;
    let present = checked(facts_of(&mut reader, path)?, path, table)?;
    let wanted = columns.iter().filter_map(|name| table.column(name));
    let (here, absent): (Vec<_>, Vec<_>) = wanted.partition(|column| present.contains(column.name));
    if let Some(column) = absent.iter().find(|column| !may_be_absent(table, column)) {
        let missing = PolarsError::ColumnNotFound(column.name.into());
        return Err(table_error(path, missing));
    }
    let names = here.iter().map(|column| column.name.to_owned()).collect();
    let problem = |source| table_error(path, source);
    let frame = reader.with_columns(Some(names)).finish().map_err(problem)?;
    let mut found = Vec::new();
    for column in here {
        found.push(frame.column(column.name).and_then(|values| values.cast(&data_type(column.kind))).map_err(problem)?);
    }
    found.extend(
        absent.iter().map(|column| Column::full_null(column.name.into(), frame.height(), &data_type(column.kind))),
    );
    DataFrame::new(frame.height(), found).map_err(problem)
}

/// A reader of a small file, without threads of its own: files are read side by side. The file is read as a whole, since a
/// map of each of thousands costs more than its bytes.
fn reader(path: &Path) -> Result<ParquetReader<Cursor<Vec<u8>>>> {
    let bytes = fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Ok(ParquetReader::new(Cursor::new(bytes)).read_parallel(ParallelStrategy::None))
}

fn data_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Utf8 | ColumnType::Dictionary => DataType::String,
        ColumnType::Counts => pairs("name", "count", DataType::Int64),
        ColumnType::Labels => pairs("key", "value", DataType::String),
    }
}

/// A list of structs of a text and something else.
fn pairs(first: &str, second: &str, second_type: DataType) -> DataType {
    let fields = vec![Field::new(first.into(), DataType::String), Field::new(second.into(), second_type)];
    DataType::List(Box::new(DataType::Struct(fields)))
}

/// A column of texts.
pub(crate) fn texts(path: &Path, frame: &DataFrame, name: &str) -> Result<Vec<Option<String>>> {
    let column = frame.column(name).and_then(|column| column.str());
    let column = column.map_err(|source| table_error(path, source))?;
    Ok(column.iter().map(|text| text.map(str::to_owned)).collect())
}

/// The number in the first row of a column.
pub(crate) fn integer(path: &Path, frame: &DataFrame, name: &str) -> Result<Option<i64>> {
    let column = frame.column(name).and_then(|column| column.i64());
    Ok(column.map_err(|source| table_error(path, source))?.get(0))
}

/// Build id of the kernel in the file's metadata; none where it is unknown.
pub(crate) fn build_id(path: &Path) -> Result<Option<String>> {
    let facts = facts(path)?;
    let id = facts.pairs.into_iter().find(|(key, _)| key == metadata_key::KERNEL_BUILD_ID);
    Ok(id.map(|(_, id)| id).filter(|id| !id.is_empty()))
}

/// Checks table name and schema version in the file's key-value metadata, and gives the names of its columns.
fn checked_columns(path: &Path, table: &'static Table) -> Result<BTreeSet<String>> {
    checked(facts(path)?, path, table)
}

/// The same of a file's facts. A file without metadata, such as one rewritten by another program, is taken as what its place
/// says.
fn checked(facts: Facts, path: &Path, table: &'static Table) -> Result<BTreeSet<String>> {
    for (key, value) in facts.pairs {
        if key == metadata_key::TABLE && value != table.name {
            return Err(Error::WrongTable { path: path.to_owned(), found: value, expected: table.name });
        }
        if key == metadata_key::SCHEMA_VERSION && major(&value) > major(SCHEMA_VERSION) {
            return Err(Error::TooNew { path: path.to_owned(), found: value, known: SCHEMA_VERSION });
        }
    }
    Ok(facts.columns)
}

/// What a file says of itself.
struct Facts {
    /// Names of its columns.
    columns: BTreeSet<String>,
    /// Its key-value metadata.
    pairs: Vec<(String, String)>,
}

fn facts(path: &Path) -> Result<Facts> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    facts_of(&mut ParquetReader::new(file), path)
}

fn facts_of(reader: &mut ParquetReader<impl MmapBytesReader>, path: &Path) -> Result<Facts> {
    let metadata = reader.get_metadata().map_err(|source| table_error(path, source))?;
    let pairs = metadata.key_value_metadata().iter().flatten();
    Ok(Facts {
        columns: metadata.schema().fields().iter().map(|field| field.name().to_owned()).collect(),
        pairs: pairs.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default())).collect(),
    })
}

fn major(version: &str) -> u64 {
    version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

/// What Polars says of a file.
pub(crate) fn table_error(path: &Path, source: PolarsError) -> Error {
    Error::Table { path: path.to_owned(), source }
}
