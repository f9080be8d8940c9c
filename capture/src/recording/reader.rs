//! What brings one CPU's trace data to the disk: a thread that drains its ring buffer, one that compresses.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use super::Source;
use super::compress::{self, Compress};
use super::drain::Drain;
use super::syncer::CpuFiles;
use crate::error::{CaptureError, Result};
use crate::run_dir::{PartWriter, RunDir, Spool};
use crate::steady::Discovery;

/// Sub-buffers in a chunk.
pub(super) const SUB_BUFFERS_IN_CHUNK: u32 = 64;

/// What the readers and the rest of the recorder tell each other.
#[derive(Debug, Default)]
pub struct ReaderState {
    /// The buffers are at rest: read what is left and end.
    pub finish: AtomicBool,
    /// Bytes read from the ring buffers.
    pub raw_bytes: AtomicU64,
    /// Those of them that are compressed.
    pub compressed_bytes: AtomicU64,
    /// Bytes that these have become.
    pub part_bytes: AtomicU64,
    /// Bytes of each CPU that may wait until a CPU has time to compress them, or the recording is over.
    pub may_wait: AtomicU64,
    /// No CPU has time.
    pub is_crowded: AtomicBool,
    /// A reader has given up.
    pub has_failed: AtomicBool,
}

impl ReaderState {
    /// Bytes in the run directory: compressed ones and those that wait for it.
    pub fn stored_bytes(&self) -> u64 {
        let compressed = self.compressed_bytes.load(Ordering::Relaxed);
        let waiting = self.raw_bytes.load(Ordering::Relaxed).saturating_sub(compressed);
        self.part_bytes.load(Ordering::Relaxed) + waiting
    }
}

/// How far a CPU has got, in bytes of sub-buffers since the start.
#[derive(Debug, Default)]
pub(super) struct CpuPosition {
    /// In the spool.
    pub(super) drained: AtomicU64,
    /// In the part.
    pub(super) compressed: AtomicU64,
    /// Nothing more comes into the spool.
    pub(super) is_drained: AtomicBool,
}

impl CpuPosition {
    /// Bytes of the spool that are not compressed.
    pub(super) fn waiting(&self) -> u64 {
        let drained = self.drained.load(Ordering::Acquire);
        drained.saturating_sub(self.compressed.load(Ordering::Acquire))
    }
}

/// The running threads of a CPU.
#[derive(Debug)]
pub struct CpuReader {
    cpu: u32,
    drain: JoinHandle<io::Result<()>>,
    compress: JoinHandle<io::Result<()>>,
}

impl CpuReader {
    /// Starts to read a CPU into the run directory. Gives its files too, to be brought to the disk.
    pub(super) fn start(
        dir: &RunDir,
        spool: &Spool,
        source: Source,
        level: i32,
        state: &Arc<ReaderState>,
        discovery: Option<Discovery>,
    ) -> Result<(Self, CpuFiles)> {
        let (cpu, sub_buffer) = (spool.cpu(), spool.sub_buffer());
        let part = PartWriter::create(&dir.part(cpu), level)?;
        let position = Arc::new(CpuPosition::default());
        let handle = part.handle().map_err(|source| CaptureError::io(&dir.part(cpu), source))?;
        let files = CpuFiles::new(spool.clone(), handle, &position);
        let compress = Compress {
            spool: spool.reader(),
            part,
            position: Arc::clone(&position),
            state: Arc::clone(state),
            discovery,
            nice: compress::NICE,
            chunk: vec![0; (sub_buffer * SUB_BUFFERS_IN_CHUNK) as usize],
            waiting_since: None,
        };
        let drain = Drain { cpu, source, spool: spool.writer(), position, state: Arc::clone(state) };
        let drain = spawn(&format!("drain-cpu{cpu}"), move || drain.run())?;
        let compress = spawn(&format!("compress-cpu{cpu}"), move || compress.run())?;
        Ok((Self { cpu, drain, compress }, files))
    }

    /// Waits for the end, which [`ReaderState::finish`] asks for.
    pub fn join(self, dir: &RunDir) -> Result<()> {
        let of = |thread: JoinHandle<io::Result<()>>| {
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread broke down")))
        };
        let (drained, compressed) = (of(self.drain), of(self.compress));
        drained.map_err(|source| CaptureError::io(dir.path(), source))?;
        compressed.map_err(|source| CaptureError::io(&dir.part(self.cpu), source))
    }
}

fn spawn(name: &str, work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<JoinHandle<io::Result<()>>> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|source| CaptureError::Command { command: format!("thread {name}"), source })
}

/// Sets the nice value of the calling thread. Without the right to do so it stays as it is.
pub(super) fn prefer(nice: i32) {
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), nice);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::{CpuReader, ReaderState};
    use crate::recording::Source;
    use crate::run_dir::{PartReader, RunDir, Spool, SpoolMemory};

    #[test]
    fn all_sub_buffers_are_in_the_part_in_order() {
        let root = tempfile::tempdir().unwrap();
        let dir = RunDir::open(root.path());
        let raw = root.path().join("trace_pipe_raw");
        let bytes: Vec<u8> = (1..=70).flat_map(|number| [number; 4096]).collect();
        std::fs::write(&raw, &bytes).unwrap();
        let state = Arc::new(ReaderState::default());
        let source = Source::open(&raw, 4096).unwrap();
        let spool = Spool::new(&dir, &SpoolMemory::default(), 0, 4096);
        let (reader, _) = CpuReader::start(&dir, &spool, source, 1, &state, None).unwrap();
        state.finish.store(true, Ordering::Release);
        reader.join(&dir).unwrap();
        let mut part = PartReader::open(&dir.part(0), 4096).unwrap();
        let mut decompressor = zstd::bulk::Decompressor::new().unwrap();
        let mut sizes = Vec::new();
        let mut held = Vec::new();
        while let Some(chunk) = part.next_chunk().unwrap() {
            sizes.push(chunk.size / 4096);
            held.extend(chunk.sub_buffers(&mut decompressor).unwrap());
        }
        assert_eq!(held, bytes);
        assert_eq!(sizes.iter().sum::<u32>(), 70);
        assert_eq!(state.raw_bytes.load(Ordering::Relaxed), 70 * 4096);
        assert_eq!(state.compressed_bytes.load(Ordering::Relaxed), 70 * 4096);
        assert_eq!(state.stored_bytes(), std::fs::metadata(dir.part(0)).unwrap().len());
    }
}
