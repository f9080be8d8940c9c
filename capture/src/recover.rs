//! A run of what a killed recorder has left.

use std::collections::BTreeMap;
use std::path::Path;

use hap_ftrace::Texts;

use crate::error::{CaptureError, Result};
use crate::host::Host;
use crate::recording::{EndReason, Source};
use crate::run_dir::{
    FileFacts, Finished, PartExtent, PartReader, Recorded, RecordingState, RunDir, Spool, SpoolMemory, SpoolWriter,
    finish, read_metadata, take_late_symbols, uname_text,
};
use crate::tracefs::{Instance, StatsText, Tracefs, command_names, thread_groups};

/// What a recovery has brought.
#[derive(Clone, Debug)]
pub enum Recovery {
    /// The recorder was killed before it recorded: tracefs is as it was, and the directory is empty.
    NothingRecorded,
    /// The run was finished already; only working files were left.
    WasFinished,
    /// A run.
    Run(Box<Recovered>),
}

/// A recovered run.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The run.
    pub finished: Finished,
    /// Bytes of torn chunks whose sub-buffers may be nowhere else, by CPU.
    pub torn: BTreeMap<u32, u64>,
    /// Bytes of sub-buffers that had a place on the disk and had not reached it, by CPU.
    pub empty: BTreeMap<u32, u64>,
    /// Bytes of sub-buffers that were still in the kernel's buffers and are in the run.
    pub drained: u64,
    /// Events that the recorder had read and not written; none when the kernel's account is gone with its boot.
    pub missing: Option<u64>,
}

/// What was still in the kernel.
#[derive(Default)]
struct Drained {
    bytes: u64,
    stats: Vec<StatsText>,
    tgids: BTreeMap<i32, i32>,
    names: BTreeMap<i32, String>,
}

/// Makes a run of what is in the directory and, in the same boot, in the kernel's buffers; puts tracefs back.
pub fn recover(host: &Host, path: &Path) -> Result<Recovery> {
    let dir = RunDir::open(path);
    let nothing = |detail: &str| CaptureError::NothingToRecover { path: path.to_owned(), detail: detail.to_owned() };
    let Some(mut state) = RecordingState::load(&dir)? else {
        let detail = if dir.run_json().exists() { "the run is complete" } else { "there is no recording.json" };
        return Err(nothing(detail));
    };
    let same_boot = host.text("proc/sys/kernel/random/boot_id").is_some_and(|id| id == state.boot_id);
    if same_boot && is_recorder(host, state.pid) {
        return Err(CaptureError::StillRecording { path: path.to_owned(), pid: state.pid });
    }
    dir.remove_temporary_files()?;
    let memory = if same_boot { SpoolMemory::left_by(host, &state.restore.instance) } else { SpoolMemory::default() };
    if dir.run_json().exists() || state.sub_buffer_size == 0 {
        if same_boot {
            Instance::open(&Tracefs::find(host)?, state.restore).remove()?;
        }
        memory.remove(&dir)?;
        let was_finished = dir.run_json().exists();
        dir.remove_working_files()?;
        return Ok(if was_finished { Recovery::WasFinished } else { Recovery::NothingRecorded });
    }
    let (mut torn, parts) = cut_torn_chunks(&dir, &state)?;
    let spool = |cpu: u32| Spool::new(&dir, &memory, cpu, state.sub_buffer_size);
    let part = |cpu: u32| parts.get(&cpu).copied().unwrap_or_default();
    let drained =
        if same_boot { drain(host, &dir, &state, |cpu| spool(cpu).resumed(part(cpu)))? } else { Drained::default() };
    let mut empty = BTreeMap::new();
    for &cpu in &state.cpus {
        empty.insert(cpu, spool(cpu).compress_rest(part(cpu), state.chunk_size, state.level)?);
    }
    memory.remove(&dir)?;
    empty.retain(|_, bytes| *bytes > 0);
    if same_boot {
        // The spool had the sub-buffers of a torn chunk.
        torn.retain(|cpu, _| empty.contains_key(cpu));
    }
    let mut texts = read_metadata(&dir)?;
    if same_boot {
        take_late_symbols(host, &mut texts, &mut state.run);
    }
    make_run(&dir, state, texts, (torn, empty), drained, same_boot).map(|run| Recovery::Run(Box::new(run)))
}

/// Whether that process is a recorder: process ids are used again.
pub(crate) fn is_recorder(host: &Host, pid: i32) -> bool {
    host.text(format!("proc/{pid}/comm")).is_some_and(|comm| comm == "hap-capture")
}

/// Cuts off what stands behind the last whole chunk of each part: bytes by CPU, and what is left of the parts.
fn cut_torn_chunks(dir: &RunDir, state: &RecordingState) -> Result<(BTreeMap<u32, u64>, BTreeMap<u32, PartExtent>)> {
    let (mut torn, mut parts) = (BTreeMap::new(), BTreeMap::new());
    for cpu in dir.parts()? {
        let path = dir.part(cpu);
        let io = |source| CaptureError::io(&path, source);
        let mut part = PartReader::open(&path, state.sub_buffer_size)?;
        let mut decompressor = zstd::bulk::Decompressor::new().map_err(io)?;
        let mut rest = part.rest();
        let mut held = 0;
        // After a power cut a chunk may have its header and not its bytes.
        while let Some(chunk) = part.next_chunk()? {
            if chunk.sub_buffers(&mut decompressor).is_err() {
                break;
            }
            rest = part.rest();
            held += u64::from(chunk.size);
        }
        if rest.bytes > 0 {
            torn.insert(cpu, rest.bytes);
            let file = std::fs::File::options().write(true).open(&path).map_err(io)?;
            file.set_len(rest.offset).map_err(io)?;
        }
        parts.insert(cpu, PartExtent { held, end: rest.offset });
    }
    Ok((torn, parts))
}

/// Appends what is in the ring buffers to the spools, and removes the instance.
fn drain(
    host: &Host,
    dir: &RunDir,
    state: &RecordingState,
    spool: impl Fn(u32) -> Result<SpoolWriter>,
) -> Result<Drained> {
    let top = Tracefs::find(host)?;
    let instance = Instance::open(&top, state.restore.clone());
    let mut drained = Drained::default();
    if instance.files().has("tracing_on") {
        instance.stop()?;
        for &cpu in &state.cpus {
            drained.bytes += drain_cpu(&instance, dir, state.sub_buffer_size, cpu, &mut spool(cpu)?)?;
            drained.stats.push(StatsText::read(instance.files(), cpu)?);
        }
        drained.tgids = thread_groups(&top).into_iter().collect();
        drained.names = command_names(&top).into_iter().collect();
    }
    instance.remove()?;
    Ok(drained)
}

fn drain_cpu(instance: &Instance, dir: &RunDir, sub_buffer: u32, cpu: u32, spool: &mut SpoolWriter) -> Result<u64> {
    let raw = instance.files().path(format!("per_cpu/cpu{cpu}/trace_pipe_raw"));
    let mut source = Source::open(&raw, sub_buffer)?;
    let moved = source.move_rest(spool).map_err(|source| CaptureError::io(dir.path(), source))?;
    Ok(moved as u64)
}

fn make_run(
    dir: &RunDir,
    state: RecordingState,
    texts: Texts,
    (torn, empty): (BTreeMap<u32, u64>, BTreeMap<u32, u64>),
    drained: Drained,
    same_boot: bool,
) -> Result<Recovered> {
    let facts = FileFacts {
        uname: uname_text(),
        clock: state.clock,
        sub_buffer_size: state.sub_buffer_size,
        level: state.level,
        cpus: state.cpus,
        stats: drained.stats.iter().map(|cpu| (cpu.cpu, cpu.text.clone())).collect(),
    };
    let mut run = state.run;
    run.end_reason = Some(EndReason::Recovered.name().to_owned());
    run.notes.push("the recorder was killed: what followed is not in the run".to_owned());
    for (cpu, bytes) in &torn {
        run.notes.push(format!("CPU {cpu}: {bytes} bytes of a torn chunk were dropped"));
    }
    for (cpu, bytes) in &empty {
        run.notes.push(format!("CPU {cpu}: {bytes} bytes of sub-buffers had not reached the disk"));
    }
    if !same_boot {
        let what = "the kernel's buffers, and what the recorder had in memory or wrote in its last seconds, are lost with their boot";
        run.notes.push(what.to_owned());
    }
    let read = drained.stats.iter().map(|cpu| cpu.stats.read_events).sum::<u64>();
    let has_account = !drained.stats.is_empty();
    let recorded = Recorded {
        texts,
        facts,
        run,
        stats: drained.stats,
        tgids: drained.tgids,
        names: drained.names,
        seen: BTreeMap::new(),
        kernel_read: has_account.then_some(read),
    };
    let finished = finish(dir, recorded)?;
    let missing = finished.missing;
    Ok(Recovered { finished, torn, empty, drained: drained.bytes, missing })
}
