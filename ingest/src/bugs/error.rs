//! What can go wrong: [`BugsError`] ends the job, [`Problem`] costs a line or a record.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use hap_schemas::io_remedy;
use thiserror::Error;

use crate::read::ReadError;
use crate::write::WriteError;

/// Problems that are told one by one; the others are only counted.
const TOLD: usize = 100;

/// Why no bug table could be made.
#[derive(Debug, Error)]
pub enum BugsError {
    /// The file system refused.
    #[error("{path}: {source}; {remedy}", path = path.display(), remedy = io_remedy(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing to count.
    #[error("{path}: no CVE record (CVE-*.json with its .dyad){detail}; give the folder or .tar.zst of the Linux CNA's records", path = path.display())]
    NoRecords {
        /// The folder or archive.
        path: PathBuf,
        /// What went wrong first, in brackets.
        detail: String,
    },
    /// The dataset knows no kernel of that series.
    #[error(
        "{path}: no kernel table of series {series}; make one with hap-ingest kernel --vmlinux FILE --out DATASET, or choose another one \
         with --kernel BUILD_ID", path = path.display()
    )]
    NoKernel {
        /// The folder of kernel tables.
        path: PathBuf,
        /// Series of the release.
        series: String,
    },
    /// The dataset lacks the kernel asked for.
    #[error("{path}: no kernel table; make it with hap-ingest kernel --vmlinux FILE --out DATASET", path = path.display())]
    NoSuchKernel {
        /// Where it would be.
        path: PathBuf,
    },
    /// Several kernels of that series.
    #[error("several kernel tables are of series {series}: choose one with --kernel {}", build_ids.join(" or "))]
    SeveralKernels {
        /// Series of the release.
        series: String,
        /// Their build ids.
        build_ids: Vec<String>,
    },
    /// A kernel table without lines.
    #[error("{path}: no function has a file and lines; make the table from a vmlinux with DWARF", path = path.display())]
    NoLines {
        /// The table.
        path: PathBuf,
    },
    /// Not the csv that is expected.
    #[error("{path}: no column {column} in its head; expected {expected}: give that file", path = path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// The missing column.
        column: &'static str,
        /// Where such a file comes from.
        expected: &'static str,
    },
    /// A table could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A table could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl BugsError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// A part of the input that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file; within an archive, its path there.
    pub file: String,
    /// The line, from 1; none: the file as a whole.
    pub line: Option<usize>,
    /// What is wrong, and what follows.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// The problems met, the first ones in full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first ones, in the order of the input.
    pub told: Vec<Problem>,
    /// All.
    pub count: u64,
}

impl Problems {
    pub(super) fn add(&mut self, file: &str, line: Option<usize>, detail: impl Into<String>) {
        self.count += 1;
        if self.told.len() < TOLD {
            self.told.push(Problem { file: file.to_owned(), line, detail: detail.into() });
        }
    }
}
