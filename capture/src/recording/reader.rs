//! The thread that brings one CPU's trace data to the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Source;
use crate::error::{CaptureError, Result};
use crate::run_dir::{PartWriter, RunDir};
use crate::steady::Discovery;

/// Data that waits for its chunk to fill is written after this time, so that little is lost with the recorder.
const FLUSH_AFTER: Duration = Duration::from_secs(1);
/// Share of the ring buffer that was read without a pause when a reader counts as behind: 1 in so many.
const BEHIND: u64 = 4;

/// How CPUs are read.
#[derive(Clone, Copy, Debug)]
pub struct ReaderOptions {
    /// Bytes of a sub-buffer.
    pub sub_buffer_size: u32,
    /// Bytes of a chunk in memory.
    pub chunk_size: u32,
    /// Zstandard level.
    pub level: i32,
    /// Bytes of the ring buffer.
    pub buffer_size: u64,
}

/// What the readers and the rest of the recorder tell each other.
#[derive(Debug, Default)]
pub struct ReaderState {
    /// The buffers are at rest: read what is left and end.
    pub finish: AtomicBool,
    /// Bytes read from the ring buffers.
    pub raw_bytes: AtomicU64,
    /// Bytes written to the disk.
    pub stored_bytes: AtomicU64,
    /// Bytes that were written without compression, since a reader was behind.
    pub uncompressed_bytes: AtomicU64,
    /// A reader has given up.
    pub has_failed: AtomicBool,
}

/// A running reader.
#[derive(Debug)]
pub struct CpuReader {
    cpu: u32,
    thread: JoinHandle<std::io::Result<()>>,
}

struct Work {
    source: Source,
    part: PartWriter,
    options: ReaderOptions,
    state: Arc<ReaderState>,
    discovery: Option<Discovery>,
    chunk: Vec<u8>,
    filled: usize,
    waiting_since: Option<Instant>,
    /// Bytes read since the ring buffer was last empty.
    streak: u64,
}

impl CpuReader {
    /// Starts to read a CPU into its part.
    pub(super) fn start(
        source: Source,
        part: PartWriter,
        cpu: u32,
        options: ReaderOptions,
        state: &Arc<ReaderState>,
        discovery: Option<Discovery>,
    ) -> Result<Self> {
        let state = Arc::clone(state);
        let chunk = vec![0; options.chunk_size as usize];
        let work = Work { source, part, options, state, discovery, chunk, filled: 0, waiting_since: None, streak: 0 };
        let spawned = std::thread::Builder::new().name(format!("read-cpu{cpu}")).spawn(move || work.run());
        let thread =
            spawned.map_err(|source| CaptureError::Command { command: format!("reader of CPU {cpu}"), source })?;
        Ok(Self { cpu, thread })
    }

    /// Waits for the end of the reader, which [`ReaderState::finish`] asks for.
    pub fn join(self, dir: &RunDir) -> Result<()> {
        let ended = self.thread.join().unwrap_or_else(|_| Err(std::io::Error::other("the reader broke down")));
        ended.map_err(|source| CaptureError::io(&dir.part(self.cpu), source))
    }
}

impl Work {
    fn run(mut self) -> std::io::Result<()> {
        let ended = self.read();
        if ended.is_err() {
            self.state.has_failed.store(true, Ordering::Relaxed);
        }
        ended
    }

    fn read(&mut self) -> std::io::Result<()> {
        loop {
            let finish = self.state.finish.load(Ordering::Acquire);
            let room = self.chunk.get_mut(self.filled..).unwrap_or(&mut []);
            let mut read = self.source.read_full(room)?;
            if read == 0 && finish {
                read = self.source.read_rest(room)?;
                if read == 0 {
                    return self.flush();
                }
            }
            self.take(read)?;
            if read == 0 {
                self.streak = 0;
                self.flush_if_old()?;
                self.source.wait()?;
            }
        }
    }

    fn take(&mut self, read: usize) -> std::io::Result<()> {
        self.filled += read;
        self.streak += read as u64;
        if read > 0 {
            self.state.raw_bytes.fetch_add(read as u64, Ordering::Relaxed);
            self.waiting_since.get_or_insert_with(Instant::now);
        }
        let is_full = self.filled + self.options.sub_buffer_size as usize > self.chunk.len();
        if is_full { self.flush() } else { Ok(()) }
    }

    fn flush_if_old(&mut self) -> std::io::Result<()> {
        let is_old = self.waiting_since.is_some_and(|since| since.elapsed() >= FLUSH_AFTER);
        if is_old { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let chunk = self.chunk.get(..self.filled).unwrap_or(&[]);
        if chunk.is_empty() {
            return Ok(());
        }
        let is_behind = self.streak > self.options.buffer_size / BEHIND;
        let stored = self.part.write(chunk, !is_behind)?;
        self.state.stored_bytes.fetch_add(stored, Ordering::Relaxed);
        if is_behind {
            self.state.uncompressed_bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        if let Some(discovery) = &mut self.discovery {
            discovery.read(chunk);
        }
        self.filled = 0;
        self.waiting_since = None;
        Ok(())
    }
}
