//! `run.json`: what the recorder knows about a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Version of `run.json` that this crate reads and writes.
pub const RUN_JSON_VERSION: &str = "1.1";

/// Contents of a `run.json`. Unknown fields are ignored, missing ones are none or empty.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct RunJson {
    /// Schema version, `major.minor`; none in hand-made files.
    pub schema_version: Option<String>,
    /// Run id; `run_id` is read as well.
    #[serde(alias = "run_id")]
    pub run: Option<String>,
    /// Label: the sandbox runtime.
    pub runtime: Option<String>,
    /// Label: the workload.
    pub workload: Option<String>,
    /// Label: the repetition, a number or a text.
    #[serde(deserialize_with = "scalar_text")]
    #[schemars(with = "Value", extend("type" = ["string", "number", "null"]))]
    pub repetition: Option<String>,
    /// Free labels; values that are not text are kept as JSON.
    pub labels: serde_json::Map<String, Value>,
    /// How fast the load generator was allowed to go, in hand-made files without a label `load`.
    pub driver_rate: Option<DriverRate>,
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
    /// Errors that the workload reported.
    pub errors: Option<i64>,
    /// Why the recorder says that the run failed.
    pub failure: Option<String>,
    /// Why the recording ended: duration, command, signal, steady, size, loss, sandbox, error or recovered.
    pub end_reason: Option<String>,
    /// What else a reader should know, in sentences.
    pub notes: Vec<String>,
    /// What was traced, and how.
    pub tracer: Option<TracerInfo>,
    /// The measured machine.
    pub host: Option<HostInfo>,
    /// The other files of the run directory.
    pub files: Vec<FileInfo>,
    /// Name and version of the recorder.
    pub tool: Option<String>,
}

/// What was traced, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct TracerInfo {
    /// Name of the tracer.
    pub name: String,
    /// Events recorded beside it, as `system:event`.
    pub events: Vec<String>,
    /// Options of tracing that were on for the recording.
    pub options: Vec<String>,
    /// Size of the ring buffer of each CPU in KiB.
    pub buffer_kb: u64,
    /// Bytes of a sub-buffer.
    pub sub_buffer_size: u32,
    /// Zstandard level of the trace data.
    pub level: i32,
}

/// The measured machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct HostInfo {
    /// CPUs that were online.
    pub cpus: u32,
    /// Model of the first CPU.
    pub cpu_model: Option<String>,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Version of the control groups: 1, 2, or 12 for a host with both.
    pub cgroup_version: Option<u32>,
}

/// A file of a run directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct FileInfo {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 hash of its contents, in hexadecimal.
    pub blake3: String,
}

/// The measured kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
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
    /// Command line that it was booted with.
    pub cmdline: Option<String>,
    /// Bytes of a page.
    pub page_size: Option<u32>,
    /// Run-time address of `_text`.
    pub text_base: Option<u64>,
    /// Loaded modules.
    pub modules: Vec<ModuleInfo>,
}

/// A loaded module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct ModuleInfo {
    /// Its name.
    pub name: String,
    /// Run-time address of its text.
    pub text_base: u64,
    /// Size of its text in bytes.
    pub size: u64,
}

/// Throttle of the load generator.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct DriverRate {
    /// Its CPU quota; 1: a whole CPU.
    pub driver_cpu_quota: Option<f64>,
}

/// A thread of the sandbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
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
    /// Role: what the thread does for the sandbox. A name that is not known here is read as `other`.
    #[schemars(extend("examples" = crate::Role::ALL.map(crate::Role::name)))]
    pub role: Option<String>,
    /// Whether it was there when the recording began.
    pub at_start: Option<bool>,
    /// Whether it was there when the recording ended.
    pub at_end: Option<bool>,
}

/// A phase mark: start, ready, warm, load or end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct PhaseMark {
    /// Its name.
    pub name: String,
    /// Time, ns of the trace clock.
    pub ts: i64,
}

/// What the recorder counted on one CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct CpuAccount {
    /// The CPU.
    pub cpu: u32,
    /// Bytes of its sub-buffers in the file, uncompressed.
    pub bytes: u64,
    /// Events in the file.
    pub entries: u64,
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

    /// The load: the label of that name, else the load generator's CPU quota.
    pub fn load(&self) -> Option<String> {
        let quota = self.driver_rate.as_ref().and_then(|rate| rate.driver_cpu_quota);
        let label = self.labels.get("load").map(|load| load.as_str().map_or_else(|| load.to_string(), str::to_owned));
        label.or_else(|| quota.map(|quota| format!("client CPU {quota}")))
    }

    /// When the load began, by the phase mark `load`, ns of the trace clock.
    pub fn load_begin(&self) -> Option<i64> {
        self.marks.iter().find(|mark| mark.name == "load").map(|mark| mark.ts)
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

    /// Whether the recorder saw a thread of the sandbox both when the recording began and when it ended. Such a run may
    /// hold no function call at all: an idle container sleeps.
    pub fn is_outlived(&self) -> bool {
        let outlived = |thread: &ThreadInfo| thread.at_start == Some(true) && thread.at_end == Some(true);
        self.threads.iter().flatten().any(|thread| thread.is_sandbox() && outlived(thread))
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
    fn the_load_is_a_label_or_the_quota_of_the_load_generator() {
        let load = |text: &str| RunJson::parse(text).unwrap().load();
        assert_eq!(
            load(r#"{"driver_rate": {"driver_cpu_quota": 0.3, "quota_period_us": 1}}"#).as_deref(),
            Some("client CPU 0.3")
        );
        assert_eq!(load(r#"{"labels": {"load": 7}, "driver_rate": {"driver_cpu_quota": 0.3}}"#).as_deref(), Some("7"));
        assert_eq!(load(r#"{"driver_rate": {}}"#), None);
    }

    #[test]
    fn the_load_begins_at_its_mark() {
        let marks = r#"{"marks": [{"name": "start", "ts": 5}, {"name": "load", "ts": 70}]}"#;
        assert_eq!(RunJson::parse(marks).unwrap().load_begin(), Some(70));
        assert_eq!(RunJson::parse("{}").unwrap().load_begin(), None);
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
    fn a_recording_is_outlived_by_a_sandbox_thread_that_was_there_all_the_time() {
        let outlived = |role: &str, start: &str, end: &str| {
            let text =
                format!(r#"{{"threads": [{{"pid": 1, "role": "{role}", "at_start": {start}, "at_end": {end}}}]}}"#);
            RunJson::parse(&text).unwrap().is_outlived()
        };
        assert!(outlived("app", "true", "true"));
        assert!(!outlived("shim", "true", "true"));
        assert!(!outlived("app", "false", "true"));
        assert!(!outlived("app", "true", "null"));
    }

    #[test]
    fn a_run_with_one_living_sandbox_thread_is_no_failure() {
        let text =
            r#"{"threads": [{"pid": 1, "role": "app", "at_end": true}, {"pid": 2, "role": "app", "at_end": false}]}"#;
        assert_eq!(RunJson::parse(text).unwrap().failure(), None);
    }
}
