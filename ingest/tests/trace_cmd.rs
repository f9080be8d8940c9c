//! Every event of every bundled capture, against what `trace-cmd report` prints of it.

#![cfg(test)]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{
    Capture, Dataset, INSTANCE, Line, Report, Table, capture, copy_of, equal, for_every_capture, merged, unpacked,
    wrapped,
};
use hap_ftrace::trace_dat::{Codec, TraceDat};
use hap_ftrace::writer::FileOption;
use hap_ftrace::{ByteOrder, CycleConversion, Kallsyms, LostEvents, Modules, PageLayout, SubBuffer};

/// A capture with a header, of the same boot as those without.
const SAME_BOOT: &str = "special/overrun";

/// Events of all bundled captures.
const TOTAL_EVENTS: u64 = 7_161_989;

/// Trace-cmd's report of a capture; what it cannot read is wrapped in a file that it can.
fn report_of(capture: &Capture) -> Report {
    let Some(bytes) = capture.trace_dat_bytes() else {
        let header = common::capture(SAME_BOOT).trace_dat_bytes().unwrap();
        return Report::of(wrapped(&capture.cpu_files(), &TraceDat::parse(&header).unwrap()).path());
    };
    let trace = TraceDat::parse(&bytes).unwrap();
    match (trace.codec, capture.trace_dat()) {
        // Debian's trace-cmd is built without zlib.
        (Codec::Zlib, _) => Report::of(copy_of(&trace, &[]).path()),
        (_, Some(path)) => Report::of(&path),
        (_, None) => Report::of(unpacked(&capture.packed_trace_dat().unwrap()).path()),
    }
}

/// The capture as a dataset with events.
fn dataset_of(capture: &Capture) -> Dataset {
    let dataset = Dataset::new();
    let header = common::capture(SAME_BOOT).trace_dat().unwrap();
    let mut arguments = vec!["--events"];
    if capture.trace_dat_bytes().is_none() {
        // Without it, the killed recorder's files are refused, and the raw dump's events have no names.
        arguments.extend(["--metadata", header.to_str().unwrap()]);
    }
    let outcome = dataset.ingest_capture(capture, &arguments);
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    dataset
}

/// Symbols of a capture, for the callers: the tables name the call sites only.
struct Symbols {
    kallsyms: Kallsyms,
    callers: HashMap<i64, (String, u64)>,
}

impl Symbols {
    fn of(capture: &Capture) -> Self {
        let bytes = capture.trace_dat_bytes().or_else(|| common::capture(SAME_BOOT).trace_dat_bytes()).unwrap();
        let texts = TraceDat::parse(&bytes).unwrap().texts;
        let kallsyms = Kallsyms::parse_with(&texts.kallsyms, &Modules::default()).unwrap();
        Self { kallsyms, callers: HashMap::new() }
    }

    fn caller(&mut self, address: i64) -> (String, u64) {
        let resolve = || {
            let symbol = self.kallsyms.symbol_containing(address as u64).unwrap();
            let name = self.kallsyms.trace_cmd_name(address as u64).unwrap();
            (name.to_owned(), address as u64 - symbol.address)
        };
        self.callers.entry(address).or_insert_with(resolve).clone()
    }

    fn base(&self, module: &str) -> u64 {
        match module {
            "vmlinux" => self.kallsyms.text_base().unwrap(),
            module => self.kallsyms.module_text_base(module).unwrap(),
        }
    }
}

/// The events of one CPU, in the form of trace-cmd's.
fn lines_of(table: &Table, symbols: &mut Symbols) -> Vec<Line> {
    let [times, pids, flags] = ["time_ns", "pid", "flags"].map(|name| table.longs(name));
    let preempt_counts = table.longs("preempt_count");
    let events = table.texts("event");
    let calls = calls_of(table, symbols);
    let line = |(index, (ip, parent)): (usize, Call)| Line {
        time: times[index],
        pid: pids[index],
        event: events[index].to_owned(),
        flags: flags[index],
        preempt_count: preempt_counts[index],
        ip,
        parent,
    };
    calls.into_iter().enumerate().map(line).collect()
}

type Call = (Option<(String, u64)>, Option<(String, u64)>);

/// Call site and caller of each event, each with its offset in the function.
fn calls_of(table: &Table, symbols: &mut Symbols) -> Vec<Call> {
    let [ips, parents, addresses] = ["ip", "parent_ip", "address"].map(|name| table.maybe_longs(name));
    let [functions, modules] = ["function", "module"].map(|name| table.maybe_texts(name));
    let mut call = |index: usize| {
        let ip = ips[index]?;
        let offset = (ip as u64) - symbols.base(modules[index]?) - addresses[index]? as u64;
        Some(((functions[index]?.to_owned(), offset), symbols.caller(parents[index]?)))
    };
    (0..ips.len()).map(|index| call(index).unzip()).collect()
}

/// Compares the events of each CPU, one by one; gives their number.
fn compare_events(dataset: &Dataset, report: &Report, symbols: &mut Symbols) -> Result<usize, String> {
    let (tables, reported) = (dataset.event_files(), report.files());
    equal("files", &tables.keys().collect::<Vec<_>>(), &reported.keys().collect())?;
    let mut compared = 0;
    for (file, table) in &tables {
        let (ours, theirs) = (lines_of(table, symbols), reported[file]);
        for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            equal(&format!("CPU {file}, event {index}"), ours, theirs)?;
            compared += 1;
        }
        equal(&format!("events of CPU {file}"), &ours.len(), &theirs.len())?;
    }
    Ok(compared)
}

/// Lost events by CPU as the sub-buffers of the capture have them: sum and number of counts.
fn lost_in_sub_buffers(capture: &Capture) -> BTreeMap<i64, (i64, i64)> {
    let bytes = capture.trace_dat_bytes();
    let trace = bytes.as_deref().map(|bytes| TraceDat::parse(bytes).unwrap());
    let cpus: Vec<(u32, Vec<u8>)> = match &trace {
        Some(trace) => trace
            .buffers
            .iter()
            .flat_map(|buffer| &buffer.cpus)
            .map(|cpu| (cpu.cpu, common::sub_buffers(cpu)))
            .collect(),
        None => capture.cpu_files().into_iter().map(|(cpu, path)| (cpu, std::fs::read(path).unwrap())).collect(),
    };
    let mut lost = BTreeMap::new();
    for (cpu, bytes) in cpus {
        for page in bytes.chunks(4096) {
            let page = SubBuffer::parse(page, &PageLayout::LONG_8, ByteOrder::Little).unwrap();
            if let LostEvents::Count(count) = page.lost {
                let (sum, markers): &mut (i64, i64) = lost.entry(i64::from(cpu)).or_default();
                *sum += count as i64;
                *markers += 1;
            }
        }
    }
    lost
}

fn compare_losses(capture: &Capture, dataset: &Dataset, report: &Report) -> Result<(), String> {
    let runs = dataset.table("runs");
    equal("losses by CPU", &lost_in_sub_buffers(capture), &report.lost)?;
    let counted: i64 = report.lost.values().map(|(_, markers)| markers).sum();
    equal(
        "lost-event markers",
        &(counted + report.lost_unknown),
        &capture.summary()["lost_markers"].as_i64().unwrap(),
    )?;
    equal("lost_pages", &runs.long("lost_pages"), &report.lost.values().map(|(sum, _)| sum).sum())?;
    equal("lost_pages_unknown", &runs.long("lost_pages_unknown"), &report.lost_unknown)
}

/// Compares everything; gives the number of events.
fn compare(capture: &Capture) -> Result<u64, String> {
    let (dataset, report) = (dataset_of(capture), report_of(capture));
    let compared = compare_events(&dataset, &report, &mut Symbols::of(capture))?;
    let total = capture.summary()["events_total"].as_u64().unwrap();
    equal("events compared", &(compared as u64), &total)?;
    equal("runs.events", &(dataset.table("runs").long("events") as u64), &total)?;
    compare_losses(capture, &dataset, &report)?;
    Ok(total)
}

#[test]
fn every_event_of_every_bundled_capture_is_the_one_that_trace_cmd_reports() {
    let compared = AtomicU64::new(0);
    for_every_capture(|capture| {
        compared.fetch_add(compare(capture)?, Ordering::Relaxed);
        Ok(())
    });
    assert_eq!(compared.into_inner(), TOTAL_EVENTS);
}

#[test]
fn two_buffers_with_events_of_one_cpu_stay_apart() {
    let [top, instance] = [SAME_BOOT, "special/instance"].map(|name| capture(name).trace_dat_bytes().unwrap());
    let file = merged(&TraceDat::parse(&top).unwrap(), &TraceDat::parse(&instance).unwrap());
    let (dataset, report) = ingested(file.path());
    let counts: Vec<_> = report.events.iter().map(|(&stream, lines)| (stream, lines.len())).collect();
    assert_eq!(counts, [(("", 0), 13_007), (("", 1), 63_632), ((INSTANCE, 1), 22_058)]);
    let symbols = &mut Symbols::of(&capture(SAME_BOOT));
    assert_eq!(compare_events(&dataset, &report, symbols), Ok(76_639 + 22_058));
}

/// A file as we and trace-cmd read it.
fn ingested(path: &Path) -> (Dataset, Report) {
    let dataset = Dataset::new();
    let outcome = dataset.ingest([path.to_str().unwrap(), "--run", "x", "--events"]);
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
    (dataset, Report::of(path))
}

/// A capture with other options, as we and trace-cmd read it.
fn with_options(capture: &Capture, options: &[FileOption<'_>]) -> (Dataset, Report) {
    let bytes = capture.trace_dat_bytes().unwrap();
    ingested(copy_of(&TraceDat::parse(&bytes).unwrap(), options).path())
}

#[test]
fn cycles_become_nanoseconds_as_trace_cmd_computes_them() {
    let capture = capture("special/clock-x86-tsc");
    // Trace-cmd stores the offset of the conversion and does not apply it; those of the recording it adds up.
    let cycles = CycleConversion { multiplier: 1_234_567, shift: 22, offset: 999_999_999 };
    let options = [FileOption::Cycles(cycles), FileOption::Offset(-1_000_000_007), FileOption::Offset(30)];
    let (dataset, report) = with_options(&capture, &options);
    assert_eq!(compare_events(&dataset, &report, &mut Symbols::of(&capture)), Ok(21_584));
    let first = ((521_774_346_399_i128 * 1_234_567) >> 22) - 1_000_000_007 + 30;
    assert_eq!(i128::from(report.events[&("", 0)][0].time), first);
}

/// Here trace-cmd is wrong. It keeps the multiplier in an `int`, but the kernel's (`perf_event_mmap_page.time_mult`) has
/// 32 bits without a sign, and needs all of them where a counter is slower than a nanosecond. The proof: with such a
/// multiplier, the times that trace-cmd prints run backwards.
#[test]
fn a_large_multiplier_of_cycles_is_not_negative_though_trace_cmd_takes_it_for_that() {
    let halved = CycleConversion { multiplier: 1 << 31, shift: 32, offset: 0 };
    let (dataset, report) = with_options(&capture("special/clock-x86-tsc"), &[FileOption::Cycles(halved)]);
    let backwards = |lines: &Vec<Line>| lines.is_sorted_by(|one, next| one.time >= next.time);
    assert!(report.events.values().all(backwards), "trace-cmd no longer reads the multiplier with a sign");
    let runs = dataset.table("runs");
    assert_eq!((runs.long("first_ns"), runs.long("last_ns")), (521_774_346_399 / 2, 522_919_130_611 / 2));
}

/// Here trace-cmd is wrong. It applies the conversion of cycles to every buffer, though an instance has a clock of its
/// own. The proof: this instance is on the clock `local`, in nanoseconds, and its events span 0.45 s of a recording that
/// was on for 0.50 s by `CLOCK_MONOTONIC`. With a conversion that doubles, trace-cmd sees 0.90 s.
#[test]
fn an_instance_on_a_nanosecond_clock_keeps_its_times_though_trace_cmd_takes_them_for_cycles() {
    let capture = capture("special/instance");
    let doubled = CycleConversion { multiplier: 2, shift: 0, offset: 0 };
    let (dataset, mut report) = with_options(&capture, &[FileOption::Cycles(doubled)]);
    let recorded = capture.run_json()["duration_s"].as_f64().unwrap() * 1e9;
    let span = |lines: &[Line]| (lines.last().unwrap().time - lines[0].time) as f64;
    assert!(span(&report.events[&(INSTANCE, 1)]) > recorded, "trace-cmd no longer converts the times of instances");
    assert!((dataset.table("runs").long("duration_ns") as f64) < recorded);
    // But for that factor, every event is equal.
    report.events.values_mut().flatten().for_each(|line| line.time /= 2);
    assert_eq!(compare_events(&dataset, &report, &mut Symbols::of(&capture)), Ok(22_058));
}

/// The unknown loss of this capture: sub-buffer 41 of CPU 0 is full to its last byte, with no room for a number.
#[test]
fn a_full_sub_buffer_cannot_say_how_many_events_were_lost_before_it() {
    let capture = capture(SAME_BOOT);
    let report = report_of(&capture);
    assert_eq!((report.lost_unknown, &report.lost), (1, &BTreeMap::from([(0, (22_644, 19)), (1, (28_008, 49))])));
    let bytes = capture.trace_dat_bytes().unwrap();
    let pages = common::sub_buffers(&TraceDat::parse(&bytes).unwrap().buffers[0].cpus[0]);
    let page = SubBuffer::parse(&pages[41 * 4096..][..4096], &PageLayout::LONG_8, ByteOrder::Little).unwrap();
    assert_eq!((page.lost, page.data.len()), (LostEvents::Unknown, 4096 - 16));
}
