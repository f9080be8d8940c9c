//! What to record, and until when.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use hap_schemas::Label;

use crate::sandbox::Target;
use crate::steady::SteadyRule;

/// Names of a run.
#[derive(Clone, Debug, Default)]
pub struct RunLabels {
    /// Run id; made of the labels, or of the directory's name, where it is not given.
    pub run: Option<String>,
    /// The sandbox runtime.
    pub runtime: Option<String>,
    /// The workload.
    pub workload: Option<String>,
    /// The repetition.
    pub repetition: Option<String>,
    /// Free labels.
    pub free: Vec<Label>,
}

/// What to record, and until when.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// The run directory.
    pub out: PathBuf,
    /// Names of the run.
    pub labels: RunLabels,
    /// The sandbox; may be empty when there is a command.
    pub targets: Vec<Target>,
    /// A command to start and to trace; empty for none.
    pub command: Vec<OsString>,
    /// Longest time to record.
    pub duration: Option<Duration>,
    /// Stop when the discovery of functions has flattened.
    pub until_steady: Option<SteadyRule>,
    /// Ring buffer of each CPU in KiB.
    pub buffer_kb: u64,
    /// Zstandard level.
    pub level: i32,
    /// Whether system calls are recorded.
    pub syscalls: bool,
    /// Stop when this many bytes are on the disk.
    pub max_size: Option<u64>,
    /// Stop when more events than this are lost.
    pub max_loss: Option<u64>,
}

impl RunLabels {
    /// The run id: as given, else runtime, workload and repetition where all are, else the directory's name.
    pub fn run_id(&self, out: &std::path::Path) -> String {
        let joined = match (&self.runtime, &self.workload, &self.repetition) {
            (Some(runtime), Some(workload), Some(repetition)) => Some(format!("{runtime}-{workload}-{repetition}")),
            _ => None,
        };
        let name = || {
            let absolute = std::fs::canonicalize(out).unwrap_or_else(|_| out.to_owned());
            absolute.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
        };
        self.run.clone().or(joined).unwrap_or_else(name)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::RunLabels;

    #[test]
    fn a_run_is_named_by_its_id_its_labels_or_its_directory() {
        let text = |text: &str| Some(text.to_owned());
        let mut labels = RunLabels { runtime: text("runc"), workload: text("idle"), ..RunLabels::default() };
        assert_eq!(labels.run_id(Path::new("/out/first")), "first");
        labels.repetition = text("3");
        assert_eq!(labels.run_id(Path::new("/out/first")), "runc-idle-3");
        labels.run = text("mine");
        assert_eq!(labels.run_id(Path::new("/out/first")), "mine");
    }
}
