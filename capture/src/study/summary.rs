//! What became of the runs of a study.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What became of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase", tag = "outcome", content = "reason")]
pub enum Outcome {
    /// It is there.
    Done,
    /// It was there already.
    Resumed,
    /// This host cannot run it.
    Skipped(String),
    /// It failed, as often as it was tried.
    Failed(String),
}

/// A run and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairOutcome {
    /// The runtime.
    pub runtime: String,
    /// The workload.
    pub workload: String,
    /// The repetition.
    pub repetition: u32,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A line for each runtime and workload: runs there, and the reasons why others are not.
pub(crate) fn table(outcomes: &[PairOutcome]) -> String {
    let mut groups: BTreeMap<(&str, &str), Vec<&Outcome>> = BTreeMap::new();
    for pair in outcomes {
        groups.entry((&pair.runtime, &pair.workload)).or_default().push(&pair.outcome);
    }
    let lines = groups.into_iter().map(|((runtime, workload), outcomes)| {
        let done = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done | Outcome::Resumed)).count();
        let mut parts = vec![format!("{runtime:18} {workload:18} {done} of {} runs", outcomes.len())];
        parts.extend(outcomes.iter().filter_map(|outcome| outcome.reason()).collect::<BTreeSet<_>>());
        parts.join("; ") + "\n"
    });
    lines.collect()
}

impl Outcome {
    /// Why the run is not there.
    fn reason(&self) -> Option<String> {
        match self {
            Self::Skipped(reason) => Some(format!("skipped: {reason}")),
            Self::Failed(reason) => Some(format!("failed: {reason}")),
            Self::Done | Self::Resumed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, PairOutcome, table};

    #[test]
    fn reasons_stand_once_behind_the_number_of_runs() {
        let pair = |workload: &str, repetition, outcome| PairOutcome {
            runtime: "kata".into(),
            workload: workload.into(),
            repetition,
            outcome,
        };
        let outcomes = [
            pair("idle", 1, Outcome::Skipped("no shim".into())),
            pair("idle", 2, Outcome::Skipped("no shim".into())),
            pair("redis", 1, Outcome::Done),
            pair("redis", 2, Outcome::Failed("it died".into())),
        ];
        let expected = "kata               idle               0 of 2 runs; skipped: no shim\n\
            kata               redis              1 of 2 runs; failed: it died\n";
        assert_eq!(table(&outcomes), expected);
    }
}
