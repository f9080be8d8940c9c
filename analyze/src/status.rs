//! What the user has to know beside the figures: losses, runs left out, functions without lines.

use hap_schemas::Exit;

use crate::render::{counted, thousands};
use crate::runs::{Losses, Run};

/// How a result over these runs ends: incomplete when anything is missing from one of them.
pub fn exit(runs: &[&Run], strict: bool) -> Exit {
    let exit = if runs.iter().any(|run| run.losses.any()) { Exit::Incomplete } else { Exit::Complete };
    exit.strict(strict)
}

/// The losses of the runs, with counts; none without any.
pub fn losses(runs: &[&Run]) -> Option<String> {
    let lossy: Vec<_> = runs.iter().copied().filter(|run| run.losses.any()).collect();
    if lossy.is_empty() {
        return None;
    }
    let total = Losses::total(lossy.iter().copied());
    let counts = [
        (total.events, "events lost"),
        (total.unknown, "sub-buffers after an unknown number of lost events"),
        (total.undecodable_bytes, "undecodable bytes"),
        (total.skipped, "records too short for their format"),
        (total.damaged_places, "damaged places"),
        (total.unresolved_addresses, "unresolved addresses"),
    ];
    let counts: Vec<_> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", thousands(*n))).collect();
    let names: Vec<_> = lossy.iter().map(|run| run.id.as_str()).collect();
    Some(format!(
        "{} in {} of {} ({}); lost events make every figure a lower bound",
        counts.join(", "),
        lossy.len(),
        counted(runs.len(), "run"),
        names.join(", ")
    ))
}

/// Failed runs with their reasons; none without any.
pub fn failed(runs: &[&Run]) -> Option<String> {
    let reasons: Vec<_> =
        runs.iter().map(|run| format!("{} ({})", run.id, run.failure().unwrap_or("no reason given"))).collect();
    (!reasons.is_empty()).then(|| reasons.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{exit, losses};
    use crate::runs::{Losses, Run};
    use hap_schemas::Exit;

    fn run(id: &str, losses: Losses) -> Run {
        Run { id: id.to_owned(), losses, ..Run::default() }
    }

    #[test]
    fn every_kind_of_loss_makes_the_result_incomplete_and_is_counted() {
        let kinds = [
            Losses { events: 1_200, ..Losses::default() },
            Losses { unknown: 1, ..Losses::default() },
            Losses { undecodable_bytes: 4096, ..Losses::default() },
            Losses { damaged_places: 1, ..Losses::default() },
            Losses { unresolved_addresses: 3, ..Losses::default() },
        ];
        let runs: Vec<_> = kinds.into_iter().map(|kind| run("r", kind)).collect();
        for lossy in &runs {
            assert_eq!(exit(&[lossy], false), Exit::Incomplete);
            assert_eq!(exit(&[lossy], true), Exit::Failed);
        }
        let whole = run("whole", Losses::default());
        assert_eq!(
            losses(&[&runs[0], &runs[1], &runs[2], &runs[3], &runs[4], &whole]).unwrap(),
            "1,200 events lost, 1 sub-buffers after an unknown number of lost events, 4,096 undecodable bytes, \
             1 damaged places, 3 unresolved addresses in 5 of 6 runs (r, r, r, r, r); lost events make every figure a lower bound"
        );
    }

    #[test]
    fn runs_without_losses_are_complete() {
        let whole = run("whole", Losses::default());
        assert_eq!((exit(&[&whole], true), losses(&[&whole])), (Exit::Complete, None));
    }
}
