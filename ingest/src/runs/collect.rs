//! Brings the counts of all streams together: rows of the fact table, windows, threads, events by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hap_schemas::Context;

use super::aggregate::{Slot, SlotCalls, StreamCounts, WindowSink};
use super::call_table::{CallEntry, CallTotal};
use super::observer_effects::ObserverEffects;
use super::symbolize::{Site, SiteId, Symbolizer, UNKNOWN};
use super::tables::windows::{SeriesColumns, WindowsTable};
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

/// Number, first and last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
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
    /// Sorted by thread, function, context and system call.
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
    series_keys: Vec<SeriesKey>,
    series_columns: Vec<SeriesColumns>,
    /// Series in the order of the table: by thread, function and context.
    series_order: Vec<u32>,
    /// Calls by series of the windows that may still grow.
    open: BTreeMap<u64, Vec<u64>>,
    table: WindowsTable,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(symbolizer: Symbolizer<'a>, table: WindowsTable) -> Self {
        Self {
            symbolizer,
            series: HashMap::new(),
            series_keys: Vec::new(),
            series_columns: Vec::new(),
            series_order: Vec::new(),
            open: BTreeMap::new(),
            table,
        }
    }

    /// Writes the windows before `window`, which every stream has left.
    pub(crate) fn write_windows_before(&mut self, window: u64) {
        while let Some(entry) = self.open.first_entry().filter(|entry| *entry.key() < window) {
            let (index, calls) = entry.remove_entry();
            self.write_window(index, &calls);
        }
    }

    fn write_window(&mut self, window: u64, calls: &[u64]) {
        if self.series_order.len() != self.series_keys.len() {
            self.sort_series();
        }
        for &series in &self.series_order {
            let calls = calls.get(series as usize).copied().unwrap_or(0);
            if let (1.., Some(columns)) = (calls, self.series_columns.get(series as usize)) {
                self.table.push(window, columns, calls);
            }
        }
    }

    fn sort_series(&mut self) {
        let (keys, sites) = (&self.series_keys, self.symbolizer.sites());
        let order = |series: &u32| {
            let key = keys.get(*series as usize)?;
            Some((key.pid, sites.get(key.site as usize).map(Site::key), key.context))
        };
        self.series_order.extend(self.series_order.len() as u32..keys.len() as u32);
        self.series_order.sort_by_key(order);
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
        let series = self.series_keys.len() as u32;
        self.series_columns.push(self.table.series(pid, site, context));
        self.series_keys.push(key);
        self.series.insert(key, series);
        Some(series)
    }

    /// Ends the windows table and sums up the streams.
    pub(crate) fn finish(mut self, streams: &[StreamCounts]) -> (RunCounts, WindowsTable) {
        self.write_windows_before(u64::MAX);
        let mut sum = Summation::default();
        for stream in streams {
            sum.add(stream, &mut self.symbolizer);
        }
        let skipped = streams.iter().map(|stream| stream.skipped).sum();
        let mut counts = sum.finish(self.symbolizer.sites().to_vec());
        counts.skipped = skipped;
        counts.call_sites = self.symbolizer.call_sites();
        (counts, self.table)
    }
}

impl WindowSink for Collector<'_> {
    fn window_ended(&mut self, window: u64, calls: &mut SlotCalls) {
        let mut counts = self.open.remove(&window).unwrap_or_default();
        let pid = calls.slot.pid;
        calls.table.report(|entry, total, calls| {
            if total.series.is_none() {
                total.series = self.series_of(pid, entry);
            }
            let Some(series) = total.series.map(|series| series as usize) else { return };
            if counts.len() <= series {
                counts.resize(self.series_keys.len(), 0);
            }
            if let Some(count) = counts.get_mut(series) {
                *count += calls;
            }
        });
        if !counts.is_empty() {
            self.open.insert(window, counts);
        }
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
    moved: BTreeMap<SiteId, u64>,
    unresolved_ips: BTreeMap<u64, u64>,
}

impl Summation {
    fn add(&mut self, stream: &StreamCounts, symbolizer: &mut Symbolizer<'_>) {
        let mut calls = 0;
        for SlotCalls { slot, table, .. } in &stream.calls {
            for (entry, total) in table.totals() {
                self.add_calls(*slot, entry, total, symbolizer);
                calls += total.calls;
            }
        }
        for (&(id, pid), seen) in &stream.others {
            *self.events.entry(id).or_default() += seen.count;
            self.add_events(pid, Tally { count: seen.count, first: seen.first, last: seen.last }, 0);
        }
        let (repeat_events, repeated_calls) = stream.repeats;
        self.calls += calls;
        for (id, count) in [(stream.function_id, calls - repeated_calls), (stream.func_repeats_id, repeat_events)] {
            if count > 0 {
                *self.events.entry(id).or_default() += count;
            }
        }
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
        self.add_events(slot.pid, tally, calls);
    }

    fn add_events(&mut self, pid: i32, events: Tally, calls: u64) {
        let thread = self.threads.entry(pid).or_insert(ThreadTally { events: Tally { count: 0, ..events }, calls: 0 });
        thread.events.add(events);
        thread.calls += calls;
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
        rows.sort_by_key(|row| (row.pid, key(row.site), row.context, row.syscall));
        let observer_hits = mark_observer_effects(&mut rows, &sites);
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

impl Tally {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
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
