//! Why a query cannot be answered.

use std::io;
use std::path::PathBuf;

use hap_schemas::io_remedy;
use polars::error::PolarsError;
use thiserror::Error;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a query cannot be answered.
#[derive(Debug, Error)]
pub enum Error {
    /// The folder holds no runs.
    #[error("{path} is no dataset: it has no folder runs/run=*; make one with `hap-ingest runs PATH... --out {path}`")]
    NotADataset {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}; {remedy}", remedy = io_remedy(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of the dataset is not the Parquet that is expected.
    #[error("{path}: {source}; the file is damaged or of another program: write it again with hap-ingest")]
    Table {
        /// The file.
        path: PathBuf,
        /// What Polars says.
        source: PolarsError,
    },
    /// A file's metadata says that it holds another table.
    #[error("{path} holds table {found:?}, expected {expected:?}: write it again with hap-ingest")]
    WrongTable {
        /// The file.
        path: PathBuf,
        /// The table that its metadata names.
        found: String,
        /// The table that its place in the dataset asks for.
        expected: &'static str,
    },
    /// A file was written by a newer program.
    #[error("{path} has schema version {found}, newer than {known}: use the hap release that wrote it, or a later one")]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: String,
        /// The version that this program reads.
        known: &'static str,
    },
    /// A row of the fact table has a context that this program does not know.
    #[error("{path}: unknown context {context:?}")]
    UnknownContext {
        /// The file.
        path: PathBuf,
        /// The context.
        context: String,
    },
    /// A row of table `windows` has no function in the fact table of its run.
    #[error("{path} has a call that table functions of the run does not have: ingest the run again")]
    UnmatchedWindow {
        /// The file.
        path: PathBuf,
    },
    /// A run has more windows than any real one.
    #[error("{path} has {found} windows, more than {most}: ingest the run again with a longer --window")]
    TooManyWindows {
        /// The file.
        path: PathBuf,
        /// Windows of the run.
        found: i64,
        /// Most windows.
        most: i64,
    },
    /// A key is neither a column of `runs` nor a label of any run.
    #[error("no run has a label {key:?}: use one of the columns {columns}, or of the labels {labels}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Columns of `runs` that can be used as keys.
        columns: String,
        /// Free labels of the runs.
        labels: String,
    },
    /// A free label has the name of a column of the result.
    #[error(
        "a group cannot be named by the label {key:?}: it is already a column of the result; give the runs the label under another key (hap-ingest runs --label)"
    )]
    ReservedKey {
        /// The key.
        key: String,
    },
    /// A selector matches no run.
    #[error("no run matches {selector}: use values that exist: {values}")]
    NoRun {
        /// The selector, or selectors.
        selector: String,
        /// For each key of the selector, the values that exist.
        values: String,
    },
    /// Every run that is asked for has failed.
    #[error("every run that matches is marked as failed ({runs}); take them in with --failed include")]
    AllFailed {
        /// The runs, with the reason of each.
        runs: String,
    },
    /// The kernel of a run has no table.
    #[error(
        "run {run}: no kernel table for build id {wanted}; kernel tables in the dataset: {found}; \
         make it with `hap-ingest kernel --vmlinux F --modules DIR --out {dataset}`"
    )]
    NoKernelTable {
        /// The run.
        run: String,
        /// Its build id, or what else is known of its kernel.
        wanted: String,
        /// Build ids of the tables that exist, or `none`.
        found: String,
        /// The dataset.
        dataset: PathBuf,
    },
    /// Two runs of one query are of different kernels.
    #[error(
        "runs of different kernels cannot be joined: {first} has build id {first_id}, {second} has build id {second_id}; \
         choose one with --where build_id=..."
    )]
    MixedKernels {
        /// A run.
        first: String,
        /// Its build id, or what else is known of its kernel.
        first_id: String,
        /// A run of another kernel.
        second: String,
        /// Its build id, or what else is known of its kernel.
        second_id: String,
    },
    /// A weight needs a bug table, and the dataset has none.
    #[error(
        "--weight {model} needs a bug table, and {dataset} has none; make it with \
         `hap-ingest bugs {options} --out {dataset}`"
    )]
    NoBugTable {
        /// The model.
        model: &'static str,
        /// Options of `hap-ingest bugs` that make its densities.
        options: &'static str,
        /// The dataset.
        dataset: PathBuf,
    },
    /// The bug table that was asked for is not there.
    #[error("no bug table of source {asked:?}: use one of those in the dataset: {found}")]
    UnknownBugSource {
        /// The source asked for.
        asked: String,
        /// The sources that exist.
        found: String,
    },
    /// There are several bug tables, and none was asked for.
    #[error("the dataset has bug tables of several sources: {found}; choose one with --bugs SOURCE")]
    SeveralBugSources {
        /// The sources.
        found: String,
    },
    /// A bug table has no densities of a model, or none for the files without a row.
    #[error(
        "{path} has no density of model {model} for every file without a row of its own; make the table with \
         `hap-ingest bugs {options} --out {dataset}`"
    )]
    NoDensity {
        /// The file.
        path: PathBuf,
        /// The model.
        model: &'static str,
        /// Options of `hap-ingest bugs` that make its densities.
        options: &'static str,
        /// The dataset.
        dataset: PathBuf,
    },
    /// A bug table is of another kernel than the runs.
    #[error(
        "{path} has the bug densities of the kernel with build id {found}, the runs are of build id {wanted}; make a bug \
         table of their kernel with `hap-ingest bugs --cna PATH --release V --out {dataset}`"
    )]
    DensityOfOtherKernel {
        /// The file.
        path: PathBuf,
        /// Build id in its metadata, or `unknown`.
        found: String,
        /// Build id of the runs' kernel.
        wanted: String,
        /// The dataset.
        dataset: PathBuf,
    },
    /// The data of a report cannot be written as JSON.
    #[error("the data of the report cannot be written: {0}")]
    Page(serde_json::Error),
    /// The kernel table was made without sources.
    #[error(
        "the kernel table of build id {build_id} tells no function's complexity; make it with \
         `hap-ingest kernel --vmlinux F --modules DIR --source DIR --out {dataset}`"
    )]
    NoComplexity {
        /// The kernel.
        build_id: String,
        /// The dataset.
        dataset: PathBuf,
    },
    /// There is no manual page of that name.
    #[error(transparent)]
    UnknownPage(#[from] hap_cli::UnknownPage),
    /// Parquet is no text for a terminal.
    #[error("parquet is not for a terminal: write it with --out FILE, or to a pipe")]
    ParquetToTerminal,
    /// A query failed.
    #[error("query failed: {0}; ingest the runs anew, and if that does not help, please report it with the command")]
    Query(#[from] PolarsError),
    /// The result cannot be written to stdout.
    #[error("stdout: {0}; write to a file with --out FILE")]
    Stdout(#[source] io::Error),
}

impl Error {
    /// Whether the reader of the output went away, which ends a pipe like `hap-analyze | head` in the usual way.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stdout(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }
}
