//! The captures of `data/captures`, each with the account that trace-cmd gave of it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Captures that are bundled.
const BUNDLED: usize = 71;

/// A bundled capture.
pub(crate) struct Capture {
    /// Path below `data/captures`.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// All of them, sorted.
pub(crate) fn captures() -> Vec<Capture> {
    let mut found = Vec::new();
    find(&root(), &mut found);
    found.sort();
    assert_eq!(found.len(), BUNDLED, "captures below {}", root().display());
    let name = |folder: &Path| folder.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.into_iter().map(|folder| Capture { name: name(&folder), folder }).collect()
}

/// The one of that name.
pub(crate) fn capture(name: &str) -> Capture {
    Capture { name: name.to_owned(), folder: root().join(name) }
}

/// A file that is kept compressed, unpacked into a temporary one.
pub(crate) fn unpacked(path: &Path) -> NamedTempFile {
    let mut plain = NamedTempFile::with_suffix(".dat").unwrap();
    zstd::stream::copy_decode(File::open(path).unwrap(), &mut plain).unwrap();
    plain
}

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/captures")).to_owned()
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("summary.json").exists() {
        found.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, found);
        }
    }
}

impl Capture {
    /// Its trace.dat, if it has one as it is.
    pub(crate) fn trace_dat(&self) -> Option<PathBuf> {
        Some(self.folder.join("trace.dat")).filter(|path| path.exists())
    }

    /// Its trace.dat, if that is kept compressed.
    pub(crate) fn packed_trace_dat(&self) -> Option<PathBuf> {
        Some(self.folder.join("trace.dat.zst")).filter(|path| path.exists())
    }

    /// The bytes of its trace.dat.
    pub(crate) fn trace_dat_bytes(&self) -> Option<Vec<u8>> {
        let packed = |path| zstd::stream::decode_all(File::open(path).unwrap()).unwrap();
        self.trace_dat().map(|path| fs::read(path).unwrap()).or_else(|| self.packed_trace_dat().map(packed))
    }

    /// The files of its CPUs, if it has no header.
    pub(crate) fn cpu_files(&self) -> Vec<(u32, PathBuf)> {
        let cpu = |path: PathBuf| Some((path.extension()?.to_str()?.strip_prefix("cpu")?.parse().ok()?, path));
        let entries = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let is_data = |path: &PathBuf| !path.file_name().unwrap().to_str().unwrap().starts_with("stats");
        let mut files: Vec<(u32, PathBuf)> = entries.filter(is_data).filter_map(cpu).collect();
        files.sort();
        files
    }

    /// What trace-cmd said of it when it was made.
    pub(crate) fn summary(&self) -> serde_json::Value {
        self.json("summary.json")
    }

    pub(crate) fn run_json(&self) -> serde_json::Value {
        self.json("run.json")
    }

    fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.folder.join(name)).unwrap()).unwrap()
    }

    /// A text that is kept compressed.
    pub(crate) fn packed_text(&self, name: &str) -> String {
        io::read_to_string(zstd::Decoder::new(File::open(self.folder.join(name)).unwrap()).unwrap()).unwrap()
    }
}
