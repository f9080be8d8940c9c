//! Brings the counts of all streams together: rows of the fact table, windows, threads, events by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hap_ftrace::EventDecoder;
use hap_schemas::Context;

use super::aggregate::StreamCounts;
use super::call_counts::{Slot, SlotCalls, WindowSink};
use super::call_table::{CallEntry, CallTotal};
use super::observer_effects::ObserverEffects;
use super::symbolize::{Site, SiteId, Symbolizer, UNKNOWN};
use super::tables::windows::WindowsTable;
use super::tally::Tally;
use super::timeline::{NO_SYSCALL, SyscallId};

/// A row of the fact table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FunctionRow {
    pub(crate) pid: i32,
    pub(crate) site: SiteId,
    pub(crate) context: Context,
    pub(crate) syscall: SyscallId,
    pub(crate) observer: Option<&'static str>,
    pub(crate) tally: Tally,
}

/// What one thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadTally {
    /// Events of every kind.
    pub(crate) events: Tally,
    /// Function calls.
    pub(crate) calls: u64,
}

/// Everything that a run held.
#[derive(Default)]
pub(crate) struct RunCounts {
    /// Sorted by function, context, system call and thread: what stands together is alike, which makes a small file.
    pub(crate) rows: Vec<FunctionRow>,
    pub(crate) sites: Vec<Site>,
    pub(crate) threads: BTreeMap<i32, ThreadTally>,
    /// Function calls.
    pub(crate) calls: u64,
    /// Events decoded, by id.
    pub(crate) events: BTreeMap<u16, u64>,
    pub(crate) skipped: u64,
    /// Calls moved to another context, by function.
    pub(crate) interrupt_entry_hits: BTreeMap<String, u64>,
    /// Calls due to observer effects, by `function (effect)`.
    pub(crate) observer_hits: BTreeMap<String, u64>,
    /// Distinct call sites without a symbol, and their calls.
    pub(crate) unresolved: (u64, u64),
    /// Call sites that lie at no function's start, and all call sites.
    pub(crate) call_sites: (usize, usize),
    /// Times of the first and the last event.
    pub(crate) span: Option<(u64, u64)>,
}

/// A series of the windows table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SeriesKey {
    pid: i32,
    site: SiteId,
    context: Context,
}

/// Collects windows while the streams are walked, and everything else at the end.
pub(crate) struct Collector<'a> {
    symbolizer: Symbolizer<'a>,
    series: HashMap<SeriesKey, u32>,
    /// Calls in the current window by series.
    calls: Vec<u64>,
    /// The series that have some.
    touched: Vec<u32>,
    table: WindowsTable,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(symbolizer: Symbolizer<'a>, table: WindowsTable) -> Self {
        Self { symbolizer, series: HashMap::new(), calls: Vec::new(), touched: Vec::new(), table }
    }

    fn series_of(&mut self, pid: i32, entry: &CallEntry) -> Option<u32> {
        let flags_context = flags_context(entry)?;
        let site_id = self.symbolizer.site(entry.ip);
        let site = self.symbolizer.get(site_id)?;
        let context = entered_context(Some(site), flags_context);
        let key = SeriesKey { pid, site: site_id, context };
        if let Some(&series) = self.series.get(&key) {
            return Some(series);
        }
        let series = self.calls.len() as u32;
        self.table.add_series(pid, site, context);
        self.series.insert(key, series);
        self.calls.push(0);
        Some(series)
    }

    /// Ends the windows table and sums up the streams.
    pub(crate) fn finish(
        mut self,
        calls: &[SlotCalls],
        streams: &[StreamCounts],
        decoder: &EventDecoder,
    ) -> (RunCounts, WindowsTable) {
        let mut sum = Summation::default();
        for SlotCalls { slot, table, .. } in calls {
            for (entry, total) in table.totals() {
                sum.add_calls(*slot, entry, total, &mut self.symbolizer);
            }
        }
        for stream in streams {
            sum.add_stream(stream);
        }
        sum.name_calls(decoder);
        let skipped = streams.iter().map(|stream| stream.skipped).sum();
        let mut counts = sum.finish(self.symbolizer.sites().to_vec());
        counts.skipped = skipped;
        counts.call_sites = self.symbolizer.call_sites();
        (counts, self.table)
    }
}

impl WindowSink for Collector<'_> {
    fn calls(&mut self, calls: &mut SlotCalls) {
        let pid = calls.slot.pid;
        calls.table.report(|entry, total, calls| {
            if total.series.is_none() {
                total.series = self.series_of(pid, entry);
            }
            let Some(series) = total.series else { return };
            let Some(sum) = self.calls.get_mut(series as usize) else { return };
            if *sum == 0 {
                self.touched.push(series);
            }
            *sum += calls;
        });
    }

    fn window_ended(&mut self, window: u64) {
        for series in self.touched.drain(..) {
            if let Some(calls) = self.calls.get_mut(series as usize) {
                self.table.push(window, series, std::mem::take(calls));
            }
        }
        self.table.end_window();
    }
}

/// The context that an entry's flags tell.
fn flags_context(entry: &CallEntry) -> Option<Context> {
    Context::ALL.get(entry.context as usize).copied()
}

/// The context of a call: an interrupt entry belongs to the interrupt that it enters, whatever its flags say.
pub(crate) fn entered_context(site: Option<&Site>, flags: Context) -> Context {
    match site.and_then(|site| site.enters) {
        Some(entered) if entered > flags => entered,
        _ => flags,
    }
}

type RowKey = (i32, SiteId, Context, SyscallId);

#[derive(Default)]
struct Summation {
    rows: HashMap<RowKey, Tally>,
    threads: BTreeMap<i32, ThreadTally>,
    events: BTreeMap<u16, u64>,
    calls: u64,
    /// Number of `func_repeats` events, and of the calls that they stand for.
    repeats: (u64, u64),
    moved: BTreeMap<SiteId, u64>,
    unresolved_ips: BTreeMap<u64, u64>,
}

impl Summation {
    /// Adds what a stream held beside its calls; those have been added before.
    fn add_stream(&mut self, stream: &StreamCounts) {
        for (&(id, pid), seen) in &stream.others {
            *self.events.entry(id).or_default() += seen.count;
            self.add_events(pid, *seen, 0);
        }
        self.repeats.0 += stream.repeats.0;
        self.repeats.1 += stream.repeats.1;
    }

    fn add_calls(&mut self, slot: Slot, entry: &CallEntry, total: &CallTotal, symbolizer: &mut Symbolizer<'_>) {
        let (Some(flags_context), calls) = (flags_context(entry), total.calls) else { return };
        let id = symbolizer.site(entry.ip);
        let site = symbolizer.get(id);
        let context = entered_context(site, flags_context);
        if context != flags_context {
            *self.moved.entry(id).or_default() += calls;
        }
        if site.is_some_and(|site| site.module == UNKNOWN) {
            *self.unresolved_ips.entry(entry.ip).or_default() += calls;
        }
        let syscall = if context == Context::Task { slot.syscall } else { NO_SYSCALL };
        let tally = Tally { count: calls, first: total.first, last: entry.last };
        self.rows.entry((slot.pid, id, context, syscall)).and_modify(|row| row.add(tally)).or_insert(tally);
        self.calls += calls;
        self.add_events(slot.pid, tally, calls);
    }

    fn add_events(&mut self, pid: i32, events: Tally, calls: u64) {
        let thread = self.threads.entry(pid).or_insert(ThreadTally { events: Tally { count: 0, ..events }, calls: 0 });
        thread.events.add(events);
        thread.calls += calls;
    }

    /// Adds the events that the calls came in; everything else has been added.
    fn name_calls(&mut self, decoder: &EventDecoder) {
        let (repeat_events, repeated_calls) = self.repeats;
        let ids = [Some(decoder.function_id()), decoder.func_repeats_id()];
        for (id, count) in ids.into_iter().zip([self.calls - repeated_calls, repeat_events]) {
            if let (Some(id), 1..) = (id, count) {
                *self.events.entry(id).or_default() += count;
            }
        }
    }

    fn finish(self, sites: Vec<Site>) -> RunCounts {
        let mut rows: Vec<FunctionRow> = self
            .rows
            .into_iter()
            .map(|((pid, site, context, syscall), tally)| FunctionRow {
                pid,
                site,
                context,
                syscall,
                observer: None,
                tally,
            })
            .collect();
        let key = |site: SiteId| sites.get(site as usize).map(Site::key);
        rows.sort_unstable_by_key(|row| row.pid);
        let observer_hits = mark_observer_effects(&mut rows, &sites);
        rows.sort_by_key(|row| (key(row.site), row.context, row.syscall, row.pid));
        let name = |id: SiteId| sites.get(id as usize).and_then(|site| site.function.clone()).unwrap_or_default();
        let span = self.threads.values().fold(None, |span: Option<(u64, u64)>, thread| {
            let (first, last) = span.unwrap_or((thread.events.first, thread.events.last));
            Some((first.min(thread.events.first), last.max(thread.events.last)))
        });
        RunCounts {
            rows,
            threads: self.threads,
            calls: self.calls,
            events: self.events,
            skipped: 0,
            call_sites: (0, 0),
            interrupt_entry_hits: self.moved.iter().map(|(&id, &calls)| (name(id), calls)).collect(),
            observer_hits,
            unresolved: (self.unresolved_ips.len() as u64, self.unresolved_ips.values().sum()),
            span,
            sites,
        }
    }
}

impl RunCounts {
    /// Why the run must not be compared, if that shows: a sandbox that was never traced would have the smallest figure.
    pub(crate) fn failure(&self) -> Option<String> {
        (self.calls == 0).then(|| "no function call was recorded".to_owned())
    }
}

/// Marks the rows that are there only because somebody looks; gives the calls by `function (effect)`.
fn mark_observer_effects(rows: &mut [FunctionRow], sites: &[Site]) -> BTreeMap<String, u64> {
    let effects = ObserverEffects::bundled();
    let name = |row: &FunctionRow| sites.get(row.site as usize).and_then(|site| site.function.as_deref());
    let mut hits = BTreeMap::new();
    for thread in rows.chunk_by_mut(|left, right| left.pid == right.pid) {
        let in_task = thread.iter().filter(|row| row.context == Context::Task);
        let functions: BTreeSet<&str> = in_task.filter_map(name).collect();
        for row in thread {
            let Some(function) = name(row) else { continue };
            row.observer = effects.effect_of(function, row.context, &functions);
            if let Some(effect) = row.observer {
                *hits.entry(format!("{function} ({effect})")).or_default() += row.tally.count;
            }
        }
    }
    hits
}
