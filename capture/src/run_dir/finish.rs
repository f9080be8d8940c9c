//! From the parts of a recording to a run: `trace.dat` and `run.json`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

use hap_ftrace::Texts;
use hap_schemas::{CpuAccount, FileInfo, RunJson};

use super::assemble::{FileFacts, write_trace_dat};
use super::scan::{Scan, Scanner};
use super::{MarkLog, PartReader, RunDir, write_atomically};
use crate::error::{CaptureError, Result};
use crate::tracefs::StatsText;

/// A recording whose parts are on the disk.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The kernel's texts.
    pub texts: Texts,
    /// What the trace.dat will say.
    pub facts: FileFacts,
    /// What is known of the run so far.
    pub run: RunJson,
    /// The kernel's account of each CPU; empty where it is gone.
    pub stats: Vec<StatsText>,
    /// Thread groups that the kernel has saved.
    pub tgids: BTreeMap<i32, i32>,
    /// Thread names that the kernel has saved.
    pub names: BTreeMap<i32, String>,
    /// When each listed thread was looked at last, in ns of the trace clock.
    pub seen: BTreeMap<i32, u64>,
    /// Events that left the ring buffers by the kernel's account; none where that is gone.
    pub kernel_read: Option<u64>,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What its `run.json` says.
    pub run: RunJson,
    /// Events in the file.
    pub events: u64,
    /// Events lost: the larger of the kernel's account and of that in the sub-buffers.
    pub lost: u64,
    /// Events that left the ring buffers and are not in the file; none where the kernel's account is gone.
    pub missing: Option<u64>,
    /// Sub-buffers that cannot be decoded to their end.
    pub damaged: u64,
    /// Bytes of `trace.dat`.
    pub bytes: u64,
    /// Bytes of the sub-buffers in it.
    pub raw_bytes: u64,
}

/// Makes the run and removes what only the recording needed.
pub fn finish(dir: &RunDir, mut recorded: Recorded) -> Result<Finished> {
    let scan = scan(dir, &recorded)?;
    let mut run = recorded.run;
    let listed = run.threads.take().unwrap_or_default();
    let threads = super::threads::merge(listed, &scan, &recorded.tgids, &recorded.seen);
    recorded.texts.cmdlines = super::threads::names(&threads, recorded.names);
    // KernelShark's library complains of this option, which only trace-cmd 3.4 knows; run.json has the modules.
    recorded.texts.modules = None;
    write_trace_dat(dir, &recorded.texts, &recorded.facts)?;
    run.threads = Some(threads);
    run.cpus = accounts(&recorded.facts.cpus, &recorded.stats, &scan);
    MarkLog::read(dir).apply(&mut run);
    if scan.callers.is_empty() {
        let what = "no function was called by the sandbox".to_owned();
        if run.is_outlived() { run.notes.push(what) } else { run.failure = run.failure.or(Some(what)) }
    }
    let trace = file_info(&dir.trace_dat())?;
    let events = scan.cpus.values().map(|cpu| cpu.entries).sum();
    let missing = recorded.kernel_read.map(|read| read.saturating_sub(events));
    if let Some(missing) = missing.filter(|&missing| missing > 0) {
        run.notes.push(format!("{missing} events were read from the kernel's buffers and did not reach the disk"));
    }
    let finished = Finished {
        events,
        missing,
        lost: lost(&run.cpus, &scan),
        damaged: scan.cpus.values().map(|cpu| cpu.damaged).sum(),
        bytes: trace.bytes,
        raw_bytes: scan.cpus.values().map(|cpu| cpu.bytes).sum(),
        run: RunJson { files: vec![trace], ..run },
    };
    write_run_json(dir, &finished.run)?;
    dir.remove_working_files()?;
    Ok(finished)
}

/// Writes `run.json`.
fn write_run_json(dir: &RunDir, run: &RunJson) -> Result<()> {
    write_atomically(&dir.run_json(), |out| {
        serde_json::to_writer_pretty(&mut *out, run)?;
        out.write_all(b"\n")
    })
}

/// Scans all CPUs, on as many threads as the machine has.
fn scan(dir: &RunDir, recorded: &Recorded) -> Result<Scan> {
    let scanner = Scanner::new(&recorded.texts)?;
    let (cpus, next) = (&recorded.facts.cpus, AtomicUsize::new(0));
    let work = || -> Result<Scan> {
        let mut found = Scan::default();
        while let Some(&cpu) = cpus.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.add(scan_cpu(dir, cpu, recorded.facts.sub_buffer_size, &scanner)?);
        }
        Ok(found)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(cpus.len());
    let found: Vec<Result<Scan>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let result = |worker: ScopedJoinHandle<'_, _>| worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        workers.into_iter().map(result).collect()
    });
    let mut all = Scan::default();
    for found in found {
        all.add(found?);
    }
    Ok(all)
}

fn scan_cpu(dir: &RunDir, cpu: u32, size: u32, scanner: &Scanner) -> Result<Scan> {
    let mut scan = scanner.cpu();
    let path = dir.part(cpu);
    if path.exists() {
        let io = |source| CaptureError::io(&path, source);
        let mut part = PartReader::open(&path, size)?;
        let mut decompressor = zstd::bulk::Decompressor::new().map_err(io)?;
        while let Some(chunk) = part.next_chunk()? {
            scan.read(&chunk.sub_buffers(&mut decompressor).map_err(io)?, size);
        }
    }
    Ok(scan.finish(cpu))
}

fn accounts(cpus: &[u32], stats: &[StatsText], scan: &Scan) -> Vec<CpuAccount> {
    let account = |&cpu: &u32| {
        let found = scan.cpus.get(&cpu).cloned().unwrap_or_default();
        let stats = stats.iter().find(|stats| stats.cpu == cpu).map(|stats| &stats.stats);
        CpuAccount {
            cpu,
            bytes: found.bytes,
            entries: found.entries,
            overrun: stats.map_or(0, |stats| stats.overrun),
            commit_overrun: stats.map_or(0, |stats| stats.commit_overrun),
            dropped: stats.map_or(0, |stats| stats.dropped_events),
        }
    };
    cpus.iter().map(account).collect()
}

fn lost(cpus: &[CpuAccount], scan: &Scan) -> u64 {
    let kernel: u64 = cpus.iter().map(|cpu| cpu.overrun + cpu.commit_overrun + cpu.dropped).sum();
    kernel.max(scan.cpus.values().map(|cpu| cpu.lost).sum())
}

fn file_info(path: &Path) -> Result<FileInfo> {
    let io = |source| CaptureError::io(path, source);
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).map_err(io)?).map_err(io)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(FileInfo { name, bytes: hasher.count(), blake3: hasher.finalize().to_hex().to_string() })
}
