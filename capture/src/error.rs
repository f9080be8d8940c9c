//! Why a recording, or a step of it, cannot go on.

use std::io;
use std::path::{Path, PathBuf};

use hap_schemas::io_remedy;
use thiserror::Error;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, CaptureError>;

/// Where the kernel describes its records.
const FORMATS: &str = "/sys/kernel/tracing/events/header_page and events/ftrace/function/format";

/// Why a recording, or a step of it, cannot go on.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The system refused.
    #[error("{path}: {source}; {remedy}", path = .path.display(), remedy = io_remedy(source))]
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
    #[error(
        "{path}: {source} on writing {text:?}: run as root where tracing is allowed; hap-capture doctor tells what is missing",
        path = .path.display()
    )]
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
    #[error("no process of the sandbox: {0}; start the sandbox first, and name it as it is called now")]
    NoSandbox(String),
    /// A container engine did not answer as expected.
    #[error("docker: {0}")]
    Docker(String),
    /// A run directory that holds a run already.
    #[error("{path} holds a run already: choose another directory, or remove it", path = .0.display())]
    RunExists(PathBuf),
    /// A directory without a recording that was cut short.
    #[error("{path}: nothing to recover: {detail}; give the run directory of a recording that was cut short", path = .path.display())]
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
    #[error("{path}: {detail}; the file is damaged or of another program: copy it again, or record anew", path = .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The kernel's texts cannot be decoded.
    #[error("the kernel's event formats: {0}; please report it with {FORMATS} of this kernel")]
    Formats(#[from] hap_ftrace::Error),
    /// The command could not be started.
    #[error("cannot start {command:?}: {source}; {remedy}", remedy = io_remedy(source))]
    Command {
        /// Its first word.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// The command to trace ended before it could be stopped.
    #[error("the command ended before it could be traced ({0}): see that it runs by itself")]
    CommandEnded(String),
    /// A plan that cannot be used.
    #[error("{path}: {detail}; mend the plan, hap-capture study --dry-run checks it", path = .path.display())]
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

#[cfg(test)]
mod tests {
    use super::CaptureError;
    use std::io::{Error, ErrorKind};
    use std::path::PathBuf;

    #[test]
    fn every_error_says_what_to_do_next() {
        let (path, text, detail) = (PathBuf::from("p"), "x".to_owned(), "it is odd".to_owned());
        let source = || Error::from(ErrorKind::NotFound);
        let errors = [
            CaptureError::Io { path: path.clone(), source: source() },
            CaptureError::NoTracefs,
            CaptureError::NoFunctionTracer { available: "nop".to_owned() },
            CaptureError::Setting { path: path.clone(), text, source: source() },
            CaptureError::HiddenSymbols,
            CaptureError::NoSandbox("there is no process 7".to_owned()),
            CaptureError::RunExists(path.clone()),
            CaptureError::NothingToRecover { path: path.clone(), detail: detail.clone() },
            CaptureError::StillRecording { path: path.clone(), pid: 7 },
            CaptureError::Malformed { path: path.clone(), detail: detail.clone() },
            CaptureError::Command { command: "redis".to_owned(), source: source() },
            CaptureError::CommandEnded("exit code 1".to_owned()),
            CaptureError::Plan { path, detail },
        ];
        assert_eq!(
            errors.map(|error| error.to_string()),
            [
                "p: entity not found; check the path",
                "no tracefs below /sys/kernel: mount it with: mount -t tracefs nodev /sys/kernel/tracing",
                "this kernel has no function tracer (available: nop): use one built with CONFIG_FUNCTION_TRACER",
                "p: entity not found on writing \"x\": run as root where tracing is allowed; hap-capture doctor tells what is missing",
                "/proc/kallsyms hides all addresses: run as root, or: sysctl kernel.kptr_restrict=0",
                "no process of the sandbox: there is no process 7; start the sandbox first, and name it as it is called now",
                "p holds a run already: choose another directory, or remove it",
                "p: nothing to recover: it is odd; give the run directory of a recording that was cut short",
                "p is being recorded by process 7: stop that first",
                "p: it is odd; the file is damaged or of another program: copy it again, or record anew",
                "cannot start \"redis\": entity not found; check the path",
                "the command ended before it could be traced (exit code 1): see that it runs by itself",
                "p: it is odd; mend the plan, hap-capture study --dry-run checks it",
            ]
        );
    }
}
