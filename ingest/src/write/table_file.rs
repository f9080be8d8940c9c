//! A Parquet file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};
use hap_schemas::io_remedy;
use hap_schemas::{ColumnType, SCHEMA_VERSION, Table, metadata_key};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use tempfile::NamedTempFile;
use thiserror::Error;

use super::schema::arrow_schema;

/// Rows of a row group where the table does not ask for another number.
const ROW_GROUP_ROWS: usize = 1 << 17;

/// Why a table could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The file system refused.
    #[error("{path}: {source}; {remedy}", path = path.display(), remedy = io_remedy(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The columns do not fit the schema, or Parquet refused.
    #[error("{path}: {detail}; this is a fault of hap: please report it with the command", path = path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder says.
        detail: String,
    },
}

/// Key-value metadata of a file, beside the table's name and the versions.
#[derive(Clone, Debug, Default)]
pub struct FileMetadata {
    /// Build id of the kernel in hexadecimal; empty when unknown.
    pub build_id: String,
    /// Further pairs.
    pub extra: Vec<(&'static str, String)>,
    /// Integer columns that are stored as differences to the row before, without a dictionary.
    pub delta_columns: &'static [&'static str],
    /// Integer columns whose bytes of one significance are stored together, without a dictionary: for values of one size that
    /// follow no order.
    pub split_columns: &'static [&'static str],
    /// Rows of a row group; none: the default.
    pub row_group_rows: Option<usize>,
    /// Level of zstd; none: the default.
    pub zstd_level: Option<i32>,
}

/// A table being written to a temporary file beside its final place.
pub struct TableFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<BufWriter<NamedTempFile>>,
}

impl TableFile {
    /// Starts a table at `path`; missing folders are made.
    pub fn create(path: &Path, table: &Table, metadata: &FileMetadata) -> Result<Self, WriteError> {
        let schema = arrow_schema(table);
        let temporary = temporary_beside(path)?;
        let writer = ArrowWriter::try_new(BufWriter::new(temporary), schema.clone(), Some(properties(table, metadata)))
            .map_err(|error| encode_error(path, &error))?;
        Ok(Self { path: path.to_owned(), schema, writer })
    }

    /// Appends rows: one array per column of the table, in the schema's order.
    pub fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), WriteError> {
        let batch =
            RecordBatch::try_new(self.schema.clone(), columns).map_err(|error| encode_error(&self.path, &error))?;
        self.writer.write(&batch).map_err(|error| encode_error(&self.path, &error))
    }

    /// Appends rows, passing on the error of a column that could not be built.
    pub fn write_columns(&mut self, columns: Vec<Result<ArrayRef, ArrowError>>) -> Result<(), WriteError> {
        let columns: Result<Vec<_>, _> = columns.into_iter().collect();
        self.write(columns.map_err(|error| encode_error(&self.path, &error))?)
    }

    /// Ends the file and moves it to its place.
    pub fn finish(self) -> Result<(), WriteError> {
        let Self { path, writer, .. } = self;
        let buffered = writer.into_inner().map_err(|error| encode_error(&path, &error))?;
        let temporary = buffered.into_inner().map_err(|error| io_error(&path, error.into_error()))?;
        publish(temporary, &path)
    }
}

fn temporary_beside(path: &Path) -> Result<NamedTempFile, WriteError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
    tempfile::Builder::new()
        .prefix(".hap-")
        .suffix(".tmp")
        .permissions(readable_by_all())
        .tempfile_in(folder)
        .map_err(|error| io_error(folder, error))
}

/// Temporary files are private by default; a dataset is for others to read.
fn readable_by_all() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

fn publish(temporary: NamedTempFile, path: &Path) -> Result<(), WriteError> {
    temporary.as_file().sync_all().map_err(|error| io_error(path, error))?;
    temporary.persist(path).map_err(|error| io_error(path, error.error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| io_error(folder, error))
}

fn properties(table: &Table, metadata: &FileMetadata) -> WriterProperties {
    let tool = format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let mut pairs = vec![
        pair(metadata_key::TABLE, table.name),
        pair(metadata_key::SCHEMA_VERSION, SCHEMA_VERSION),
        pair(metadata_key::TOOL_VERSION, &tool),
        pair(metadata_key::KERNEL_BUILD_ID, &metadata.build_id),
    ];
    pairs.extend(metadata.extra.iter().map(|(key, value)| pair(key, value)));
    let level = metadata.zstd_level.and_then(|level| ZstdLevel::try_new(level).ok()).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(metadata.row_group_rows.unwrap_or(ROW_GROUP_ROWS)))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(tool)
        .set_key_value_metadata(Some(pairs));
    // The smallest and largest text of a column helps no reader, and costs a comparison a row.
    for column in table.columns.iter().filter(|column| column.kind == ColumnType::Dictionary) {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(column.name), EnabledStatistics::None);
    }
    let delta = metadata.delta_columns.iter().map(|column| (column, Encoding::DELTA_BINARY_PACKED));
    let split = metadata.split_columns.iter().map(|column| (column, Encoding::BYTE_STREAM_SPLIT));
    for (column, encoding) in delta.chain(split) {
        let column = ColumnPath::from(*column);
        builder = builder.set_column_dictionary_enabled(column.clone(), false).set_column_encoding(column, encoding);
    }
    builder.build()
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue::new(key.to_owned(), value.to_owned())
}

fn io_error(path: &Path, source: io::Error) -> WriteError {
    WriteError::Io { path: path.to_owned(), source }
}

fn encode_error(path: &Path, error: &dyn std::error::Error) -> WriteError {
    WriteError::Encode { path: path.to_owned(), detail: error.to_string() }
}
