//! `run.json`: what the recorder knows about a run.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// Version of `run.json` that this crate reads and writes.
pub const RUN_JSON_VERSION: &str = "1.0";

/// Contents of a `run.json`. Unknown fields are ignored, missing ones are none or empty.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RunJson {
    /// Schema version, `major.minor`; none in hand-made files.
    pub schema_version: Option<String>,
    /// Run id.
    #[serde(alias = "run_id")]
    pub run: Option<String>,
    /// Label: the sandbox runtime.
    pub runtime: Option<String>,
    /// Label: the workload.
    pub workload: Option<String>,
    /// Label: the repetition, a number or a text.
    #[serde(deserialize_with = "scalar_text")]
    pub repetition: Option<String>,
    /// Free labels; values that are not text are kept as JSON.
    pub labels: serde_json::Map<String, Value>,
    /// The kernel.
    pub kernel: Option<KernelInfo>,
    /// `uname -r` of files that have no `kernel`.
    pub kernel_release: Option<String>,
    /// Boot id.
    pub boot_id: Option<String>,
    /// Trace clock.
    pub clock: Option<String>,
    /// Threads of the sandbox; none when the file has no such list.
    pub threads: Option<Vec<ThreadInfo>>,
    /// Phase marks.
    pub marks: Vec<PhaseMark>,
    /// Per-CPU account of the recorder.
    pub cpus: Vec<CpuAccount>,
    /// Requests that the workload served in the window.
    pub requests: Option<i64>,
    /// Why the recorder says that the run failed.
    pub failure: Option<String>,
}

/// The measured kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KernelInfo {
    /// `uname -r`.
    pub release: Option<String>,
    /// `uname -v`.
    pub version: Option<String>,
    /// Build id in hexadecimal.
    pub build_id: Option<String>,
    /// Machine, as uname prints it.
    pub arch: Option<String>,
    /// Run-time address of `_text`.
    pub text_base: Option<u64>,
    /// Loaded modules.
    pub modules: Vec<ModuleInfo>,
}

/// A loaded module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ModuleInfo {
    /// Its name.
    pub name: String,
    /// Run-time address of its text.
    pub text_base: u64,
    /// Size of its text in bytes.
    pub size: u64,
}

/// A thread of the sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ThreadInfo {
    /// Thread id in the host's pid namespace.
    pub pid: i32,
    /// Process id.
    pub tgid: Option<i32>,
    /// Name.
    pub comm: Option<String>,
    /// Path of the program.
    pub exe: Option<String>,
    /// Role, see [`crate::Role`].
    pub role: Option<String>,
    /// Whether it was there when the recording began.
    pub at_start: Option<bool>,
    /// Whether it was there when the recording ended.
    pub at_end: Option<bool>,
}

/// A phase mark: start, ready, warm, load or end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PhaseMark {
    /// Its name.
    pub name: String,
    /// Time, ns of the trace clock.
    pub ts: i64,
}

/// What the recorder counted on one CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CpuAccount {
    /// The CPU.
    pub cpu: u32,
    /// Events overwritten before they were read.
    pub overrun: u64,
    /// Events lost because a nested writer ran out of space.
    pub commit_overrun: u64,
    /// Events dropped by a full buffer that does not overwrite.
    pub dropped: u64,
}

/// Why a `run.json` cannot be used.
#[derive(Debug, Error)]
pub enum RunJsonError {
    /// It is not the JSON that is expected.
    #[error("not a run.json: {0}")]
    Syntax(#[from] serde_json::Error),
    /// It was written by a newer program.
    #[error(
        "schema version {found} is newer than {RUN_JSON_VERSION}: use the hap release that wrote it, or a later one"
    )]
    TooNew {
        /// The version in the file.
        found: String,
    },
}

impl RunJson {
    /// Reads the text of a `run.json`.
    pub fn parse(text: &str) -> Result<Self, RunJsonError> {
        let run: Self = serde_json::from_str(text)?;
        match &run.schema_version {
            Some(found) if major(found) > major(RUN_JSON_VERSION) => Err(RunJsonError::TooNew { found: found.clone() }),
            _ => Ok(run),
        }
    }

    /// `uname -r` of the measured kernel.
    pub fn release(&self) -> Option<&str> {
        self.kernel.as_ref().and_then(|kernel| kernel.release.as_deref()).or(self.kernel_release.as_deref())
    }

    /// Why the run must not be compared: what the recorder says, or that no thread of the sandbox outlived the recording.
    pub fn failure(&self) -> Option<String> {
        if self.failure.is_some() {
            return self.failure.clone();
        }
        let sandbox: Vec<_> = self.threads.iter().flatten().filter(|thread| thread.is_sandbox()).collect();
        let ended = !sandbox.is_empty() && sandbox.iter().all(|thread| thread.at_end == Some(false));
        ended.then(|| "the sandbox ended before the recording did".to_owned())
    }
}

impl ThreadInfo {
    /// Whether the thread belongs to the sandbox itself.
    fn is_sandbox(&self) -> bool {
        self.role.as_deref().is_some_and(|role| crate::Role::from_name(role).counts_by_default())
    }
}

fn major(version: &str) -> u64 {
    version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

fn scalar_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::{RunJson, RunJsonError};

    #[test]
    fn unknown_fields_are_ignored_and_a_number_is_a_repetition() {
        let run = RunJson::parse(r#"{"run": "r", "repetition": 2, "colour": "red", "threads": [{"pid": 7}]}"#).unwrap();
        assert_eq!(run.repetition.as_deref(), Some("2"));
        assert_eq!(run.threads.unwrap()[0].pid, 7);
    }

    #[test]
    fn a_newer_major_version_is_refused_and_a_newer_minor_is_not() {
        let error = RunJson::parse(r#"{"schema_version": "2.0"}"#).unwrap_err();
        assert!(matches!(error, RunJsonError::TooNew { found } if found == "2.0"));
        assert!(RunJson::parse(r#"{"schema_version": "1.9"}"#).is_ok());
    }

    #[test]
    fn a_run_whose_sandbox_threads_all_ended_is_a_failure_even_if_the_shim_lives() {
        let text =
            r#"{"threads": [{"pid": 1, "role": "shim", "at_end": true}, {"pid": 2, "role": "vmm", "at_end": false}]}"#;
        let run = RunJson::parse(text).unwrap();
        assert_eq!(run.failure().as_deref(), Some("the sandbox ended before the recording did"));
    }

    #[test]
    fn a_run_with_one_living_sandbox_thread_is_no_failure() {
        let text =
            r#"{"threads": [{"pid": 1, "role": "app", "at_end": true}, {"pid": 2, "role": "app", "at_end": false}]}"#;
        assert_eq!(RunJson::parse(text).unwrap().failure(), None);
    }
}
