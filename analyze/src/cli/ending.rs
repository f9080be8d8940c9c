//! How every command ends: the figures in the format asked for, and what has to be told beside them.

use polars::prelude::DataFrame;

use super::{Format, OutputArgs};
use crate::blind_spot::{BLIND_SPOT, BlindSpot};
use crate::output::Report;
use crate::phase::Phase;
use crate::reach::RunReach;
use crate::render::{counted, footer, thousands};
use crate::runs::Run;
use crate::study::{Scope, Study, Take};
use crate::{Result, status};

/// Runs that a note names before it counts the rest.
const MOST_RUNS_NAMED: usize = 8;

/// Lines under a table: name and text.
pub(super) type Notes = Vec<(&'static str, String)>;

/// What a command looked at.
pub(super) struct Ending<'a> {
    pub(super) output: &'a OutputArgs,
    pub(super) scope: &'a Scope,
    pub(super) study: &'a Study,
    /// The runs measured.
    pub(super) runs: &'a [&'a Run],
    /// Failed runs that were left out.
    pub(super) failed: &'a [&'a Run],
    /// Functions that something is not known of.
    pub(super) gaps: &'a [String],
    /// Labels in which the runs of a group differ.
    pub(super) differences: &'a [String],
    /// Whether anything missing from a run is a failure.
    pub(super) strict: bool,
}

impl Ending<'_> {
    /// The answer: `frame` in a machine format, or the blocks of `table` with the notes that explain them, and under
    /// these what every table says.
    pub(super) fn report(
        &self,
        mut frame: DataFrame,
        table: impl FnOnce() -> Result<(String, Notes)>,
    ) -> Result<Report> {
        let notes = self.notes(&frame);
        let body = self.output.body(&mut frame, || {
            let (blocks, explanation) = table()?;
            Ok(format!("{blocks}\n{}", footer(&[explanation, self.footer_notes()].concat())))
        })?;
        Ok(self.answer(body, notes))
    }

    /// The answer of a command whose result says what a table says under it.
    pub(super) fn page(&self, body: Vec<u8>) -> Report {
        self.answer(body, self.always_notes())
    }

    fn answer(&self, body: Vec<u8>, notes: Vec<String>) -> Report {
        Report { body, out: self.output.out.clone(), notes, exit: status::exit(self.runs, self.strict) }
    }

    /// Notes for stderr. What stands under a table is not said twice.
    fn notes(&self, frame: &DataFrame) -> Vec<String> {
        let notes = if self.output.format == Format::Table { Vec::new() } else { self.untabled_notes(frame) };
        [notes, self.always_notes()].concat()
    }

    /// Runs without a call, and losses.
    fn always_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let silent = self.study.silent_runs(self.runs);
        if !silent.is_empty() {
            notes.push(format!("no call in these contexts and roles, counted as 0: {}", silent.join(", ")));
        }
        notes.extend(status::losses(self.runs).map(|losses| format!("incomplete: {losses}")));
        notes
    }

    /// What a table says under it and the machine formats cannot: failed runs, kernel, observer functions, gaps, and
    /// the blind spot where no column has it.
    fn untabled_notes(&self, frame: &DataFrame) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(failed) = status::failed(self.failed) {
            notes.push(format!("left out, marked as failed: {failed}; --failed include takes them in"));
        }
        if self.study.kernel.is_none() {
            notes.push("no kernel table for these runs: clones of one source function are counted apart".to_owned());
        }
        if let Some(observers) = self.study.observers_text() {
            notes.push(format!("{}: {observers}", observer_title(self.scope.observer)));
        }
        notes.extend_from_slice(self.gaps);
        notes.extend(self.differences.iter().map(|text| format!("warning: {text}: no repetitions of one setting")));
        notes.extend(self.not_in_phase().map(|text| format!("phase {}: {text}", self.scope.phase.name())));
        if frame.column(BLIND_SPOT).is_err() {
            notes.push(format!("blind spot: {}", self.blind_spot()));
        }
        notes
    }

    /// What stands under every table: filters, kernel, blind spot, what was left out, losses, limits.
    pub(super) fn footer_notes(&self) -> Notes {
        let observers = self.study.observers_text().unwrap_or_else(|| "none".to_owned());
        let mut notes = vec![
            ("filters", self.filters()),
            ("kernel", self.kernel()),
            ("blind spot", self.blind_spot()),
            (observer_title(self.scope.observer), observers),
        ];
        if let Some(failed) = status::failed(self.failed) {
            notes.push(("runs left out as failed", failed));
        }
        notes.extend(self.gaps.iter().map(|gap| ("gaps", gap.clone())));
        notes.extend(self.differences.iter().map(|text| ("warning", format!("{text}: no repetitions of one setting"))));
        notes.extend(self.not_in_phase().map(|text| ("phase", text)));
        let runs = counted(self.runs.len(), "run");
        let complete = || format!("none in {runs}; lost events would make every figure a lower bound");
        notes.push(("losses", status::losses(self.runs).unwrap_or_else(complete)));
        notes.push(("limits", "defence in depth and data-side guards (namespaces) are not measured".to_owned()));
        notes
    }

    fn filters(&self) -> String {
        let selector = self.scope.selector.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
        format!(
            "contexts {}; roles {}; phase {}; where {selector}",
            self.scope.contexts,
            self.scope.roles,
            self.scope.phase.name()
        )
    }

    /// The runs that do not have the phase, and count whole; none when all have it.
    fn not_in_phase(&self) -> Option<String> {
        let phase = self.scope.phase;
        let runs = self.runs.iter().zip(&self.study.reach.runs).filter(|(_, reach)| !reach.windows.has(phase));
        let why = |reach: &RunReach| match phase {
            Phase::Steady => reach.windows.steady.name(),
            Phase::Load | Phase::All => "no mark",
        };
        let names: Vec<_> = runs.map(|(run, reach)| format!("{} ({})", run.id, why(reach))).collect();
        let shown: Vec<_> = names.iter().take(MOST_RUNS_NAMED).cloned().collect();
        let more = names.len() - shown.len();
        let more = if more > 0 { format!(", {} more", thousands(more as i64)) } else { String::new() };
        let never = if phase == Phase::Steady { "never get steady" } else { "have no such mark" };
        let all = counted(self.runs.len(), "run");
        (!names.is_empty()).then(|| {
            format!("{} of {all} {never} and count whole: {}{more}", thousands(names.len() as i64), shown.join(", "))
        })
    }

    fn kernel(&self) -> String {
        self.study.kernel.as_ref().map_or_else(
            || "no table: clones of one source function are counted apart".to_owned(),
            |kernel| {
                format!("build id {}, release {}", kernel.build_id, kernel.release.as_deref().unwrap_or("unknown"))
            },
        )
    }

    fn blind_spot(&self) -> String {
        let unknown = || "unknown: no kernel table tells it".to_owned();
        self.study.blind_spot().map_or_else(unknown, BlindSpot::text)
    }
}

fn observer_title(observer: Take) -> &'static str {
    match observer {
        Take::Exclude => "observer functions left out",
        Take::Include => "observer functions taken in",
    }
}
