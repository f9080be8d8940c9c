//! Parquet tables of a dataset, read back: columns by name, whatever else the file holds.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use hap_schemas::io_remedy;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use thiserror::Error;

/// Why a table cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file system refused.
    #[error("{path}: {source}; {remedy}", path = path.display(), remedy = io_remedy(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not Parquet, or not this table.
    #[error("{path}: {detail}; write the table again with hap-ingest", path = path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
}

/// Some columns of a table.
#[derive(Debug)]
pub struct TableColumns {
    path: PathBuf,
    batches: Vec<RecordBatch>,
}

impl TableColumns {
    /// Reads the columns of these names.
    pub fn read(path: &Path, names: &[&str]) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
        let decode = |error: &dyn std::error::Error| decode_error(path, error.to_string());
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| decode(&error))?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
        let reader = builder.with_projection(mask).build().map_err(|error| decode(&error))?;
        let batches = reader.collect::<Result<_, _>>().map_err(|error| decode(&error))?;
        Ok(Self { path: path.to_owned(), batches })
    }

    /// A column of text, dictionary-encoded or plain.
    pub fn texts(&self, name: &str) -> Result<Vec<Option<String>>, ReadError> {
        self.column(name, &DataType::Utf8, |array| {
            Some(array.as_string_opt::<i32>()?.iter().map(|value| value.map(str::to_owned)).collect())
        })
    }

    /// A column of integers.
    pub fn longs(&self, name: &str) -> Result<Vec<Option<i64>>, ReadError> {
        self.column(name, &DataType::Int64, |array| Some(array.as_primitive_opt::<Int64Type>()?.iter().collect()))
    }

    /// A column of small integers.
    pub fn ints(&self, name: &str) -> Result<Vec<Option<i32>>, ReadError> {
        self.column(name, &DataType::Int32, |array| Some(array.as_primitive_opt::<Int32Type>()?.iter().collect()))
    }

    fn column<T>(
        &self,
        name: &str,
        kind: &DataType,
        values: impl Fn(&ArrayRef) -> Option<Vec<T>>,
    ) -> Result<Vec<T>, ReadError> {
        let mut all = Vec::new();
        for batch in &self.batches {
            let column = batch.column_by_name(name);
            let column = column.ok_or_else(|| decode_error(&self.path, format!("no column {name}")))?;
            let plain = cast(column, kind).map_err(|error| decode_error(&self.path, format!("{name}: {error}")))?;
            all.extend(values(&plain).ok_or_else(|| decode_error(&self.path, format!("{name} is not {kind}")))?);
        }
        Ok(all)
    }
}

fn decode_error(path: &Path, detail: String) -> ReadError {
    ReadError::Decode { path: path.to_owned(), detail }
}
