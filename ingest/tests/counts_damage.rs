//! Damaged captures: an error that names CPU and byte offset, at most that sub-buffer lost, the rest counted.

#![cfg(test)]

mod common;

use std::collections::BTreeMap;
use std::ops::Range;

use common::{Dataset, Outcome, Table, capture, sub_buffers};
use hap_ftrace::trace_dat::TraceDat;
use hap_ftrace::{ByteOrder, PageLayout, SubBuffer};

/// Bytes of a sub-buffer.
const SUB_BUFFER: usize = 4096;
/// Bytes of its header.
const HEADER: usize = 16;
/// Offset of the commit word.
const COMMIT: usize = 8;

/// A capture whose bytes can be changed, and its events as they were before.
struct Patient {
    bytes: Vec<u8>,
    events: BTreeMap<i64, Vec<Row>>,
}

/// Time, pid, flags, call site and event.
type Row = (i64, i64, i64, Option<i64>, String);

impl Patient {
    fn new(name: &str) -> Self {
        let capture = capture(name);
        let dataset = Dataset::new();
        dataset.ingest_capture(&capture, &["--events"]);
        Self { bytes: capture.trace_dat_bytes().unwrap(), events: rows(&dataset) }
    }

    /// Offset in the file of a CPU's sub-buffer, stored as it is.
    fn sub_buffer_at(&self, cpu: usize, number: usize) -> usize {
        let trace = TraceDat::parse(&self.bytes).unwrap();
        trace.buffers[0].cpus[cpu].offset as usize + number * SUB_BUFFER
    }

    /// Events of a CPU that some of its sub-buffers hold, as indices into all of them.
    fn events_in(&self, cpu: usize, numbers: Range<usize>) -> Range<usize> {
        let trace = TraceDat::parse(&self.bytes).unwrap();
        let pages = sub_buffers(&trace.buffers[0].cpus[cpu]);
        let count = |page: &[u8]| parsed(page).records().map(Result::unwrap).count();
        let counts: Vec<usize> = pages.chunks(SUB_BUFFER).map(count).collect();
        let start = counts[..numbers.start].iter().sum();
        start..start + counts[numbers].iter().sum::<usize>()
    }

    /// What becomes of the bytes as they are now.
    fn ingest(&self) -> (Dataset, Outcome) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sick.dat");
        std::fs::write(&path, &self.bytes).unwrap();
        let dataset = Dataset::new();
        let arguments = ["--run", "x", "--events", "--jobs", "1"];
        let mut outcome = dataset.ingest([path.to_str().unwrap()].iter().chain(&arguments));
        outcome.stderr = outcome.stderr.replace(path.to_str().unwrap(), "FILE");
        (dataset, outcome)
    }

    /// Asserts that exactly some events of a CPU are gone, and that these many bytes were undecodable.
    fn assert_lost(&self, dataset: &Dataset, cpu: i64, lost: Range<usize>, undecodable: i64) {
        let mut expected = self.events.clone();
        expected.get_mut(&cpu).unwrap().drain(lost);
        assert!(rows(dataset) == expected, "other events are left than those in front of and behind the damage");
        let runs = dataset.table("runs");
        let events = expected.values().map(Vec::len).sum::<usize>();
        let told = ["events", "undecodable_bytes", "lost_pages", "lost_pages_unknown"].map(|name| runs.long(name));
        assert_eq!(told, [events as i64, undecodable, 0, 0]);
    }
}

fn parsed(page: &[u8]) -> SubBuffer<'_> {
    SubBuffer::parse(page, &PageLayout::LONG_8, ByteOrder::Little).unwrap()
}

fn rows(dataset: &Dataset) -> BTreeMap<i64, Vec<Row>> {
    dataset.events().iter().map(|(&cpu, table)| (cpu, rows_of(table))).collect()
}

fn rows_of(table: &Table) -> Vec<Row> {
    let [times, pids, flags] = ["time_ns", "pid", "flags"].map(|name| table.longs(name));
    let (ips, events) = (table.maybe_longs("ip"), table.texts("event"));
    let row = |index: usize| (times[index], pids[index], flags[index], ips[index], events[index].to_owned());
    (0..times.len()).map(row).collect()
}

/// What stderr ends with after a damaged place.
const NOTE: &str = "note: run x: all else was decoded; a file that was cut short may be whole where it was recorded\n";

/// What stderr should be.
fn incomplete(bytes: usize, place: &str, events: usize, calls: usize) -> Outcome {
    let stderr = format!(
        "warning: run x is incomplete: {bytes} bytes undecodable, 1 damaged place\nwarning: run x: FILE: {place}\n{NOTE}1 \
         runs, {events} events, {calls} function calls -> OUT\n"
    );
    Outcome { code: Some(1), stderr }
}

#[test]
fn a_commit_word_beyond_the_sub_buffer_loses_that_sub_buffer_only() {
    let mut patient = Patient::new("special/v7-none");
    let lost = patient.events_in(0, 3..4);
    let at = patient.sub_buffer_at(0, 3);
    patient.bytes[at + COMMIT..][..4].copy_from_slice(&4081_u32.to_le_bytes());
    let (dataset, outcome) = patient.ingest();
    let place = format!("CPU 0: sub-buffer at byte {at}: commit claims 4081 bytes of 4080 (4096 bytes)");
    assert_eq!(outcome, incomplete(4096, &place, 14_965, 14_839));
    patient.assert_lost(&dataset, 0, lost, 4096);
}

#[test]
fn null_padding_loses_the_rest_of_that_sub_buffer_only() {
    let mut patient = Patient::new("special/v7-none");
    let at = patient.sub_buffer_at(1, 2);
    let (left, record, committed) = {
        let page = parsed(&patient.bytes[at..][..SUB_BUFFER]);
        let mut records = page.records();
        let left = records.by_ref().take(50).count();
        (left, records.offset(), page.data.len())
    };
    let all = patient.events_in(1, 2..3);
    patient.bytes[at + HEADER + record..][..4].copy_from_slice(&29_u32.to_le_bytes());
    let (dataset, outcome) = patient.ingest();
    let bytes = committed - record;
    let place = format!(
        "CPU 1: sub-buffer at byte {at}: null padding at byte {record} inside the committed bytes ({bytes} bytes)"
    );
    assert_eq!(outcome, incomplete(bytes, &place, 15_018, 14_894));
    patient.assert_lost(&dataset, 1, all.start + left..all.end, bytes as i64);
}

#[test]
fn a_chunk_that_does_not_decompress_loses_its_ten_sub_buffers_only() {
    let mut patient = Patient::new("runc/redis-bench-set/1");
    let lost = patient.events_in(1, 20..30);
    let at = {
        let trace = TraceDat::parse(&patient.bytes).unwrap();
        trace.buffers[0].cpus[1].chunks().nth(2).unwrap().unwrap().offset as usize
    };
    patient.bytes[at] ^= 0xff;
    let (dataset, outcome) = patient.ingest();
    let place = format!("CPU 1: zstd data at byte {at} does not decompress: Unknown frame descriptor (40960 bytes)");
    assert_eq!(outcome, incomplete(40_960, &place, 64_318, 63_721));
    patient.assert_lost(&dataset, 1, lost, 40_960);
}

#[test]
fn a_file_that_ends_inside_a_cpus_data_keeps_every_whole_sub_buffer() {
    let mut patient = Patient::new("special/v6");
    let (start, size) = {
        let trace = TraceDat::parse(&patient.bytes).unwrap();
        let cpu = &trace.buffers[0].cpus[1];
        (cpu.offset as usize, cpu.size as usize)
    };
    let pages = size / SUB_BUFFER;
    let lost = patient.events_in(1, 40..pages);
    let end = start + 40 * SUB_BUFFER + 1000;
    patient.bytes.truncate(end);
    let (dataset, outcome) = patient.ingest();
    let (there, page) = (end - start, end - 1000);
    // What is missing, and the part of a sub-buffer that is there.
    let undecodable = size - there + 1000;
    let stderr = format!(
        "warning: run x is incomplete: {undecodable} bytes undecodable, 2 damaged places\nwarning: run x: FILE: CPU 1: trace \
         data of a CPU at byte {start} needs {size} bytes, {there} are left\nwarning: run x: FILE: CPU 1: sub-buffer at byte \
         {page} needs 4096 bytes, 1000 are left; the rest of this CPU is lost (1000 bytes)\n{NOTE}1 runs, 5774 events, 5734 \
         function calls -> OUT\n"
    );
    assert_eq!(outcome, Outcome { code: Some(1), stderr });
    patient.assert_lost(&dataset, 1, lost, undecodable as i64);
}

#[test]
fn a_file_that_ends_between_two_sub_buffers_is_incomplete_too() {
    let mut patient = Patient::new("special/v6");
    let start = patient.sub_buffer_at(1, 0);
    let lost = patient.events_in(1, 40..110);
    patient.bytes.truncate(start + 40 * SUB_BUFFER);
    let (dataset, outcome) = patient.ingest();
    let stderr = format!(
        "warning: run x is incomplete: 286720 bytes undecodable, 1 damaged place\nwarning: run x: FILE: CPU 1: trace data of a \
         CPU at byte {start} needs 450560 bytes, 163840 are left\n{NOTE}1 runs, 5774 events, 5734 function calls -> OUT\n"
    );
    assert_eq!(outcome, Outcome { code: Some(1), stderr });
    patient.assert_lost(&dataset, 1, lost, 286_720);
}

#[test]
fn a_chunk_too_many_loses_nothing_in_front_of_it() {
    let mut patient = Patient::new("runc/redis-bench-set/1");
    let (at, size, chunks) = {
        let trace = TraceDat::parse(&patient.bytes).unwrap();
        let cpu = &trace.buffers[0].cpus[1];
        (cpu.offset as usize, cpu.size as usize, cpu.chunks().count() as u32)
    };
    assert_eq!(patient.bytes[at..][..4], chunks.to_le_bytes());
    patient.bytes[at..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let (dataset, outcome) = patient.ingest();
    // trace-cmd does not count the number of chunks into the size.
    let end = at + 4 + size;
    let stderr = format!(
        "warning: run x is incomplete: 1 damaged place\nwarning: run x: FILE: CPU 1: compressed size of a chunk at byte {end} \
         needs 4 bytes, 0 are left; the rest of this CPU is lost (0 bytes)\n{NOTE}1 runs, 65764 events, 65159 function calls -> \
         OUT\n"
    );
    assert_eq!(outcome, Outcome { code: Some(1), stderr });
    patient.assert_lost(&dataset, 1, 0..0, 0);
}

/// The table of the CPUs is in the last options: without them there is no way to the data, which is still there.
#[test]
fn a_file_without_its_last_options_is_refused() {
    let mut patient = Patient::new("runc/redis-bench-set/1");
    let end = 1_278_751;
    patient.bytes.truncate(end);
    let (dataset, outcome) = patient.ingest();
    let stderr = format!(
        "error: run x: FILE: no buffer: options section at byte {end} needs 1 bytes, 0 are left; the file was cut short: copy it again from where it was recorded, or record the run again\n0 runs, 0 events, 0 function calls -> OUT\n"
    );
    assert_eq!(outcome, Outcome { code: Some(2), stderr });
    assert_eq!(dataset.files().len(), 0);
}

#[test]
fn a_file_that_ends_before_its_first_options_is_refused() {
    let mut patient = Patient::new("runc/redis-bench-set/1");
    patient.bytes.truncate(600_000);
    let (dataset, outcome) = patient.ingest();
    let expected = "error: run x: FILE: options section at byte 915411 needs 1 bytes, 0 are left; copy the file again from where it was \
                    recorded, or record the run again\n0 runs, 0 events, 0 function calls -> OUT\n";
    assert_eq!(outcome, Outcome { code: Some(2), stderr: expected.to_owned() });
    assert_eq!(dataset.files().len(), 0);
}
