//! `recover` on what a killed recorder leaves, made of a bundled capture: nothing of the trace data may be lost or changed.

#![cfg(test)]

use std::fs;
use std::io::Write;
use std::path::Path;

use hap_capture::error::CaptureError;
use hap_capture::host::Host;
use hap_capture::recover::{Recovered, Recovery, recover};
use hap_capture::run_dir::{FileFacts, Mark, PartWriter, RecordingState, RunDir, Spool, SpoolMemory, write_metadata};
use hap_capture::tracefs::Restore;
use hap_ftrace::{CpuData, Decompressor, TraceDat};
use hap_schemas::{RunJson, ThreadInfo};

const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/captures/linux-kvm/redis-bench-get/1/");
/// Sub-buffers in a chunk of the killed recorder.
const IN_CHUNK: usize = 64 * 4096;

fn sub_buffers(cpu: &CpuData<'_>) -> Vec<u8> {
    let mut decompressor = Decompressor::new();
    let mut all = Vec::new();
    for chunk in cpu.chunks() {
        let mut out = Vec::new();
        decompressor.decompress(&chunk.unwrap(), &mut out).unwrap();
        all.extend(out);
    }
    all
}

/// Trace-cmd's own count of the events of a CPU.
fn events_by_cpu(cpu: u32) -> u64 {
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(format!("{CAPTURE}summary.json")).unwrap()).unwrap();
    summary["events_by_cpu"][cpu.to_string()].as_u64().unwrap()
}

/// The directory of a recorder that was killed in another boot when all was compressed.
fn killed(path: &Path, bytes: &[u8]) -> RunDir {
    killed_with(path, bytes, usize::MAX)
}

/// The same with at most so many chunks compressed; the rest is in the spool, which has a hole where those were.
fn killed_with(path: &Path, bytes: &[u8], compressed: usize) -> RunDir {
    let capture = TraceDat::parse(bytes).unwrap();
    let dir = RunDir::open(path);
    let cpus: Vec<u32> = capture.buffers[0].cpus.iter().map(|cpu| cpu.cpu).collect();
    let facts = FileFacts {
        uname: "Linux host 6.1.0 x86_64".into(),
        clock: "local [mono]".into(),
        sub_buffer_size: 4096,
        level: 1,
        cpus: cpus.clone(),
        stats: Vec::new(),
    };
    write_metadata(&dir, &capture.texts, &facts).unwrap();
    for cpu in &capture.buffers[0].cpus {
        let mut part = PartWriter::create(&dir.part(cpu.cpu), 1).unwrap();
        let mut spool = sub_buffers(cpu);
        let end = spool.len();
        for chunk in spool.chunks(IN_CHUNK).take(compressed) {
            part.write(chunk).unwrap();
        }
        spool[..end.min(compressed.saturating_mul(IN_CHUNK))].fill(0);
        write_spool(&dir, cpu.cpu, &spool);
    }
    let vmm = ThreadInfo { pid: 1, role: Some("vmm".into()), at_start: Some(true), ..ThreadInfo::default() };
    let state = RecordingState {
        pid: 7,
        boot_id: "another".into(),
        restore: Restore { instance: "hap-7".into(), settings: Vec::new() },
        sub_buffer_size: 4096,
        chunk_size: IN_CHUNK as u32,
        level: 1,
        clock: facts.clock,
        cpus,
        run: RunJson { run: Some("killed".into()), threads: Some(vec![vmm]), ..RunJson::default() },
    };
    state.save(&dir).unwrap();
    Mark { name: Some("start".into()), ts: 5, ..Mark::default() }.append(&dir).unwrap();
    dir
}

fn write_spool(dir: &RunDir, cpu: u32, bytes: &[u8]) {
    let mut writer = Spool::new(dir, &SpoolMemory::default(), cpu, 4096).writer();
    let mut left = bytes;
    while !left.is_empty() {
        let (file, room) = writer.file().unwrap();
        let (now, rest) = left.split_at(room.min(left.len()));
        file.write_all(now).unwrap();
        writer.advance(now.len());
        left = rest;
    }
}

fn recovered(host: &Path, dir: &RunDir) -> Recovered {
    match recover(&Host::at(host), dir.path()).unwrap() {
        Recovery::Run(run) => *run,
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_on_the_disk_is_in_the_run_and_the_working_files_are_gone() {
    let (host, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = fs::read(format!("{CAPTURE}trace.dat")).unwrap();
    let dir = killed(root.path(), &bytes);
    fs::write(root.path().join(".hap-half.tmp"), "half a file").unwrap();
    let found = recovered(host.path(), &dir);
    let mut files: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["run.json", "trace.dat"]);

    let (old, written) = (TraceDat::parse(&bytes).unwrap(), fs::read(dir.trace_dat()).unwrap());
    let new = TraceDat::parse(&written).unwrap();
    assert_eq!(new.problems, []);
    assert_eq!((new.clock.as_deref(), new.cpu_count), (Some("mono"), Some(2)));
    let data = |file: &TraceDat<'_>| -> Vec<_> {
        file.buffers[0].cpus.iter().map(|cpu| (cpu.cpu, sub_buffers(cpu))).collect()
    };
    assert_eq!(data(&new), data(&old));
    assert_eq!(new.texts.kallsyms, old.texts.kallsyms);

    let run = RunJson::parse(&fs::read_to_string(dir.run_json()).unwrap()).unwrap();
    assert_eq!(run, found.finished.run);
    let entries: Vec<_> = run.cpus.iter().map(|cpu| (cpu.cpu, cpu.entries)).collect();
    assert_eq!(entries, [(0, events_by_cpu(0)), (1, events_by_cpu(1))]);
    assert_eq!((run.marks[0].name.as_str(), run.marks[0].ts), ("start", 5));
    assert_eq!((run.end_reason.as_deref(), run.failure()), (Some("recovered"), None));
    assert_eq!(run.files[0].blake3, blake3::hash(&written).to_hex().to_string());
    assert!(found.torn.is_empty() && found.empty.is_empty());
    assert_eq!(found.missing, None);
}

#[test]
fn what_was_not_compressed_yet_is_in_the_run_and_a_half_sub_buffer_is_not() {
    let (host, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = fs::read(format!("{CAPTURE}trace.dat")).unwrap();
    for compressed in [0, 1, 2] {
        let dir = killed_with(root.path(), &bytes, compressed);
        let last = *dir.spool_segments(1).unwrap().last().unwrap();
        fs::OpenOptions::new().append(true).open(dir.spool(1, last)).unwrap().write_all(&[1; 1000]).unwrap();
        let found = recovered(host.path(), &dir);
        let written = fs::read(dir.trace_dat()).unwrap();
        let (old, new) = (TraceDat::parse(&bytes).unwrap(), TraceDat::parse(&written).unwrap());
        for cpu in [0, 1] {
            let [new, old] = [&new, &old].map(|file| sub_buffers(&file.buffers[0].cpus[cpu]));
            assert!(new == old, "CPU {cpu} with {compressed} chunks compressed");
        }
        assert!(found.torn.is_empty() && found.empty.is_empty());
        fs::remove_file(dir.run_json()).unwrap();
        fs::remove_file(dir.trace_dat()).unwrap();
    }
}

#[test]
fn a_torn_chunk_costs_itself_alone_and_its_size_is_told() {
    let (host, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = fs::read(format!("{CAPTURE}trace.dat")).unwrap();
    let dir = killed(root.path(), &bytes);
    let part = fs::read(dir.part(1)).unwrap();
    fs::write(dir.part(1), &part[..part.len() - 100]).unwrap();
    let found = recovered(host.path(), &dir);
    let written = fs::read(dir.trace_dat()).unwrap();
    let (old, new) = (TraceDat::parse(&bytes).unwrap(), TraceDat::parse(&written).unwrap());
    let all = sub_buffers(&old.buffers[0].cpus[1]);
    let whole = (all.len() - 1) / IN_CHUNK * IN_CHUNK;
    assert_eq!(sub_buffers(&new.buffers[0].cpus[1]), all[..whole]);
    let torn: Vec<_> = found.torn.into_iter().collect();
    assert_eq!((torn.len(), torn[0].0), (1, 1));
    let lost = all.len() - whole;
    assert_eq!(found.empty.into_iter().collect::<Vec<_>>(), [(1, lost as u64)]);
    for note in [
        format!("CPU 1: {} bytes of a torn chunk were dropped", torn[0].1),
        format!("CPU 1: {lost} bytes of sub-buffers had not reached the disk"),
    ] {
        assert!(found.finished.run.notes.contains(&note), "{:?}", found.finished.run.notes);
    }
}

#[test]
fn a_chunk_that_is_there_in_size_alone_ends_the_data_of_its_cpu() {
    let (host, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = fs::read(format!("{CAPTURE}trace.dat")).unwrap();
    let dir = killed(root.path(), &bytes);
    let mut part = fs::read(dir.part(0)).unwrap();
    let length = part.len();
    part[8..length.min(2000)].fill(0);
    fs::write(dir.part(0), &part).unwrap();
    let found = recovered(host.path(), &dir);
    assert_eq!(found.torn.get(&0), Some(&(length as u64)));
    assert_eq!(found.finished.run.cpus[0].entries, 0);
    assert_eq!(found.finished.run.cpus[1].entries, events_by_cpu(1));
}

#[test]
fn a_recording_that_never_began_leaves_nothing_and_a_finished_run_stays() {
    let (host, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = fs::read(format!("{CAPTURE}trace.dat")).unwrap();
    let dir = killed(root.path(), &bytes);
    let mut state = RecordingState::load(&dir).unwrap().unwrap();
    state.sub_buffer_size = 0;
    state.save(&dir).unwrap();
    assert!(matches!(recover(&Host::at(host.path()), dir.path()), Ok(Recovery::NothingRecorded)));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    let error = recover(&Host::at(host.path()), dir.path()).unwrap_err();
    assert!(matches!(error, CaptureError::NothingToRecover { .. }));

    let dir = killed(root.path(), &bytes);
    fs::write(dir.run_json(), "{}").unwrap();
    fs::write(dir.trace_dat(), "whole").unwrap();
    assert!(matches!(recover(&Host::at(host.path()), dir.path()), Ok(Recovery::WasFinished)));
    assert_eq!(fs::read(dir.trace_dat()).unwrap(), b"whole");
}

#[test]
fn a_directory_whose_recorder_lives_is_left_alone() {
    let (host, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bytes = fs::read(format!("{CAPTURE}trace.dat")).unwrap();
    let dir = killed(root.path(), &bytes);
    for (file, text) in [("proc/sys/kernel/random/boot_id", "another\n"), ("proc/7/comm", "hap-capture\n")] {
        let path = host.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let error = recover(&Host::at(host.path()), dir.path()).unwrap_err();
    assert!(matches!(error, CaptureError::StillRecording { pid: 7, .. }));
    assert!(dir.part(0).exists() && dir.state().exists());
}
