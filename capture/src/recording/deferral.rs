//! How much may wait to be compressed while the CPUs are busy: what memory holds, and all where the disk bears it as it is.
//!
//! On a busy host even threads of the lowest priority cost the sandbox time, since they take its place in the caches. What waits
//! goes through the spool, in memory first, then on the disk, and is compressed when a CPU has time or the recording is over.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::ReaderState;
use super::cpu_time::CpuShares;
use crate::disk::{free_space, write_speed};
use crate::run_dir::SpoolMemory;

/// A host is busy where less than this share of its CPUs' time is idle or goes to threads of low priority.
const SPARE_SHARE: f64 = 0.5;
/// A disk bears trace data that come at 1 in so many of its speed.
const SPEED_MARGIN: f64 = 2.0;
/// Space that is left free on the disk, in bytes.
const RESERVED_SPACE: u64 = 2 << 30;
/// Bytes written to measure the disk.
const PROBE: usize = 8 << 20;

/// Decides once a second.
#[derive(Debug)]
pub(super) struct Deferral {
    dir: PathBuf,
    /// Bytes a second that the disk writes.
    speed: f64,
    /// Bytes of each CPU that may wait where the disk does not bear them: half of its memory, the other half is for a burst.
    in_memory: u64,
    raw_bytes: u64,
    looked: Instant,
}

impl Deferral {
    /// Measures the disk of a run directory. Compression waits until the first look, when more is known.
    pub(super) fn begin(dir: &Path, memory: &SpoolMemory, state: &ReaderState) -> Self {
        // A disk that cannot be measured bears nothing.
        let speed = write_speed(dir, PROBE).unwrap_or(0.0);
        let in_memory = memory.limit() / 2;
        state.may_wait.store(in_memory, Ordering::Relaxed);
        Self { dir: dir.to_owned(), speed, in_memory, raw_bytes: 0, looked: Instant::now() }
    }

    /// Tells the readers, from what the host did since the last time.
    pub(super) fn look(&mut self, shares: CpuShares, state: &ReaderState) {
        let free = free_space(&self.dir).unwrap_or(0);
        let may_wait = match (shares.spare < SPARE_SHARE, self.bears(state, free)) {
            (false, _) => 0,
            (true, false) => self.in_memory,
            (true, true) => u64::MAX,
        };
        state.may_wait.store(may_wait, Ordering::Relaxed);
    }

    fn bears(&mut self, state: &ReaderState, free: u64) -> bool {
        let raw_bytes = state.raw_bytes.load(Ordering::Relaxed);
        let seconds = self.looked.elapsed().as_secs_f64().max(1e-9);
        let rate = raw_bytes.saturating_sub(self.raw_bytes) as f64 / seconds;
        (self.raw_bytes, self.looked) = (raw_bytes, Instant::now());
        free >= RESERVED_SPACE && self.speed >= SPEED_MARGIN * rate
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    use super::{Deferral, RESERVED_SPACE};
    use crate::recording::ReaderState;
    use crate::recording::cpu_time::CpuShares;

    fn deferral(speed: f64) -> Deferral {
        let looked = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        Deferral { dir: "/".into(), speed, in_memory: 64, raw_bytes: 0, looked }
    }

    #[test]
    fn a_disk_bears_half_of_its_speed_while_it_has_space() {
        let state = ReaderState::default();
        state.raw_bytes.store(10_000_000, Ordering::Relaxed);
        assert!(deferral(25e6).bears(&state, RESERVED_SPACE));
        assert!(!deferral(15e6).bears(&state, RESERVED_SPACE));
        assert!(!deferral(25e6).bears(&state, RESERVED_SPACE - 1));
        assert!(!deferral(0.0).bears(&state, RESERVED_SPACE));
    }

    #[test]
    fn on_a_busy_host_as_much_waits_as_memory_holds_or_all_of_it() {
        let state = ReaderState::default();
        state.raw_bytes.store(1, Ordering::Relaxed);
        let look = |speed: f64, spare: f64| {
            deferral(speed).look(CpuShares { idle: 0.0, spare }, &state);
            state.may_wait.load(Ordering::Relaxed)
        };
        assert_eq!(look(0.0, 0.4), 64);
        assert_eq!(look(f64::INFINITY, 0.4), u64::MAX);
        assert_eq!(look(f64::INFINITY, 0.6), 0);
    }
}
