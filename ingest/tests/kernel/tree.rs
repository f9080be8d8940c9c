//! A kernel with sources: the folder `tree`, compiled as it is.
#![expect(clippy::unwrap_used, reason = "test code; clippy exempts only the test functions themselves")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hap_ingest::kernel::{KernelOptions, KernelSummary, ingest_kernel};
use hap_ingest::progress::NoProgress;

use crate::support::{Folder, FunctionRow, read_functions, symbols};

/// C files; their functions can be traced, but for those marked `noinstr`.
const C_FILES: [&str; 4] = ["kernel/macro_made.c", "kernel/conditional.c", "kernel/clones.c", "kernel/version.c"];

/// The kernel, and what a test needs of it.
pub(crate) struct Tree {
    folder: Folder,
}

impl Tree {
    /// Copies, compiles and links the sources.
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernel/tree");
        for file in C_FILES.iter().chain(&["include/macros.h", "include/events.h", "arch/entry.S", "arch/plain.S"]) {
            let copy = folder.path(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(sources.join(file), copy).unwrap();
        }
        fs::copy(sources.join("../objects/kernel.lds"), folder.path("kernel.lds")).unwrap();
        for file in C_FILES {
            folder.compile(file, &["-gdwarf-5", "-Iinclude", "-pg", "-mfentry", "-mrecord-mcount"]);
        }
        folder.compile("arch/entry.S", &["-gdwarf-5"]);
        folder.compile("arch/plain.S", &[]);
        folder.link(&C_FILES.iter().chain(&["arch/entry.S", "arch/plain.S"]).copied().collect::<Vec<_>>());
        Self { folder }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// Makes the tables.
    pub(crate) fn ingest(&self, source: bool, filter_functions: Option<PathBuf>) -> KernelSummary {
        let options = KernelOptions {
            vmlinux: self.path("vmlinux"),
            modules: None,
            source: source.then(|| self.path("")),
            filter_functions,
            package: None,
            out: self.path("dataset"),
            jobs: 2,
        };
        let summary = ingest_kernel(&options, &NoProgress).unwrap();
        assert!(summary.is_complete(), "{:?}", summary.problems);
        summary
    }

    /// The rows of the table, by the first name in the alphabet of those that are symbols at their address.
    pub(crate) fn rows(&self, summary: &KernelSummary) -> BTreeMap<String, FunctionRow> {
        let mut symbols = symbols(&self.path("vmlinux"));
        symbols.sort_unstable();
        let name = |row: &FunctionRow| {
            let mut there =
                symbols.iter().filter(|(name, address, _)| *address == row.link_address as u64 && !is_limit(name));
            there.next().map(|(name, ..)| name.clone()).unwrap()
        };
        read_functions(&summary.folder).into_iter().map(|row| (name(&row), row)).collect()
    }
}

/// Symbols of the linker script.
fn is_limit(name: &str) -> bool {
    ["_text", "_stext", "_etext"].contains(&name)
}
