//! The same counts by the simplest walk that can be right: every record of all CPUs in one list, merged by time, one
//! event after the other. Tests compare the real walk with it on every bundled capture.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use hap_ftrace::{Body, Chunk, Codec, Decompressor, Event, Modules, SubBuffer};
use hap_schemas::Context;

use super::aggregate::NoSink;
use super::collect::{Collector, RunCounts, entered_context};
use super::discover::{CaptureData, discover};
use super::interrupt_entries::context_of_flags;
use super::recording::{CaptureFiles, Recording, StreamData};
use super::scan::entry_functions;
use super::symbolize::Symbolizer;
use super::syscalls::{SyscallSource, id_of_number};
use super::tables::windows::WindowsTable;
use super::tally::Tally;
use super::timeline::{NO_SYSCALL, SyscallId};
use super::walk::{WalkOptions, walk};
use crate::write::FileMetadata;

const WINDOW_NS: u64 = 50_000_000;

/// (pid, module, address, context, system call).
type Key = (i32, String, i64, Context, SyscallId);
/// (window, pid, module, address, context).
type WindowKey = (i64, i32, String, i64, String);

#[derive(Debug, Default, PartialEq)]
struct Counts {
    rows: BTreeMap<Key, (u64, u64, u64)>,
    windows: BTreeMap<WindowKey, i64>,
    /// Events in the order of the merge that changed CPU: a capture without any proves little.
    cpu_changes: u64,
}

/// All records of a stream with their times.
fn events(stream: &StreamData<'_>, recording: &Recording<'_>) -> Vec<(u64, Event)> {
    let mut decompressor = Decompressor::new();
    let mut events = Vec::new();
    for chunk in stream.data.chunks() {
        let chunk: Chunk<'_> = chunk.unwrap();
        let mut bytes = chunk.bytes.to_vec();
        if chunk.codec != Codec::None {
            decompressor.decompress(&chunk, &mut bytes).unwrap();
        }
        for page in bytes.chunks(stream.format.sub_buffer_size) {
            let page = SubBuffer::parse(page, &stream.format.layout, stream.format.order).unwrap();
            for record in page.records() {
                let record = record.unwrap();
                let event = recording.decoder.decode_by_format(record.payload).unwrap();
                events.push((stream.format.conversion.to_ns(record.time), event));
            }
        }
    }
    events
}

fn reference(recording: &Recording<'_>, source: &SyscallSource) -> Counts {
    let streams: Vec<_> = recording.streams.iter().map(|stream| events(stream, recording)).collect();
    let first = streams.iter().filter_map(|events| events.first()).map(|(time, _)| *time).min().unwrap();
    let mut next = vec![0; streams.len()];
    let mut state: HashMap<(u16, i32), SyscallId> = HashMap::new();
    let mut symbolizer = Symbolizer::new(&recording.kallsyms);
    let mut counts = Counts::default();
    let mut last_stream = 0;
    loop {
        let heads = streams.iter().zip(&next).enumerate();
        let head = heads.filter_map(|(index, (events, &next))| events.get(next).map(|(time, _)| (*time, index))).min();
        let Some((time, index)) = head else { return counts };
        let event = streams[index][next[index]].1;
        next[index] += 1;
        counts.cpu_changes += u64::from(index != last_stream);
        last_stream = index;
        let state = state.entry((recording.streams[index].id.buffer, event.common.pid)).or_insert(NO_SYSCALL);
        step(&event, time, (time - first) / WINDOW_NS, source, state, recording, &mut symbolizer, &mut counts);
    }
}

#[expect(clippy::too_many_arguments, reason = "the plainest form of one step")]
fn step(
    event: &Event,
    time: u64,
    window: u64,
    source: &SyscallSource,
    state: &mut SyscallId,
    recording: &Recording<'_>,
    symbolizer: &mut Symbolizer<'_>,
    counts: &mut Counts,
) {
    match event.body {
        Body::SysEnter(number) if matches!(source, SyscallSource::RawSyscalls) => *state = id_of_number(number),
        Body::SysExit if matches!(source, SyscallSource::RawSyscalls) => *state = NO_SYSCALL,
        Body::SysEnter(_) | Body::SysExit | Body::Other => {}
        Body::Calls { ip, count, .. } => {
            let site = symbolizer.site(ip);
            let site = symbolizer.get(site).unwrap().clone();
            let flags_context = context_of_flags(event.common.flags);
            let context = entered_context(Some(&site), flags_context);
            let change = match source {
                SyscallSource::EntryFunctions(functions) if flags_context == Context::Task => {
                    recording.kallsyms.symbol_containing(ip).and_then(|symbol| functions.state(symbol.address))
                }
                _ => None,
            };
            if let Some(entered) = change.filter(|&entered| entered != NO_SYSCALL) {
                *state = entered;
            }
            let syscall = if context == Context::Task { *state } else { NO_SYSCALL };
            let key = (event.common.pid, site.module.clone(), site.address, context, syscall);
            let row = counts.rows.entry(key).or_insert((0, time, time));
            *row = (row.0 + count, row.1, time);
            let key = (window as i64, event.common.pid, site.module, site.address, context.name().to_owned());
            *counts.windows.entry(key).or_default() += count as i64;
            if let Some(left) = change.filter(|&left| left == NO_SYSCALL) {
                *state = left;
            }
        }
    }
}

/// The counts of the real walk.
fn walked(files: &CaptureFiles, recording: &Recording<'_>, source: &SyscallSource, threaded: bool) -> Counts {
    let dataset = tempfile::tempdir().unwrap();
    let table = WindowsTable::create(dataset.path(), "r", WINDOW_NS, &FileMetadata::default()).unwrap();
    let mut collector = Collector::new(Symbolizer::new(&recording.kallsyms), table);
    let options = WalkOptions { threaded, window_ns: WINDOW_NS };
    let walked = walk(files, recording, source, options, &mut collector, &mut NoSink, &|_| ());
    assert_eq!(walked.damage, []);
    let (counts, table) = collector.finish(&walked.calls, &walked.streams, &recording.decoder);
    table.finish().unwrap();
    let windows = windows(&dataset.path().join("windows/run=r/windows.parquet"));
    Counts { rows: rows(&counts), windows, cpu_changes: 0 }
}

fn rows(counts: &RunCounts) -> BTreeMap<Key, (u64, u64, u64)> {
    let row = |row: &super::collect::FunctionRow| {
        let site = &counts.sites[row.site as usize];
        let Tally { count, first, last } = row.tally;
        ((row.pid, site.module.clone(), site.address, row.context, row.syscall), (count, first, last))
    };
    let rows: BTreeMap<_, _> = counts.rows.iter().map(row).collect();
    assert_eq!(rows.len(), counts.rows.len(), "keys are unique");
    rows
}

fn windows(path: &Path) -> BTreeMap<WindowKey, i64> {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int32Type, Int64Type};
    let file = std::fs::File::open(path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut windows = BTreeMap::new();
    for batch in reader {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let text = |name: &str, row: usize| {
            let column = column(name).as_dictionary::<Int32Type>();
            column.values().as_string::<i32>().value(column.key(row).unwrap()).to_owned()
        };
        let long = |name: &str, row: usize| column(name).as_primitive::<Int64Type>().value(row);
        for row in 0..batch.num_rows() {
            let pid = column("pid").as_primitive::<Int32Type>().value(row);
            let key = (long("window", row), pid, text("module", row), long("address", row), text("context", row));
            assert_eq!(windows.insert(key, long("calls", row)), None, "keys are unique");
        }
    }
    windows
}

fn captures() -> Vec<(String, CaptureData)> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/captures"));
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir() && !path.ends_with("kernel"));
    folders.sort();
    let captures = folders.iter().flat_map(|folder| discover(std::slice::from_ref(folder), None).unwrap());
    captures.map(|capture| (format!("{} {}", capture.run, capture.data.path().display()), capture.data)).collect()
}

#[test]
fn the_walk_equals_a_time_merged_walk_of_all_cpus_on_every_bundled_capture() {
    let overrun = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/captures/special/overrun/trace.dat"));
    let captures = captures();
    assert_eq!(captures.len(), 71);
    let mut cpu_changes = 0;
    for (name, data) in captures {
        let files = CaptureFiles::open(&data, Some(overrun)).unwrap();
        let recording = files.recording(&Modules::default()).unwrap();
        for source in [SyscallSource::RawSyscalls, entry_functions(&recording.kallsyms)] {
            let mut expected = reference(&recording, &source);
            cpu_changes += std::mem::take(&mut expected.cpu_changes);
            for threaded in [false, true] {
                let found = walked(&files, &recording, &source, threaded);
                assert!(found == expected, "{name}: rows or windows differ from the reference");
            }
        }
    }
    assert!(cpu_changes > 100_000, "the captures interleave CPUs: {cpu_changes}");
}
