//! The tables of a dataset on disk: the one place that knows folders, files and their metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use hap_schemas::{ColumnType, Table, tables};
use polars::prelude::*;
use rayon::prelude::*;

use crate::blind_spot::BlindSpot;
use crate::kernel_match::Kernel;
use crate::parquet_file::{build_id, integer, read, read_file, scan, table_error, texts};
use crate::progress::Progress;
use crate::runs::{Losses, Run};
use crate::{Error, Result};

/// A dataset: a folder of Hive-partitioned Parquet tables, see [`hap_schemas::tables`].
#[derive(Clone, Debug)]
pub struct Dataset {
    root: PathBuf,
    progress: Progress,
}

impl Dataset {
    /// The dataset in a folder, which must hold at least one run.
    pub fn open(root: &Path) -> Result<Self> {
        if partitions(&root.join(tables::RUNS.name), "run=")?.is_empty() {
            return Err(Error::NotADataset { path: root.to_owned() });
        }
        Ok(Self { root: root.to_owned(), progress: Progress::default() })
    }

    /// The same dataset, whose reading is told to `progress`.
    #[must_use]
    pub fn with_progress(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// Where reading is told to.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every run, sorted by run id, with its labels, the columns that the commands use, and those of `keys`: each column read
    /// costs a page, of thousands of runs.
    pub fn runs<'k>(&self, keys: impl IntoIterator<Item = &'k str>) -> Result<Vec<Run>> {
        let folders = partitions(&self.root.join(tables::RUNS.name), "run=")?;
        let steps = self.progress.begin("finding runs", folders.len());
        let columns = columns(&keys.into_iter().collect());
        let run = |folder: &String| {
            let run = self.run(folder, &columns);
            steps.step();
            run
        };
        let mut runs = folders.par_iter().map(run).collect::<Result<Vec<_>>>()?;
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(runs)
    }

    /// The names of the threads of some runs: run, pid, role, comm, calls.
    pub fn thread_names(&self, runs: &[&Run]) -> Result<LazyFrame> {
        let frames = runs.iter().map(|run| {
            let path = self.run_path(&run.folder, &tables::THREADS);
            let frame = scan(&path, &tables::THREADS, &["pid", "role", "comm", "calls"])?;
            Ok(frame.with_column(lit(run.id.as_str()).alias("run")))
        });
        Ok(concat(frames.collect::<Result<Vec<_>>>()?, UnionArgs::default())?)
    }

    /// The kernels that have tables, sorted by build id.
    pub fn kernels(&self) -> Result<Vec<Kernel>> {
        let mut kernels = Vec::new();
        for folder in partitions(&self.root.join("kernels"), "build_id=")? {
            let path = self.root.join("kernels").join(&folder).join("kernel.parquet");
            if path.exists() {
                kernels.push(kernel(&path, folder)?);
            }
        }
        kernels.sort_by(|a, b| a.build_id.cmp(&b.build_id));
        Ok(kernels)
    }

    /// Functions of a kernel: module, address, source_address, function, file, line, lines, complexity.
    pub fn kernel_functions(&self, kernel: &Kernel) -> Result<LazyFrame> {
        let columns = ["module", "address", "source_address", "function", "file", "line", "lines", "complexity"];
        scan(&self.kernel_path(kernel, "functions.parquet"), &tables::KERNEL_FUNCTIONS, &columns)
    }

    /// Executable lines of a kernel's functions: module, address, file, line.
    pub fn kernel_lines(&self, kernel: &Kernel) -> Result<LazyFrame> {
        let columns = ["module", "address", "file", "line"];
        scan(&self.kernel_path(kernel, "lines.parquet"), &tables::KERNEL_LINES, &columns)
    }

    /// The sources that have a bug table with densities, sorted.
    pub fn bug_sources(&self) -> Result<Vec<String>> {
        let folders = partitions(&self.root.join(tables::BUGS.name), BUG_PARTITION)?;
        let names = folders.iter().filter_map(|folder| folder.strip_prefix(BUG_PARTITION));
        Ok(names.filter(|name| self.density_path(name).exists()).map(str::to_owned).collect())
    }

    /// Bug densities of a source: model, file, module, address, density.
    pub fn densities(&self, source: &str) -> Result<LazyFrame> {
        scan(&self.density_path(source), &tables::DENSITY, &["model", "file", "module", "address", "density"])
    }

    /// Build id of the kernel that the densities of a source were made for; none where the file does not tell.
    pub fn density_build_id(&self, source: &str) -> Result<Option<String>> {
        build_id(&self.density_path(source))
    }

    /// The file with the densities of a source.
    pub fn density_path(&self, source: &str) -> PathBuf {
        self.root.join(tables::BUGS.name).join(format!("{BUG_PARTITION}{source}")).join("density.parquet")
    }

    fn kernel_path(&self, kernel: &Kernel, file: &str) -> PathBuf {
        self.root.join("kernels").join(&kernel.folder).join(file)
    }

    /// The file of a table of a run.
    pub(crate) fn run_path(&self, folder: &str, table: &Table) -> PathBuf {
        self.root.join(table.name).join(folder).join(format!("{}.parquet", table.name))
    }

    fn run(&self, folder: &str, names: &[&str]) -> Result<Run> {
        let path = self.run_path(folder, &tables::RUNS);
        let row = read_file(&path, &tables::RUNS, names)?;
        let of_row = || Ok((scalars(&row, names)?, labels(&row)?));
        let (columns, labels) = of_row().map_err(|source| table_error(&path, source))?;
        let count = |name: &str| columns.get(name).and_then(|text: &String| text.parse().ok()).unwrap_or(0);
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
        Ok(Run { id, folder: folder.to_owned(), labels, columns, threads_listed, losses })
    }
}

/// The kernel that a file of table `kernel` describes.
fn kernel(path: &Path, folder: String) -> Result<Kernel> {
    let columns = ["build_id", "release", "kernel_fingerprint", "code_lines", "blind_code_lines"];
    let row = read(path, &tables::KERNEL, &columns)?;
    let text = |name: &str| texts(path, &row, name).map(|values| values.into_iter().next().flatten());
    let (code_lines, blind) = (integer(path, &row, "code_lines")?, integer(path, &row, "blind_code_lines")?);
    Ok(Kernel {
        build_id: text("build_id")?.unwrap_or_default(),
        fingerprint: text("kernel_fingerprint")?.unwrap_or_default(),
        release: text("release")?,
        blind_spot: BlindSpot::new(code_lines, blind),
        folder,
    })
}

/// Column of the free labels.
const LABELS: &str = "labels";
/// Prefix of the folders of bug tables, before the name of the source.
const BUG_PARTITION: &str = "source=";

/// Columns of table `runs` to read: the labels, those of [`Run::COLUMNS`], and those of `keys` that are columns.
fn columns(keys: &BTreeSet<&str>) -> Vec<&'static str> {
    let is_used = |name: &str| name == LABELS || Run::COLUMNS.contains(&name) || keys.contains(name);
    let columns = tables::RUNS.columns.iter().filter(|column| is_scalar(column.kind) || column.name == LABELS);
    columns.map(|column| column.name).filter(|name| is_used(name)).collect()
}

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

/// The free labels of the first row of table `runs`.
fn labels(row: &DataFrame) -> PolarsResult<BTreeMap<String, String>> {
    let Some(pairs) = row.column(LABELS)?.list()?.get_as_series(0) else { return Ok(BTreeMap::new()) };
    let pairs = pairs.struct_()?;
    let (keys, values) = (pairs.field_by_name("key")?, pairs.field_by_name("value")?);
    let pairs = keys.str()?.iter().zip(values.str()?.iter());
    Ok(pairs.filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned()))).collect())
}

/// The values of the first row that are not null, as text.
fn scalars(row: &DataFrame, names: &[&str]) -> PolarsResult<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for name in names.iter().filter(|name| **name != LABELS) {
        let text = row.column(name)?.cast(&DataType::String)?;
        if let Some(text) = text.str()?.get(0) {
            found.insert((*name).to_owned(), text.to_owned());
        }
    }
    Ok(found)
}
