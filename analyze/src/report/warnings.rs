//! Why the figures may be wrong, workload by workload.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Basis, GroupCompleteness, KEYS};
use crate::completeness::TARGETS;
use crate::groups::{Group, named};
use crate::render::{counted, decimal, thousands};
use crate::repetitions::{self, differences};
use crate::runs::{Losses, Run};
use crate::study::Study;
use hap_statistics::bootstrap::INDICATIVE_BELOW;

/// A reason to doubt the figures of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The workload.
    pub workload: Option<String>,
    /// What is doubtful.
    pub kind: Kind,
    /// The reason in a few words.
    pub short: String,
    /// The reason in a sentence, with the runtimes.
    pub text: String,
}

/// What is doubtful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is missing from a capture.
    Loss,
    /// Too few runs for an interval that can be relied on.
    ThinRuns,
    /// Runs that never get steady.
    NotSteady,
    /// Functions that more runs would find.
    Incomplete,
    /// Runs of a group that are no repetitions of one setting.
    Repetitions,
    /// A runtime of the report has no run under this workload.
    Missing,
    /// Nobody recorded how many requests were served.
    Requests,
}

/// Names of groups, each with a number.
type Named = Vec<(String, String)>;

/// The warnings of every workload, by workload and kind.
pub(super) fn warnings(basis: Basis, completeness: &[GroupCompleteness]) -> Vec<Warning> {
    let (runs, groups) = (basis.runs, basis.groups);
    let workload = |group: &Group| group.labels.get(1).cloned().flatten();
    let workloads: BTreeSet<_> = groups.iter().map(workload).collect();
    let of_workload = |wanted: &Option<String>| {
        let members: Vec<_> = groups.iter().filter(|group| workload(group) == *wanted).collect();
        let covered: Vec<_> = groups.iter().zip(completeness).filter(|(group, _)| workload(group) == *wanted).collect();
        let reasons = [
            losses(runs, &members),
            thin_runs(&members),
            not_steady(basis.study, &members),
            incomplete(&covered),
            repetitions(runs, &members),
            missing(groups, &members),
            requests(runs, &members),
        ];
        let warning =
            |(kind, short, text): (Kind, String, String)| Warning { workload: wanted.clone(), kind, short, text };
        reasons.into_iter().flatten().map(warning).collect::<Vec<_>>()
    };
    workloads.iter().flat_map(of_workload).collect()
}

type Reason = Option<(Kind, String, String)>;

fn runtime(group: &Group) -> String {
    group.labels.first().cloned().flatten().unwrap_or_else(|| "-".to_owned())
}

fn listed(named: &[(String, String)]) -> String {
    named.iter().map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>().join(", ")
}

fn losses(runs: &[&Run], groups: &[&Group]) -> Reason {
    let lossy = groups.iter().filter_map(|group| {
        let losses = Losses::total(group.runs.iter().filter_map(|run| runs.get(*run).copied()));
        losses.any().then(|| (runtime(group), loss(losses)))
    });
    let lossy: Named = lossy.collect();
    (!lossy.is_empty()).then(|| {
        let text = format!("captures are incomplete, so that these figures are lower bounds: {}", listed(&lossy));
        (Kind::Loss, "captures are incomplete".to_owned(), text)
    })
}

/// The largest account of what is missing.
fn loss(losses: Losses) -> String {
    if losses.events > 0 {
        format!("({} events lost)", thousands(losses.events))
    } else {
        "(undecodable or unresolved data)".to_owned()
    }
}

fn thin_runs(groups: &[&Group]) -> Reason {
    let thin: Named = groups
        .iter()
        .filter(|group| group.runs.len() < INDICATIVE_BELOW)
        .map(|group| (runtime(group), thousands(group.runs.len() as i64)))
        .collect();
    let fewest = groups.iter().map(|group| group.runs.len()).min()?;
    (!thin.is_empty()).then(|| {
        let text = format!(
            "fewer than {INDICATIVE_BELOW} runs, so that the interval is only indicative (with one run there is none): {}",
            listed(&thin)
        );
        (Kind::ThinRuns, format!("only {} each", counted(fewest, "run")), text)
    })
}

fn not_steady(study: &Study, groups: &[&Group]) -> Reason {
    let counts = groups.iter().map(|group| (group.runs.len() - study.steady_runs(&group.runs), *group));
    let counts: Vec<_> = counts.filter(|(count, _)| *count > 0).collect();
    let (never, all) =
        (counts.iter().map(|(count, _)| count).sum::<usize>(), groups.iter().map(|group| group.runs.len()).sum());
    let named: Named = counts
        .iter()
        .map(|(count, group)| (runtime(group), format!("{count} of {}", counted(group.runs.len(), "run"))))
        .collect();
    (never > 0).then(|| {
        let text =
            format!("new functions had not stopped appearing, or the capture is too short to tell: {}", listed(&named));
        (Kind::NotSteady, format!("{never} of {} never steady", counted(all, "run")), text)
    })
}

fn incomplete(groups: &[(&Group, &GroupCompleteness)]) -> Reason {
    let coverages = groups.iter().filter_map(|(group, found)| Some((runtime(group), found.coverage?)));
    let low: Vec<_> = coverages.filter(|(_, coverage)| *coverage < TARGETS[0]).collect();
    let percent = |share: f64| format!("{} %", decimal(100.0 * share, 0));
    let least = low.iter().map(|(_, coverage)| *coverage).fold(1.0, f64::min);
    let named: Named = low.iter().map(|(name, coverage)| (name.clone(), percent(*coverage))).collect();
    (!low.is_empty()).then(|| {
        let text = format!(
            "more runs would find more functions; sample coverage below {}: {}",
            percent(TARGETS[0]),
            listed(&named)
        );
        (Kind::Incomplete, format!("coverage down to {}", percent(least)), text)
    })
}

fn repetitions(runs: &[&Run], groups: &[&Group]) -> Reason {
    let keys = KEYS.map(str::to_owned);
    let groups: Vec<Group> = groups.iter().map(|group| (*group).clone()).collect();
    let named = named(runs, &groups);
    let labels: BTreeSet<_> =
        named.iter().flat_map(|(_, runs)| differences(runs, &keys)).map(|difference| difference.label).collect();
    let labels = labels.into_iter().collect::<Vec<_>>().join(", ");
    (!labels.is_empty()).then(|| {
        let text =
            format!("the runs are no repetitions of one setting: {}", repetitions::warnings(&named, &keys).join("; "));
        (Kind::Repetitions, format!("runs differ in {labels}"), text)
    })
}

fn missing(all: &[Group], groups: &[&Group]) -> Reason {
    let here: BTreeSet<_> = groups.iter().map(|group| runtime(group)).collect();
    let elsewhere: BTreeSet<_> = all.iter().map(runtime).filter(|runtime| !here.contains(runtime)).collect();
    let names = elsewhere.into_iter().collect::<Vec<_>>().join(", ");
    (!names.is_empty())
        .then(|| (Kind::Missing, format!("{names} not measured"), format!("not measured under this workload: {names}")))
}

fn requests(runs: &[&Run], groups: &[&Group]) -> Reason {
    let members: Vec<_> =
        groups.iter().flat_map(|group| &group.runs).filter_map(|run| runs.get(*run).copied()).collect();
    let unknown = members.iter().filter(|run| run.value("requests").is_none()).count();
    (unknown > 0).then(|| {
        let text = format!(
            "the number of requests served is not recorded in {unknown} of {}: whether the workload ran is not shown; \
             the captures are {} long",
            counted(members.len(), "run"),
            durations(&members)
        );
        (Kind::Requests, format!("captures of {}", durations(&members)), text)
    })
}

/// Shortest and longest capture.
fn durations(runs: &[&Run]) -> String {
    let seconds = runs.iter().filter_map(|run| run.number("duration_ns")).map(|ns| ns as f64 / 1e9);
    let seconds: Vec<f64> = seconds.collect();
    let shortest = decimal(seconds.iter().copied().fold(f64::INFINITY, f64::min), 1);
    let longest = decimal(seconds.iter().copied().fold(0.0, f64::max), 1);
    match seconds.as_slice() {
        [] => "an unknown time".to_owned(),
        _ if shortest == longest => format!("{longest} s"),
        _ => format!("{shortest} to {longest} s"),
    }
}
