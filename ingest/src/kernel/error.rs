//! What can go wrong: [`KernelError`] ends the job, [`Problem`] costs a unit or a module.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use hap_schemas::io_remedy;
use thiserror::Error;

use crate::write::WriteError;

/// Why no kernel table could be made, or why a module is missing in it.
#[derive(Debug, Error)]
pub enum KernelError {
    /// The file system refused.
    #[error("{path}: {source}; {remedy}", path = path.display(), remedy = io_remedy(source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Not an ELF file, or one whose headers lie.
    #[error("{path}: not a readable ELF file: {detail}; take it again from the kernel's debug package", path = path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        detail: String,
    },
    /// A section cannot be read.
    #[error("{path}: section {section}: {detail}; the file is damaged: take it again from the kernel's debug package", path = path.display())]
    Section {
        /// The file.
        path: PathBuf,
        /// The section.
        section: String,
        /// What is wrong, with its offset where there is one.
        detail: String,
    },
    /// The file has no DWARF.
    #[error("{path}: no .debug_info section; take the file from the kernel's debug package", path = path.display())]
    NoDebugInfo {
        /// The file.
        path: PathBuf,
    },
    /// The file is no kernel.
    #[error("{path}: no symbol {symbol}; is this a vmlinux with its symbol table?", path = path.display())]
    NoSymbol {
        /// The file.
        path: PathBuf,
        /// The missing symbol.
        symbol: &'static str,
    },
    /// The kernel has no name to file it under.
    #[error("{path}: no GNU build id; link the kernel with --build-id=sha1, as distributions do", path = path.display())]
    NoBuildId {
        /// The file.
        path: PathBuf,
    },
    /// The folder of modules holds none.
    #[error("{path}: no kernel module (*.ko, *.ko.debug) in this folder; give the folder below lib/modules of the debug package, or leave --modules out", path = path.display())]
    NoModules {
        /// The folder.
        path: PathBuf,
    },
    /// A module of another kernel.
    #[error("{path}: built for kernel {module}, but vmlinux is {kernel}; give the modules of that kernel", path = path.display())]
    OtherRelease {
        /// The module's file.
        path: PathBuf,
        /// Release in the module's version magic.
        module: String,
        /// Release of vmlinux.
        kernel: String,
    },
    /// Two files hold one module.
    #[error("{path}: module {module} was already read from {first}; give a folder that holds it once", path = path.display(), first = first.display())]
    SameModule {
        /// The second file.
        path: PathBuf,
        /// The module.
        module: String,
        /// The first file.
        first: PathBuf,
    },
    /// The folder of sources is of something else.
    #[error("{path}: holds none of the {wanted} source files that the debug information names; give the top folder of this kernel's sources, or leave --source out", path = path.display())]
    NoSources {
        /// The folder of sources.
        path: PathBuf,
        /// Files looked for.
        wanted: usize,
    },
    /// The C parser cannot be set up.
    #[error("C parser: {detail}; this is a fault of hap: please report it, and leave --source out meanwhile")]
    Parser {
        /// What it says.
        detail: String,
    },
    /// The kernel's list of traceable functions has another form.
    #[error("{path}: line {line}: no function name; is this a copy of available_filter_functions?", path = path.display())]
    FilterFunctions {
        /// The list.
        path: PathBuf,
        /// Line in it, from 1.
        line: usize,
    },
    /// The worker threads could not be started.
    #[error("worker threads: {detail}; ask for fewer with --jobs")]
    Workers {
        /// What the system says.
        detail: String,
    },
    /// A table could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl KernelError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) fn elf(path: &Path, detail: impl fmt::Display) -> Self {
        Self::Elf { path: path.to_owned(), detail: detail.to_string() }
    }

    pub(super) fn section(path: &Path, section: &str, detail: impl fmt::Display) -> Self {
        Self::Section { path: path.to_owned(), section: section.to_owned(), detail: detail.to_string() }
    }
}

/// A part of the input that the tables lack.
#[derive(Debug, Error)]
pub enum Problem {
    /// A unit of debug information cannot be read; its functions have rows from the symbol table only.
    #[error("{path}: .debug_info: unit at offset {offset:#x}: {detail}", path = path.display())]
    Unit {
        /// The file.
        path: PathBuf,
        /// Offset of the unit in `.debug_info`.
        offset: u64,
        /// What is wrong.
        detail: String,
    },
    /// A module is not in the tables.
    #[error("module left out: {0}")]
    Module(KernelError),
}
