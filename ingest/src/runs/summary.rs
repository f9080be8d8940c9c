//! What is known of a run after its ingest: the row of table `runs`, and how complete it is.

use hap_schemas::{Exit, Label, RunJson};

/// A run that has been ingested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunSummary {
    /// Run id.
    pub run: String,
    /// Labels.
    pub labels: RunLabels,
    /// Boot id.
    pub boot_id: Option<String>,
    /// The measured kernel.
    pub kernel: KernelFacts,
    /// Container.
    pub format: String,
    /// Trace clock.
    pub clock: Option<String>,
    /// `ns` or `ticks`.
    pub clock_unit: &'static str,
    /// CPUs that the capture lists.
    pub cpus: u32,
    /// Bytes of a sub-buffer.
    pub sub_buffer_size: u32,
    /// Times of the first and the last event.
    pub span: Option<(u64, u64)>,
    /// Length of a window.
    pub window_ns: u64,
    /// Events decoded, of every kind.
    pub events: u64,
    /// Function calls.
    pub calls: u64,
    /// Events decoded, by name.
    pub event_counts: Vec<(String, i64)>,
    /// What is missing.
    pub loss: Loss,
    /// `raw_syscalls`, `entry_functions` or `none`.
    pub syscall_source: &'static str,
    /// Calls moved to another context, by function.
    pub interrupt_entry_hits: Vec<(String, i64)>,
    /// Calls due to the tracing itself, by `function (effect)`.
    pub observer_hits: Vec<(String, i64)>,
    /// Threads in run.json.
    pub threads_listed: u32,
    /// Threads with events.
    pub threads_seen: u32,
    /// Requests that the workload served.
    pub requests: Option<i64>,
    /// When the load began, ns of the trace clock.
    pub load_ns: Option<i64>,
    /// Why the run must not be compared.
    pub failure: Option<String>,
    /// Damage, each with CPU and byte offset; at most [`RunSummary::MAX_DAMAGE_TEXTS`].
    pub damage: Vec<String>,
    /// Number of places that are damaged.
    pub damaged_places: u64,
    /// Whether the dataset held another capture under this run id, which is gone now.
    pub replaced_other: bool,
}

/// Labels of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunLabels {
    /// The sandbox runtime.
    pub runtime: Option<String>,
    /// The workload.
    pub workload: Option<String>,
    /// The repetition.
    pub repetition: Option<String>,
    /// Free labels, sorted by key.
    pub free: Vec<(String, String)>,
}

/// What a run knows of its kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelFacts {
    /// `uname -r`.
    pub release: Option<String>,
    /// `uname -v`.
    pub version: Option<String>,
    /// Build id.
    pub build_id: Option<String>,
    /// See [`crate::fingerprint`].
    pub fingerprint: Option<String>,
    /// Machine.
    pub arch: Option<String>,
    /// Run-time address of `_text`.
    pub text_base: Option<u64>,
}

/// What of a recording did not become rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Events lost by the counts in sub-buffer headers.
    pub pages: u64,
    /// Sub-buffers that say that an unknown number of events was lost.
    pub pages_unknown: u64,
    /// Events lost by the per-CPU statistics.
    pub stats: Option<u64>,
    /// Bytes that could not be decoded.
    pub undecodable_bytes: u64,
    /// Records too short for their format.
    pub records_skipped: u64,
    /// Records that the kernel had discarded: no loss.
    pub records_discarded: u64,
    /// Distinct call sites without a symbol.
    pub unresolved_addresses: u64,
    /// Calls at those.
    pub unresolved_calls: u64,
}

impl Loss {
    /// Events lost: the larger of the two accounts, which need not agree.
    pub fn events_lost(&self) -> u64 {
        self.pages.max(self.stats.unwrap_or(0))
    }
}

impl RunSummary {
    /// Damage texts that are kept; the rest is counted.
    pub const MAX_DAMAGE_TEXTS: usize = 20;

    /// Whether everything that happened is in the tables.
    pub fn exit(&self) -> Exit {
        let loss = &self.loss;
        let counts = [
            loss.events_lost(),
            loss.pages_unknown,
            loss.undecodable_bytes,
            loss.records_skipped,
            loss.unresolved_addresses,
            self.damaged_places,
        ];
        if counts.iter().any(|&count| count > 0) { Exit::Incomplete } else { Exit::Complete }
    }

    /// What is missing, in words with counts; none when nothing is.
    pub fn loss_text(&self) -> Option<String> {
        let loss = &self.loss;
        let stats = loss
            .stats
            .map_or_else(|| "no per-CPU statistics".to_owned(), |stats| format!("{stats} by per-CPU statistics"));
        let mut parts = Vec::new();
        if loss.events_lost() > 0 {
            parts.push(format!("{} events lost ({} by sub-buffer headers, {stats})", loss.events_lost(), loss.pages));
        }
        let mut part = |count: u64, what: &str, rest: &str| {
            if count > 0 {
                let plural = if count == 1 { "" } else { "s" };
                parts.push(format!("{count} {what}{plural}{rest}"));
            }
        };
        part(loss.pages_unknown, "sub-buffer", " with an unknown number of events lost before");
        part(loss.undecodable_bytes, "byte", " undecodable");
        part(loss.records_skipped, "record", " too short for the format");
        part(loss.unresolved_addresses, "unresolved call site", "");
        part(self.damaged_places, "damaged place", "");
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl RunLabels {
    /// Labels of `run.json`, overruled by those of the command line.
    pub(crate) fn new(run_json: &RunJson, labels: &[Label]) -> Self {
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut free: std::collections::BTreeMap<String, String> =
            run_json.labels.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        free.extend(run_json.load().map(|load| ("load".to_owned(), load)));
        let mut all = Self {
            runtime: run_json.runtime.clone(),
            workload: run_json.workload.clone(),
            repetition: run_json.repetition.clone(),
            free: Vec::new(),
        };
        for Label { key, value } in labels {
            match key.as_str() {
                "runtime" => all.runtime = Some(value.clone()),
                "workload" => all.workload = Some(value.clone()),
                "repetition" => all.repetition = Some(value.clone()),
                _ => {
                    free.insert(key.clone(), value.clone());
                }
            }
        }
        all.free = free.into_iter().collect();
        all
    }
}

#[cfg(test)]
mod tests {
    use hap_schemas::{Exit, Label, RunJson};

    use super::{Loss, RunLabels, RunSummary};

    #[test]
    fn the_larger_of_the_two_accounts_is_the_loss() {
        let loss = |pages, stats| Loss { pages, stats, ..Loss::default() }.events_lost();
        assert_eq!([loss(5, None), loss(5, Some(7)), loss(7, Some(5)), loss(0, Some(0))], [5, 7, 7, 0]);
    }

    #[test]
    fn every_kind_of_loss_is_told_and_makes_the_run_incomplete() {
        let loss = Loss {
            pages: 2,
            pages_unknown: 1,
            stats: Some(3),
            undecodable_bytes: 4,
            records_skipped: 5,
            records_discarded: 6,
            unresolved_addresses: 7,
            unresolved_calls: 8,
        };
        let summary = RunSummary { loss, damaged_places: 9, ..RunSummary::default() };
        let text = "3 events lost (2 by sub-buffer headers, 3 by per-CPU statistics), 1 sub-buffer with an unknown number of \
                    events lost before, 4 bytes undecodable, 5 records too short for the format, 7 unresolved call sites, 9 \
                    damaged places";
        assert_eq!((summary.loss_text().as_deref(), summary.exit()), (Some(text), Exit::Incomplete));
        let whole = RunSummary::default();
        assert_eq!((whole.loss_text(), whole.exit()), (None, Exit::Complete));
    }

    #[test]
    fn labels_of_the_command_line_overrule_run_json() {
        let run_json =
            RunJson::parse(r#"{"runtime": "runc", "workload": "set", "labels": {"host": "a", "n": 3}}"#).unwrap();
        let labels = ["runtime=crun", "host=b", "x=y"].map(|text| text.parse::<Label>().unwrap());
        let labels = RunLabels::new(&run_json, &labels);
        assert_eq!((labels.runtime.as_deref(), labels.workload.as_deref()), (Some("crun"), Some("set")));
        let free = [("host", "b"), ("n", "3"), ("x", "y")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(labels.free, free);
    }
}
