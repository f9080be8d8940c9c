//! What a study adds to the `run.json` of its runs.

use std::io::Write;

use hap_schemas::RunJson;

use super::load::LoadCounts;
use crate::error::{CaptureError, Result};
use crate::recording::EndReason;
use crate::run_dir::{RunDir, write_atomically};

/// Label of the fewest requests of a run that counts.
const MIN_REQUESTS: &str = "min_requests";

/// Puts the counts of the load into the run. Errors fail it, and so do requests that are too few or that nobody could count, and
/// losses for which the recorder stopped before the load did.
pub(super) fn amend(
    dir: &RunDir,
    counts: LoadCounts,
    min_requests: Option<u64>,
    failure: Option<String>,
) -> Result<RunJson> {
    let path = dir.run_json();
    let text = std::fs::read_to_string(&path).map_err(|source| CaptureError::io(&path, source))?;
    let mut run = RunJson::parse(&text).map_err(|error| CaptureError::malformed(&path, error))?;
    run.requests = counts.requests.or(run.requests);
    run.errors = counts.errors.or(run.errors);
    run.failure = run.failure.or(failure);
    if run.end_reason.as_deref() == Some(EndReason::Loss.name()) {
        run.failure =
            run.failure.or_else(|| Some("the recording was stopped early: too many events were lost".to_owned()));
    }
    if let Some(errors) = run.errors.filter(|&errors| errors > 0) {
        run.failure = run.failure.or_else(|| Some(format!("the workload reported {errors} errors")));
    }
    if let Some(minimum) = min_requests {
        run.labels.insert(MIN_REQUESTS.to_owned(), minimum.into());
        let served = run.requests.and_then(|requests| u64::try_from(requests).ok());
        if served.is_none_or(|served| served < minimum) {
            let served = served.map_or_else(|| "an unknown number of".to_owned(), |served| served.to_string());
            let too_few = || format!("the workload served {served} requests; the plan wants at least {minimum}");
            run.failure = run.failure.or_else(|| Some(too_few()));
        }
    }
    write_atomically(&path, |out| {
        serde_json::to_writer_pretty(&mut *out, &run)?;
        out.write_all(b"\n")
    })?;
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::{LoadCounts, amend};
    use crate::run_dir::RunDir;

    fn amended(requests: Option<i64>, errors: i64) -> Option<String> {
        amended_run(r#"{"run": "r", "workload": "redis", "end_reason": "signal"}"#, requests, errors)
    }

    fn amended_run(text: &str, requests: Option<i64>, errors: i64) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        std::fs::write(dir.run_json(), text).unwrap();
        let counts = LoadCounts { requests, errors: Some(errors) };
        let run = amend(&dir, counts, Some(200), None).unwrap();
        let again = hap_schemas::RunJson::parse(&std::fs::read_to_string(dir.run_json()).unwrap()).unwrap();
        assert_eq!(again, run);
        run.failure
    }

    #[test]
    fn errors_and_too_few_or_uncounted_requests_fail_a_run() {
        let too_few = |served| Some(format!("the workload served {served} requests; the plan wants at least 200"));
        assert_eq!(amended(Some(500), 0), None);
        assert_eq!(amended(Some(500), 2), Some("the workload reported 2 errors".to_owned()));
        assert_eq!(amended(Some(3), 0), too_few("3"));
        assert_eq!(amended(None, 0), too_few("an unknown number of"));
    }

    #[test]
    fn a_recording_that_its_losses_ended_early_fails() {
        let failure = amended_run(r#"{"run": "r", "workload": "redis", "end_reason": "loss"}"#, Some(500), 0);
        assert_eq!(failure.as_deref(), Some("the recording was stopped early: too many events were lost"));
    }
}
