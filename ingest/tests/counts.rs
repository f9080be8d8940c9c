//! The tables of every bundled capture, against the counts that were taken from trace-cmd's text when the captures were
//! made, and against each other.

#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Capture, Dataset, Outcome, Table, capture, equal, for_every_capture};
use hap_ftrace::trace_dat::TraceDat;
use hap_ftrace::{EventFormat, FLAG_HARDIRQ, FLAG_NMI, FLAG_SOFTIRQ};

/// A capture with a header, of the same boot as those without.
const SAME_BOOT: &str = "special/overrun";
/// The list of functions that enter an interrupt before the flags say so.
const INTERRUPT_ENTRIES: &str = include_str!("../data/interrupt_entries.tsv");

fn dataset_of(capture: &Capture) -> (Dataset, Outcome) {
    let dataset = Dataset::new();
    let header = common::capture(SAME_BOOT).trace_dat().unwrap();
    let metadata = ["--events", "--metadata", header.to_str().unwrap()];
    let arguments = if capture.name == "special/sigkill" { &metadata[..] } else { &metadata[..1] };
    let outcome = dataset.ingest_capture(capture, arguments);
    (dataset, outcome)
}

/// Sums by a key.
fn sums<K: Ord>(rows: impl IntoIterator<Item = (K, i64)>) -> BTreeMap<K, i64> {
    let mut sums = BTreeMap::new();
    for (key, count) in rows {
        *sums.entry(key).or_default() += count;
    }
    sums
}

/// An error that names the first key whose values differ.
fn equal_maps<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    what: &str,
    ours: &BTreeMap<K, V>,
    theirs: &BTreeMap<K, V>,
) -> Result<(), String> {
    for key in ours.keys().chain(theirs.keys()) {
        equal(&format!("{what} {key:?}"), &ours.get(key), &theirs.get(key))?;
    }
    Ok(())
}

// The counts by trace-cmd.

type ByFunction = BTreeMap<(i64, String), i64>;
type ByContext = BTreeMap<(i64, String, String), i64>;

/// The file and its headline, parted.
fn oracle(capture: &Capture, name: &str, headline: &str) -> Vec<Vec<String>> {
    let text = capture.packed_text(name);
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned).collect());
    assert_eq!(lines.next(), Some(headline.split(' ').map(str::to_owned).collect()), "{name} of {}", capture.name);
    lines.collect()
}

fn oracle_by_function(capture: &Capture) -> ByFunction {
    let lines = oracle(capture, "counts.tsv.zst", "pid function count");
    sums(lines.iter().map(|line| ((line[0].parse().unwrap(), line[1].clone()), line[2].parse().unwrap())))
}

/// Empty for the capture with the clock x86-tsc: trace-cmd printed its flags and times in one.
fn oracle_by_context(capture: &Capture) -> ByContext {
    let lines = oracle(capture, "counts_ctx.tsv.zst", "pid function context count");
    let key = |line: &[String]| (line[0].parse().unwrap(), line[1].clone(), line[2].clone());
    sums(lines.iter().map(|line| (key(line), line[3].parse().unwrap())))
}

// The same from our tables.

fn context_of_flags(flags: i64) -> &'static str {
    let has = |flag: u8| flags & i64::from(flag) != 0;
    match () {
        () if has(FLAG_NMI) => "nmi",
        () if has(FLAG_HARDIRQ) => "hardirq",
        () if has(FLAG_SOFTIRQ) => "softirq",
        () => "task",
    }
}

/// Calls by the context that the flags of the events tell.
fn by_flags(events: &BTreeMap<i64, Table>) -> ByContext {
    let rows = events.values().flat_map(|table| {
        let (pids, functions) = (table.longs("pid"), table.maybe_texts("function"));
        let (flags, calls) = (table.longs("flags"), table.maybe_longs("calls"));
        let row = move |index: usize| {
            let key = (pids[index], functions[index]?.to_owned(), context_of_flags(flags[index]).to_owned());
            Some((key, calls[index]?))
        };
        (0..table.longs("pid").len()).filter_map(row)
    });
    sums(rows)
}

/// Calls by the context column of table functions.
fn by_context(functions: &Table) -> ByContext {
    let (pids, names) = (functions.longs("pid"), functions.texts("function"));
    let (contexts, calls) = (functions.texts("context"), functions.longs("calls"));
    let row = |index: usize| ((pids[index], names[index].to_owned(), contexts[index].to_owned()), calls[index]);
    sums((0..pids.len()).map(row))
}

fn without_context(counts: &ByContext) -> ByFunction {
    sums(counts.iter().map(|((pid, function, _), &count)| ((*pid, function.clone()), count)))
}

fn compare_counts(capture: &Capture, dataset: &Dataset) -> Result<(), String> {
    let by_flags = by_flags(&dataset.events());
    let functions = by_context(&dataset.table("functions"));
    let expected = oracle_by_function(capture);
    equal_maps("events, counts of", &without_context(&by_flags), &expected)?;
    equal_maps("functions, counts of", &without_context(&functions), &expected)?;
    let expected = oracle_by_context(capture);
    if capture.name == "special/clock-x86-tsc" {
        equal("lines of counts_ctx", &expected.len(), &0)?;
    } else {
        equal_maps("events, counts by context of", &by_flags, &expected)?;
    }
    compare_moved(&functions, &by_flags, &dataset.table("runs").counts("interrupt_entry_hits"))
}

/// The context column differs from the flags by what `interrupt_entry_hits` says, for functions of the list only.
fn compare_moved(functions: &ByContext, flags: &ByContext, hits: &BTreeMap<String, i64>) -> Result<(), String> {
    let arrived = functions.iter().map(|(key, &calls)| (key, calls - flags.get(key).copied().unwrap_or(0)));
    let moved = sums(arrived.filter(|(_, more)| *more > 0).map(|((_, function, _), more)| (function.clone(), more)));
    equal_maps("calls moved to another context, of", &moved, hits)?;
    match hits.keys().find(|function| !is_interrupt_entry(function)) {
        Some(function) => Err(format!("{function} is not in the list of interrupt entries")),
        None => Ok(()),
    }
}

fn is_interrupt_entry(function: &str) -> bool {
    let patterns = INTERRUPT_ENTRIES.lines().filter(|line| !line.starts_with('#'));
    patterns.filter_map(|line| line.split('\t').next()).any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => function.starts_with(prefix),
        None => function == pattern,
    })
}

// Table runs.

/// Events by name as our tables should have them.
fn expected_event_counts(capture: &Capture) -> BTreeMap<String, i64> {
    let summary = capture.summary();
    let counts = summary["events_by_name"].as_object().unwrap().iter();
    let mut counts: BTreeMap<_, _> = counts.map(|(name, count)| (name.clone(), count.as_i64().unwrap())).collect();
    if capture.name == "special/raw-dump" {
        // The oracle had the formats of the same boot; the folder has only that of the function event.
        for name in ["sys_enter", "sys_exit"] {
            let count = counts.remove(name).unwrap();
            counts.insert(format!("unknown (id {})", id_of(name)), count);
        }
    }
    counts
}

fn id_of(event: &str) -> u16 {
    let bytes = capture(SAME_BOOT).trace_dat_bytes().unwrap();
    let texts = TraceDat::parse(&bytes).unwrap().texts;
    let mut formats = texts.event_formats.iter().map(|(_, text)| EventFormat::parse(text).unwrap());
    formats.find(|format| format.name == event).unwrap().id
}

/// Seconds with nine digits, or a number of cycles.
fn nanoseconds(time: &serde_json::Value) -> Option<i64> {
    time.as_str().unwrap().replace('.', "").parse().ok()
}

fn compare_runs(capture: &Capture, dataset: &Dataset) -> Result<(), String> {
    let (runs, summary) = (dataset.table("runs"), capture.summary());
    equal("events", &runs.maybe_long("events"), &summary["events_total"].as_i64())?;
    equal("function_events", &runs.maybe_long("function_events"), &summary["events_by_name"]["function"].as_i64())?;
    equal_maps("event_counts of", &runs.counts("event_counts"), &expected_event_counts(capture))?;
    equal("first_ns", &runs.maybe_long("first_ns"), &nanoseconds(&summary["first_ts"]))?;
    equal("last_ns", &runs.maybe_long("last_ns"), &nanoseconds(&summary["last_ts"]))?;
    equal("duration_ns", &runs.long("duration_ns"), &(runs.long("last_ns") - runs.long("first_ns")))?;
    let events = dataset.events();
    let by_cpu: BTreeMap<String, i64> =
        events.iter().map(|(cpu, table)| (cpu.to_string(), table.longs("pid").len() as i64)).collect();
    let expected = summary["events_by_cpu"].as_object().unwrap().iter();
    equal("events by CPU", &by_cpu, &expected.map(|(cpu, count)| (cpu.clone(), count.as_i64().unwrap())).collect())?;
    let complete = ["undecodable_bytes", "records_skipped", "unresolved_addresses", "unresolved_calls"];
    equal("incompleteness", &complete.map(|column| runs.long(column)), &[0; 4])
}

// The tables among themselves.

/// Calls, first and last time.
type Tally = (i64, i64, i64);
type FunctionKey = (i64, String, i64, Option<String>, String, Option<String>);
type WindowKey = (i64, i64, String, i64, String);

/// What tables functions and windows should hold, from the single events.
#[derive(Default)]
struct Grouped {
    functions: BTreeMap<FunctionKey, Tally>,
    windows: BTreeMap<WindowKey, i64>,
}

impl Grouped {
    fn of(events: &BTreeMap<i64, Table>, first: i64, window: i64) -> Self {
        let mut grouped = Self::default();
        for table in events.values() {
            grouped.add(table, first, window);
        }
        grouped
    }

    fn add(&mut self, table: &Table, first: i64, window: i64) {
        let (times, calls) = (table.longs("time_ns"), table.maybe_longs("calls"));
        for (index, key) in function_keys(table).into_iter().enumerate() {
            let (Some(key), Some(calls)) = (key, calls[index]) else { continue };
            let time = times[index];
            let series = ((time - first) / window, key.0, key.1.clone(), key.2, key.4.clone());
            *self.windows.entry(series).or_default() += calls;
            let tally = self.functions.entry(key).or_insert((0, time, time));
            *tally = (tally.0 + calls, tally.1.min(time), tally.2.max(time));
        }
    }
}

/// The key of each row of table functions or events; none where an event is no call.
fn function_keys(table: &Table) -> Vec<Option<FunctionKey>> {
    let (pids, addresses, contexts) = (table.longs("pid"), table.maybe_longs("address"), table.texts("context"));
    let [modules, functions, syscalls] = ["module", "function", "syscall"].map(|name| table.maybe_texts(name));
    let own = |text: &str| text.to_owned();
    let key = |index: usize| {
        let (module, function, syscall) = (own(modules[index]?), functions[index].map(own), syscalls[index].map(own));
        Some((pids[index], module, addresses[index]?, function, own(contexts[index]), syscall))
    };
    (0..pids.len()).map(key).collect()
}

fn functions_of(table: &Table) -> BTreeMap<FunctionKey, Tally> {
    let [calls, first, last] = ["calls", "first_ns", "last_ns"].map(|name| table.longs(name));
    let keys = function_keys(table).into_iter().map(Option::unwrap);
    let rows = keys.enumerate().map(|(index, key)| (key, (calls[index], first[index], last[index])));
    let rows: Vec<_> = rows.collect();
    let unique = rows.iter().cloned().collect::<BTreeMap<_, _>>();
    assert_eq!(unique.len(), rows.len(), "table functions has a key twice");
    unique
}

fn windows_of(table: &Table) -> BTreeMap<WindowKey, i64> {
    let [windows, pids, addresses, calls] = ["window", "pid", "address", "calls"].map(|name| table.longs(name));
    let [modules, contexts] = ["module", "context"].map(|name| table.texts(name));
    let key = |index: usize| {
        (windows[index], pids[index], modules[index].to_owned(), addresses[index], contexts[index].to_owned())
    };
    let rows: BTreeMap<_, _> = (0..windows.len()).map(|index| (key(index), calls[index])).collect();
    assert_eq!(rows.len(), windows.len(), "table windows has a key twice");
    rows
}

fn compare_tables(_: &Capture, dataset: &Dataset) -> Result<(), String> {
    let runs = dataset.table("runs");
    let grouped = Grouped::of(&dataset.events(), runs.long("first_ns"), runs.long("window_ns"));
    let (functions, windows) = (functions_of(&dataset.table("functions")), windows_of(&dataset.table("windows")));
    equal_maps("functions, grouped from events,", &functions, &grouped.functions)?;
    equal_maps("windows, grouped from events,", &windows, &grouped.windows)?;
    let over_windows = sums(
        windows.into_iter().map(|((_, pid, module, address, context), calls)| ((pid, module, address, context), calls)),
    );
    let over_syscalls = sums(
        functions
            .into_iter()
            .map(|((pid, module, address, _, context, _), (calls, ..))| ((pid, module, address, context), calls)),
    );
    equal_maps("calls over windows of", &over_windows, &over_syscalls)?;
    compare_threads(dataset, &runs)
}

fn compare_threads(dataset: &Dataset, runs: &Table) -> Result<(), String> {
    let threads = dataset.table("threads");
    let events = dataset.events();
    let seen = sums(events.values().flat_map(|table| table.longs("pid").into_iter().map(|pid| (pid, 1))));
    let pairs = threads.longs("pid").into_iter().zip(threads.longs("events"));
    equal_maps("events of thread", &pairs.filter(|(_, events)| *events > 0).collect(), &seen)?;
    equal("events of all threads", &threads.longs("events").iter().sum(), &runs.long("events"))?;
    equal("calls of all threads", &threads.longs("calls").iter().sum(), &runs.long("function_events"))?;
    equal("threads seen", &runs.long("threads_seen"), &(seen.len() as i64))
}

fn compare_listed_threads(capture: &Capture, dataset: &Dataset) -> Result<(), String> {
    let threads = dataset.table("threads");
    let pids = threads.longs("pid");
    let unique: BTreeSet<_> = pids.iter().collect();
    equal("rows of table threads", &pids.len(), &unique.len())?;
    let listed = capture.run_json()["threads"].as_array().map_or(0, Vec::len) as i64;
    equal("threads listed", &dataset.table("runs").long("threads_listed"), &listed)
}

fn compare(capture: &Capture) -> Result<(), String> {
    let (dataset, outcome) = dataset_of(capture);
    let lossy = ["special/overrun", "special/sigkill"].contains(&capture.name.as_str());
    equal("exit code", &outcome.code, &Some(i32::from(lossy)))?;
    let checks = [compare_counts, compare_runs, compare_tables, compare_listed_threads];
    checks.into_iter().try_for_each(|check| check(capture, &dataset))
}

#[test]
fn the_tables_of_every_bundled_capture_are_trace_cmds_counts_and_agree_with_each_other() {
    for_every_capture(compare);
}

/// As counts_ctx.tsv.zst has them in another context: `irq_enter_rcu` 129 times in task, 118 times in softirq.
#[test]
fn calls_at_the_entry_of_an_interrupt_move_to_its_context() {
    let (dataset, _) = dataset_of(&capture(SAME_BOOT));
    let hits = dataset.table("runs").counts("interrupt_entry_hits");
    let expected = [("__do_softirq", 97), ("handle_softirqs", 136), ("irq_enter_rcu", 247)];
    assert_eq!(hits, expected.map(|(function, calls)| (function.to_owned(), calls)).into());
}
