//! The thread that compresses what one CPU's ring buffer has given.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::drain;
use super::reader::{CpuPosition, ReaderState, prefer};
use crate::clock::now_ns;
use crate::run_dir::{PartWriter, SpoolReader};
use crate::steady::Discovery;

/// Behind all ordinary work: the sandbox must not be slowed down by what can be done later.
pub(super) const NICE: i32 = 19;
/// When the recording is over, and somebody waits for it.
const HURRIED_NICE: i32 = 0;
/// Data that waits for its chunk to fill is compressed after this time, so that discovery hears of it.
const FLUSH_AFTER: Duration = Duration::from_secs(1);
/// Pause between looks for data.
const PAUSE: Duration = Duration::from_millis(10);
/// The same while compression waits.
const DEFERRED_PAUSE: Duration = Duration::from_millis(200);

/// From a spool into its part.
pub(super) struct Compress {
    pub(super) spool: SpoolReader,
    pub(super) part: PartWriter,
    pub(super) position: Arc<CpuPosition>,
    pub(super) state: Arc<ReaderState>,
    pub(super) discovery: Option<Discovery>,
    /// Of this thread.
    pub(super) nice: i32,
    /// A chunk in memory.
    pub(super) chunk: Vec<u8>,
    /// Since when less than a chunk waits.
    pub(super) waiting_since: Option<Instant>,
}

impl Compress {
    /// Until the buffer is drained and all of it compressed.
    pub(super) fn run(mut self) -> io::Result<()> {
        prefer(self.nice);
        let ended = self.compress();
        if ended.is_err() {
            self.state.has_failed.store(true, Ordering::Relaxed);
        }
        ended
    }

    fn compress(&mut self) -> io::Result<()> {
        loop {
            let looked = now_ns();
            let is_drained = self.position.is_drained.load(Ordering::Acquire);
            let waiting = self.position.waiting();
            if is_drained && self.nice != HURRIED_NICE {
                self.nice = HURRIED_NICE;
                prefer(self.nice);
            }
            let is_deferred = !is_drained && waiting < self.state.may_wait.load(Ordering::Relaxed);
            if is_deferred {
                std::thread::sleep(DEFERRED_PAUSE);
            } else if waiting >= self.chunk.len() as u64 || waiting > 0 && (is_drained || self.is_old()) {
                self.one_chunk(waiting)?;
            } else if is_drained {
                return Ok(());
            } else {
                self.tell_discovery(looked);
                std::thread::sleep(PAUSE);
            }
        }
    }

    fn is_old(&mut self) -> bool {
        self.waiting_since.get_or_insert_with(Instant::now).elapsed() >= FLUSH_AFTER
    }

    fn one_chunk(&mut self, waiting: u64) -> io::Result<()> {
        let place = self.position.compressed.load(Ordering::Relaxed);
        let size = self.chunk.len().min(waiting as usize).min(self.spool.room(place));
        let chunk = self.chunk.get_mut(..size).unwrap_or(&mut []);
        self.spool.read(chunk, place)?;
        let stored = self.part.write(chunk)?;
        self.state.part_bytes.fetch_add(stored, Ordering::Relaxed);
        self.state.compressed_bytes.fetch_add(size as u64, Ordering::Relaxed);
        self.position.compressed.fetch_add(size as u64, Ordering::Release);
        if let Some(discovery) = &mut self.discovery {
            discovery.read(chunk);
        }
        self.release(place + size as u64);
        self.waiting_since = None;
        Ok(())
    }

    /// Removes what is compressed. This takes a lock on a folder that the draining thread needs: who holds it must not be kept waiting.
    fn release(&mut self, place: u64) {
        if !self.spool.ends_segment(place) {
            return;
        }
        prefer(drain::NICE);
        let segment = self.spool.is_done(place);
        prefer(self.nice);
        // Its memory is given back when the last file is closed.
        drop(segment);
    }

    /// All that the ring buffer had given by then has been read.
    fn tell_discovery(&self, time: i64) {
        if let Some(discovery) = &self.discovery {
            discovery.has_read_until(time.max(0) as u64);
        }
    }
}
