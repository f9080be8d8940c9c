//! What `run.json` says of a recording: what is known at its start, and how it ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use hap_ftrace::Texts;
use hap_schemas::{RUN_JSON_VERSION, RunJson, TracerInfo};

use super::{EndReason, RecordOptions};
use crate::clock::TRACE_CLOCK;
use crate::error::CaptureError;
use crate::host::Host;
use crate::run_dir::{RunDir, host_info, kernel_info};

/// What is known of a run before it starts.
pub(super) fn first_description(
    host: &Host,
    options: &RecordOptions,
    dir: &RunDir,
    texts: &Texts,
    tracer: TracerInfo,
    boot_id: &str,
) -> RunJson {
    let labels = &options.labels;
    let free = labels.free.iter().map(|label| (label.key.clone(), label.value.clone().into()));
    RunJson {
        schema_version: Some(RUN_JSON_VERSION.to_owned()),
        run: Some(labels.run_id(dir.path())),
        runtime: labels.runtime.clone(),
        workload: labels.workload.clone(),
        repetition: labels.repetition.clone(),
        labels: free.collect(),
        kernel: Some(kernel_info(host, &texts.kallsyms, texts.modules.as_deref())),
        boot_id: Some(boot_id.to_owned()).filter(|id| !id.is_empty()),
        clock: Some(TRACE_CLOCK.to_owned()),
        tracer: Some(tracer),
        host: Some(host_info(host)),
        tool: Some(crate::TOOL.to_owned()),
        ..RunJson::default()
    }
}

/// Why the recording ended, and whether the run has failed for it.
pub(super) fn describe_end(
    run: &mut RunJson,
    options: &RecordOptions,
    end: EndReason,
    status: Option<ExitStatus>,
    error: Option<&CaptureError>,
) {
    run.end_reason = Some(end.name().to_owned());
    run.failure = match (end, error) {
        (_, Some(error)) => Some(format!("the recorder failed: {error}")),
        (EndReason::Error, None) => Some("the recorder could not write the trace data".to_owned()),
        (EndReason::Sandbox, None) => Some("the sandbox ended before the recording did".to_owned()),
        (EndReason::Command, None) => status.and_then(command_failure),
        _ => None,
    };
    if end == EndReason::Loss {
        run.notes.push("stopped early: more events were lost than --max-loss allows".to_owned());
    }
    if options.until_steady.is_some() && end != EndReason::Steady {
        run.notes.push("the discovery of functions had not flattened when the recording ended".to_owned());
    }
    if end == EndReason::Command
        && let Some(threads) = &mut run.threads
    {
        // The end of the command is the end of the recording: it did not end before it.
        for thread in threads.iter_mut().filter(|thread| thread.at_start == Some(true)) {
            thread.at_end = Some(true);
        }
    }
}

fn command_failure(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("the command ended with exit status {code}")),
        (None, Some(signal)) => Some(format!("the command was ended by signal {signal}")),
        (None, None) => Some("the command ended in an unknown way".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use hap_schemas::{RunJson, ThreadInfo};

    use super::describe_end;
    use crate::recording::{EndReason, RecordOptions, RunLabels};
    use crate::steady::SteadyRule;

    fn options(steady: bool) -> RecordOptions {
        RecordOptions {
            out: "x".into(),
            labels: RunLabels::default(),
            targets: Vec::new(),
            command: Vec::new(),
            duration: None,
            until_steady: steady.then(SteadyRule::default),
            buffer_kb: 1,
            level: 1,
            syscalls: true,
            max_size: None,
            max_loss: None,
        }
    }

    fn ended(end: EndReason, status: Option<i32>) -> RunJson {
        let thread = ThreadInfo {
            pid: 7,
            role: Some("app".to_owned()),
            at_start: Some(true),
            at_end: Some(false),
            ..ThreadInfo::default()
        };
        let mut run = RunJson { threads: Some(vec![thread]), ..RunJson::default() };
        describe_end(&mut run, &options(false), end, status.map(ExitStatus::from_raw), None);
        run
    }

    #[test]
    fn a_command_that_ends_well_is_no_failure_and_one_that_does_not_is() {
        assert_eq!(ended(EndReason::Command, Some(0)).failure(), None);
        let failed = ended(EndReason::Command, Some(3 << 8)).failure();
        assert_eq!(failed.as_deref(), Some("the command ended with exit status 3"));
        let killed = ended(EndReason::Command, Some(9)).failure();
        assert_eq!(killed.as_deref(), Some("the command was ended by signal 9"));
    }

    #[test]
    fn a_sandbox_that_died_is_a_failure_and_a_loss_above_the_limit_a_note() {
        let died = ended(EndReason::Sandbox, None);
        assert_eq!(died.failure.as_deref(), Some("the sandbox ended before the recording did"));
        let lossy = ended(EndReason::Loss, None);
        assert_eq!(
            (lossy.failure, lossy.notes),
            (None, vec!["stopped early: more events were lost than --max-loss allows".to_owned()])
        );
        assert_eq!(ended(EndReason::Size, None).failure, None);
    }

    #[test]
    fn a_recording_that_did_not_become_steady_says_so() {
        let mut run = RunJson::default();
        describe_end(&mut run, &options(true), EndReason::Duration, None, None);
        assert_eq!(run.notes, ["the discovery of functions had not flattened when the recording ended"]);
        assert_eq!((run.failure, run.end_reason.as_deref()), (None, Some("duration")));
    }
}
