//! The tables of a dataset on disk: the one place that knows folders, files and their metadata.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use hap_schemas::{ColumnType, SCHEMA_VERSION, Table, metadata_key, tables};
use polars::io::HiveOptions;
use polars::prelude::*;

use crate::kernel_match::Kernel;
use crate::runs::{Losses, Run};
use crate::{Error, Result};

/// A dataset: a folder of Hive-partitioned Parquet tables, see [`hap_schemas::tables`].
#[derive(Clone, Debug)]
pub struct Dataset {
    root: PathBuf,
}

impl Dataset {
    /// The dataset in a folder, which must hold at least one run.
    pub fn open(root: &Path) -> Result<Self> {
        if partitions(&root.join(tables::RUNS.name), "run=")?.is_empty() {
            return Err(Error::NotADataset { path: root.to_owned() });
        }
        Ok(Self { root: root.to_owned() })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every run, sorted by run id.
    pub fn runs(&self) -> Result<Vec<Run>> {
        let folders = partitions(&self.root.join(tables::RUNS.name), "run=")?;
        let mut runs = folders.iter().map(|folder| self.run(folder)).collect::<Result<Vec<_>>>()?;
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(runs)
    }

    /// The fact table of some runs: run, pid, module, address, function, context, observer, calls.
    pub fn facts(&self, runs: &[&Run]) -> Result<LazyFrame> {
        self.per_run(runs, &tables::FUNCTIONS, &FACT_COLUMNS)
    }

    /// The threads of some runs: run, pid, role.
    pub fn threads(&self, runs: &[&Run]) -> Result<LazyFrame> {
        self.per_run(runs, &tables::THREADS, &["pid", "role"])
    }

    /// The kernels that have tables, sorted by build id.
    pub fn kernels(&self) -> Result<Vec<Kernel>> {
        let mut kernels = Vec::new();
        for folder in partitions(&self.root.join("kernels"), "build_id=")? {
            let path = self.root.join("kernels").join(&folder).join("kernel.parquet");
            if path.exists() {
                let row = read(&path, &tables::KERNEL, &["build_id", "release", "kernel_fingerprint"])?;
                let text = |name: &str| texts(&path, &row, name).map(|values| values.into_iter().next().flatten());
                let (build_id, fingerprint) = (text("build_id")?, text("kernel_fingerprint")?);
                let (build_id, fingerprint) = (build_id.unwrap_or_default(), fingerprint.unwrap_or_default());
                kernels.push(Kernel { build_id, fingerprint, release: text("release")?, folder });
            }
        }
        kernels.sort_by(|a, b| a.build_id.cmp(&b.build_id));
        Ok(kernels)
    }

    /// Functions of a kernel: module, address, source_address, function, file, line, lines.
    pub fn kernel_functions(&self, kernel: &Kernel) -> Result<LazyFrame> {
        let columns = ["module", "address", "source_address", "function", "file", "line", "lines"];
        scan(&self.kernel_path(kernel, "functions.parquet"), &tables::KERNEL_FUNCTIONS, &columns)
    }

    /// Executable lines of a kernel's functions: module, address, file, line.
    pub fn kernel_lines(&self, kernel: &Kernel) -> Result<LazyFrame> {
        let columns = ["module", "address", "file", "line"];
        scan(&self.kernel_path(kernel, "lines.parquet"), &tables::KERNEL_LINES, &columns)
    }

    fn kernel_path(&self, kernel: &Kernel, file: &str) -> PathBuf {
        self.root.join("kernels").join(&kernel.folder).join(file)
    }

    fn run_path(&self, folder: &str, table: &Table) -> PathBuf {
        self.root.join(table.name).join(folder).join(format!("{}.parquet", table.name))
    }

    fn per_run(&self, runs: &[&Run], table: &'static Table, columns: &[&str]) -> Result<LazyFrame> {
        let frames = runs.iter().map(|run| {
            let frame = scan(&self.run_path(&run.folder, table), table, columns)?;
            Ok(frame.with_column(lit(run.id.as_str()).alias("run")))
        });
        Ok(concat(frames.collect::<Result<Vec<_>>>()?, UnionArgs::default())?)
    }

    fn run(&self, folder: &str) -> Result<Run> {
        let path = self.run_path(folder, &tables::RUNS);
        let names: Vec<_> =
            tables::RUNS.columns.iter().filter(|column| is_scalar(column.kind)).map(|c| c.name).collect();
        let row = read(&path, &tables::RUNS, &names)?;
        let mut columns = BTreeMap::new();
        for name in names {
            let text = row.column(name).and_then(|column| column.cast(&DataType::String));
            let text = text.and_then(|column| Ok(column.str()?.get(0).map(str::to_owned)));
            if let Some(value) = text.map_err(|source| table_error(&path, source))? {
                columns.insert(name.to_owned(), value);
            }
        }
        let count = |name: &str| columns.get(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        let losses = Losses {
            events: count("events_lost"),
            unknown: count("lost_pages_unknown"),
            undecodable_bytes: count("undecodable_bytes"),
            skipped: count("records_skipped"),
            damaged_places: count("damaged_places"),
            unresolved_addresses: count("unresolved_addresses"),
        };
        let threads_listed = count("threads_listed");
        let id = columns.get("run").cloned().unwrap_or_default();
        Ok(Run { id, folder: folder.to_owned(), labels: labels(&path)?, columns, threads_listed, losses })
    }
}

const FACT_COLUMNS: [&str; 7] = ["pid", "module", "address", "function", "context", "observer", "calls"];

/// Whether a column holds one number, text or truth value a row.
pub(crate) fn is_scalar(kind: ColumnType) -> bool {
    !matches!(kind, ColumnType::Counts | ColumnType::Labels)
}

/// Folders whose name begins with `prefix`, sorted; none when the parent does not exist.
fn partitions(parent: &Path, prefix: &str) -> Result<Vec<String>> {
    if !parent.is_dir() {
        return Ok(Vec::new());
    }
    let io_error = |source| Error::Io { path: parent.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(parent).map_err(io_error)? {
        let name = entry.map_err(io_error)?.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Some columns of a file, after a check that it holds the table. Dictionary columns come as plain text,
/// since the dictionaries of different files do not agree.
fn scan(path: &Path, table: &'static Table, columns: &[&str]) -> Result<LazyFrame> {
    check_metadata(path, table)?;
    let columns: Vec<_> = columns.iter().filter_map(|name| table.column(name)).collect();
    let columns: Vec<_> = columns.into_iter().map(|column| col(column.name).cast(data_type(column.kind))).collect();
    Ok(open(path)?.select(columns))
}

fn open(path: &Path) -> Result<LazyFrame> {
    let hive_options = HiveOptions { enabled: Some(false), ..HiveOptions::default() };
    let args = ScanArgsParquet { glob: false, hive_options, ..ScanArgsParquet::default() };
    let location = PlRefPath::try_from_path(path).map_err(|source| table_error(path, source))?;
    LazyFrame::scan_parquet(location, args).map_err(|source| table_error(path, source))
}

fn read(path: &Path, table: &'static Table, columns: &[&str]) -> Result<DataFrame> {
    scan(path, table, columns)?.collect().map_err(|source| table_error(path, source))
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

/// The free labels in a file of table `runs`.
fn labels(path: &Path) -> Result<BTreeMap<String, String>> {
    let rows = open(path)?.select([col("labels").explode(EXPLODE)]).select([
        col("labels").struct_().field_by_name("key").cast(DataType::String).alias("key"),
        col("labels").struct_().field_by_name("value").cast(DataType::String).alias("value"),
    ]);
    let rows = rows.collect().map_err(|source| table_error(path, source))?;
    let (keys, values) = (texts(path, &rows, "key")?, texts(path, &rows, "value")?);
    Ok(keys.into_iter().zip(values).filter_map(|(key, value)| Some((key?, value?))).collect())
}

const EXPLODE: ExplodeOptions = ExplodeOptions { empty_as_null: false, keep_nulls: false };

fn texts(path: &Path, frame: &DataFrame, name: &str) -> Result<Vec<Option<String>>> {
    let column = frame.column(name).and_then(|column| column.str());
    let column = column.map_err(|source| table_error(path, source))?;
    Ok(column.iter().map(|text| text.map(str::to_owned)).collect())
}

/// Checks table name and schema version in the file's key-value metadata. A file without them, such as one
/// rewritten by another program, is taken as what its place says.
fn check_metadata(path: &Path, table: &'static Table) -> Result<()> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    let mut reader = ParquetReader::new(file);
    let metadata = reader.get_metadata().map_err(|source| table_error(path, source))?;
    for pair in metadata.key_value_metadata().iter().flatten() {
        let value = pair.value.as_deref().unwrap_or_default();
        if pair.key == metadata_key::TABLE && value != table.name {
            return Err(Error::WrongTable { path: path.to_owned(), found: value.to_owned(), expected: table.name });
        }
        if pair.key == metadata_key::SCHEMA_VERSION && major(value) > major(SCHEMA_VERSION) {
            return Err(Error::TooNew { path: path.to_owned(), found: value.to_owned(), known: SCHEMA_VERSION });
        }
    }
    Ok(())
}

fn major(version: &str) -> u64 {
    version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

fn table_error(path: &Path, source: PolarsError) -> Error {
    Error::Table { path: path.to_owned(), source }
}
