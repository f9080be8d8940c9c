//! `hap-ingest runs` into a dataset that is gone with the test.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Capture, Table};

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
}

/// A dataset in a temporary folder.
pub(crate) struct Dataset {
    folder: TempDir,
}

impl Dataset {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs `hap-ingest runs` on whatever the captures are; nothing may come on stdout.
    pub(crate) fn ingest<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        self.ingest_sound(arguments.iter().map(OsString::as_os_str).chain([OsStr::new("--accept-failed")]))
    }

    /// Runs `hap-ingest runs` as it is; nothing may come on stdout.
    pub(crate) fn ingest_sound<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hap-ingest"));
        let output = command.arg("runs").args(arguments).arg("--out").arg(self.path()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
        // The dataset is elsewhere each time.
        let stderr = String::from_utf8(output.stderr).unwrap().replace(self.path().to_str().unwrap(), "OUT");
        Outcome { code: output.status.code(), stderr }
    }

    /// Ingests a capture as run `x`, on one thread: tests run beside each other.
    pub(crate) fn ingest_capture(&self, capture: &Capture, arguments: &[&str]) -> Outcome {
        self.ingest([capture.folder.to_str().unwrap(), "--run", "x", "--jobs", "1"].iter().chain(arguments))
    }

    /// A table of run `x`.
    pub(crate) fn table(&self, name: &str) -> Table {
        Table::read(&self.path().join(name).join("run=x").join(format!("{name}.parquet")))
    }

    /// The events of run `x`, by the names of their files: a CPU, and the buffer where an earlier one has that CPU too.
    pub(crate) fn event_files(&self) -> BTreeMap<String, Table> {
        let entries = fs::read_dir(self.path().join("events/run=x")).unwrap().map(|entry| entry.unwrap().path());
        let table = |path: PathBuf| {
            let stem = path.file_stem().unwrap().to_str().unwrap();
            (stem.strip_prefix("cpu=").unwrap().to_owned(), Table::read(&path))
        };
        entries.map(table).collect()
    }

    /// The events of run `x`, which has one buffer, by CPU.
    pub(crate) fn events(&self) -> BTreeMap<i64, Table> {
        self.event_files().into_iter().map(|(cpu, table)| (cpu.parse().unwrap(), table)).collect()
    }

    /// Every file with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.path()).unwrap().to_str().unwrap().to_owned();
                    files.insert(name, fs::read(path).unwrap());
                }
            }
        }
        files
    }
}
