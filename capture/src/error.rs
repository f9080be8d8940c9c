//! Why a recording, or a step of it, cannot go on.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, CaptureError>;

/// Why a recording, or a step of it, cannot go on.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The system refused.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no tracefs.
    #[error("no tracefs below /sys/kernel: mount it with: mount -t tracefs nodev /sys/kernel/tracing")]
    NoTracefs,
    /// The kernel does not have the tracer.
    #[error("this kernel has no function tracer (available: {available}): use one built with CONFIG_FUNCTION_TRACER")]
    NoFunctionTracer {
        /// The tracers that it has.
        available: String,
    },
    /// A setting of tracing was not taken.
    #[error("{path}: {source} on writing {text:?}", path = .path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// What was written.
        text: String,
        /// What the system says.
        source: io::Error,
    },
    /// The symbols of the kernel are hidden.
    #[error("/proc/kallsyms hides all addresses: run as root, or: sysctl kernel.kptr_restrict=0")]
    HiddenSymbols,
    /// Nothing of the sandbox is there.
    #[error("no process of the sandbox: {0}")]
    NoSandbox(String),
    /// A container engine did not answer as expected.
    #[error("docker: {0}")]
    Docker(String),
    /// A run directory that holds a run already.
    #[error("{path} holds a run already: choose another directory, or remove it", path = .0.display())]
    RunExists(PathBuf),
    /// A directory without a recording that was cut short.
    #[error("{path}: nothing to recover: {detail}", path = .path.display())]
    NothingToRecover {
        /// The directory.
        path: PathBuf,
        /// What is missing.
        detail: String,
    },
    /// The recorder of a directory still runs.
    #[error("{path} is being recorded by process {pid}: stop that first", path = .path.display())]
    StillRecording {
        /// The directory.
        path: PathBuf,
        /// The recorder.
        pid: i32,
    },
    /// A file of the recorder that is not what it should be.
    #[error("{path}: {detail}", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The kernel's texts cannot be decoded.
    #[error("the kernel's event formats: {0}")]
    Formats(#[from] hap_ftrace::Error),
    /// The command could not be started.
    #[error("cannot start {command:?}: {source}")]
    Command {
        /// Its first word.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// The command to trace ended before it could be stopped.
    #[error("the command ended before it could be traced ({0})")]
    CommandEnded(String),
    /// A plan that cannot be used.
    #[error("{path}: {detail}", path = .path.display())]
    Plan {
        /// The plan.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
}

impl CaptureError {
    /// An error of the system on a file.
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// A file that is not what it should be.
    pub(crate) fn malformed(path: &Path, detail: impl std::fmt::Display) -> Self {
        Self::Malformed { path: path.to_owned(), detail: detail.to_string() }
    }
}
