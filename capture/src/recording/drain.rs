//! The thread that moves one CPU's sub-buffers out of the ring buffer before it is full.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Source;
use super::placement::Placement;
use super::reader::{CpuPosition, ReaderState, prefer};
use crate::run_dir::SpoolWriter;

/// Before all ordinary work: a sandbox that takes every CPU must not keep it from the buffer. It does nothing but move
/// pages, so that the sandbox hardly notices.
pub(super) const NICE: i32 = -20;

/// From a ring buffer into its spool.
pub(super) struct Drain {
    pub(super) cpu: u32,
    pub(super) source: Source,
    pub(super) spool: SpoolWriter,
    pub(super) position: Arc<CpuPosition>,
    pub(super) state: Arc<ReaderState>,
}

impl Drain {
    /// Until [`ReaderState::finish`] asks for the end, and the buffer is empty.
    pub(super) fn run(mut self) -> io::Result<()> {
        prefer(NICE);
        let ended = self.drain();
        if ended.is_err() {
            self.state.has_failed.store(true, Ordering::Relaxed);
        }
        self.position.is_drained.store(true, Ordering::Release);
        ended
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut placement = Placement::new(self.cpu);
        while !self.state.finish.load(Ordering::Acquire) {
            placement.choose(self.state.is_crowded.load(Ordering::Relaxed));
            self.spool.waiting = self.position.waiting();
            let moved = self.source.move_full(&mut self.spool)?;
            self.count(moved);
            if moved < self.source.most() {
                self.source.wait()?;
            }
        }
        let moved = self.source.move_rest(&mut self.spool)?;
        self.count(moved);
        Ok(())
    }

    fn count(&self, moved: usize) {
        self.position.drained.fetch_add(moved as u64, Ordering::Release);
        self.state.raw_bytes.fetch_add(moved as u64, Ordering::Relaxed);
    }
}
