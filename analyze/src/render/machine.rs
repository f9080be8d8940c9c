//! Results for other programs: the same columns by name in every format.

use std::io::Write;

use polars::prelude::*;

/// A machine format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// Comma-separated values with a header; a missing value is empty.
    Csv,
    /// An array of objects, one a row.
    Json,
    /// Parquet, zstd.
    Parquet,
}

/// The frame as a file of that format.
pub(crate) fn write(frame: &mut DataFrame, format: Machine) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    match format {
        Machine::Csv => CsvWriter::new(&mut bytes).include_header(true).finish(frame)?,
        Machine::Json => {
            JsonWriter::new(&mut bytes).with_json_format(JsonFormat::Json).finish(frame)?;
            bytes.write_all(b"\n")?;
        }
        Machine::Parquet => {
            ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Zstd(None)).finish(frame)?;
        }
    }
    Ok(bytes)
}
