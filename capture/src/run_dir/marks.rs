//! `marks.jsonl`: phase marks, and what the load driver counted. Anybody may append a line while a recording runs.

use std::fs::File;
use std::io::Write;

use hap_schemas::{PhaseMark, RunJson};
use serde::{Deserialize, Serialize};

use super::RunDir;
use crate::clock::now_ns;
use crate::error::{CaptureError, Result};

/// A line of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Name of a phase that begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Time, ns of the trace clock.
    pub ts: i64,
    /// Requests that the workload served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<i64>,
    /// Errors that it reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<i64>,
    /// Why the run has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl Mark {
    /// A phase begins now.
    pub fn phase(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ts: now_ns(), ..Self::default() }
    }

    /// Appends the mark to those of a directory.
    pub fn append(&self, dir: &RunDir) -> Result<()> {
        let path = dir.marks();
        let line = serde_json::to_string(self).map_err(|error| CaptureError::malformed(&path, error))? + "\n";
        // One write to a file opened for appending: lines of several writers do not mix.
        let written =
            File::options().append(true).create(true).open(&path).and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|source| CaptureError::io(&path, source))
    }
}

/// All marks of a directory, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkLog {
    marks: Vec<Mark>,
    /// Lines that are no marks.
    pub malformed: usize,
}

impl MarkLog {
    /// Reads the marks; a directory without any has none.
    pub fn read(dir: &RunDir) -> Self {
        let text = std::fs::read_to_string(dir.marks()).unwrap_or_default();
        let mut log = Self::default();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(mark) => log.marks.push(mark),
                Err(_) => log.malformed += 1,
            }
        }
        log
    }

    /// Whether a phase of that name has begun.
    pub fn has(&self, name: &str) -> bool {
        self.marks.iter().any(|mark| mark.name.as_deref() == Some(name))
    }

    /// Puts everything into the description of the run. Later counts overrule earlier ones, the first failure stays.
    pub fn apply(&self, run: &mut RunJson) {
        for mark in &self.marks {
            if let Some(name) = &mark.name {
                run.marks.push(PhaseMark { name: name.clone(), ts: mark.ts });
            }
            run.requests = mark.requests.or(run.requests);
            run.errors = mark.errors.or(run.errors);
            if run.failure.is_none() {
                run.failure.clone_from(&mark.failure);
            }
        }
        run.marks.sort_by_key(|mark| mark.ts);
        if let Some(errors) = run.errors.filter(|&errors| errors > 0)
            && run.failure.is_none()
        {
            run.failure = Some(format!("the workload reported {errors} errors"));
        }
        if self.malformed > 0 {
            run.notes.push(format!("{} lines of marks.jsonl are no marks", self.malformed));
        }
    }
}

#[cfg(test)]
mod tests {
    use hap_schemas::RunJson;

    use super::{Mark, MarkLog};
    use crate::run_dir::RunDir;

    #[test]
    fn marks_and_counts_come_into_the_run_in_the_order_of_time() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        assert_eq!(MarkLog::read(&dir), MarkLog::default());
        let mark = |name: &str, ts| Mark { name: Some(name.to_owned()), ts, ..Mark::default() };
        mark("load", 30).append(&dir).unwrap();
        mark("ready", 10).append(&dir).unwrap();
        Mark { ts: 40, requests: Some(250), errors: Some(0), ..Mark::default() }.append(&dir).unwrap();
        let log = MarkLog::read(&dir);
        assert!(log.has("ready") && !log.has("end"));
        let mut run = RunJson::default();
        log.apply(&mut run);
        let marks: Vec<_> = run.marks.iter().map(|mark| (mark.name.as_str(), mark.ts)).collect();
        assert_eq!(marks, [("ready", 10), ("load", 30)]);
        assert_eq!((run.requests, run.errors, run.failure), (Some(250), Some(0), None));
    }

    #[test]
    fn reported_errors_fail_the_run_and_a_torn_line_is_told() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        Mark { errors: Some(3), ..Mark::default() }.append(&dir).unwrap();
        std::fs::write(dir.marks(), std::fs::read_to_string(dir.marks()).unwrap() + "{\"na").unwrap();
        let mut run = RunJson::default();
        MarkLog::read(&dir).apply(&mut run);
        assert_eq!(run.failure.as_deref(), Some("the workload reported 3 errors"));
        assert_eq!(run.notes, ["1 lines of marks.jsonl are no marks"]);
    }
}
