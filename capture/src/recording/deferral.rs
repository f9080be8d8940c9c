//! How much may wait to be compressed while the CPUs are busy: what memory holds, and all where the disk bears it as it is.
//!
//! On a busy host even threads of the lowest priority cost the sandbox time, since they take its place in the caches. What waits
//! goes through the spool, in memory first, then on the disk, and is compressed when a CPU has time or the recording is over.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::ReaderState;
use crate::disk::{free_space, write_speed};
use crate::host::Host;
use crate::run_dir::SpoolMemory;

/// A host is busy where less than this share of its CPUs' time is idle or goes to threads of low priority.
const IDLE_SHARE: f64 = 0.5;
/// A disk bears trace data that come at 1 in so many of its speed.
const SPEED_MARGIN: f64 = 2.0;
/// Space that is left free on the disk, in bytes.
const RESERVED_SPACE: u64 = 2 << 30;
/// Bytes written to measure the disk.
const PROBE: usize = 8 << 20;

/// Ticks of all CPUs since the boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CpuTime {
    all: u64,
    /// Idle, waiting for a disk, or with threads whose nice value is above 0.
    spare: u64,
}

/// Decides once a second.
#[derive(Debug)]
pub(super) struct Deferral {
    dir: PathBuf,
    /// Bytes a second that the disk writes.
    speed: f64,
    /// Bytes of each CPU that may wait where the disk does not bear them: half of its memory, the other half is for a burst.
    in_memory: u64,
    cpu_time: CpuTime,
    raw_bytes: u64,
    looked: Instant,
}

impl CpuTime {
    /// From `/proc/stat`: the first line's user, nice, system, idle, iowait, irq, softirq and steal.
    fn read(host: &Host) -> Option<Self> {
        let text = host.text("proc/stat")?;
        let ticks = text.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace().take(8);
        let ticks: Vec<u64> = ticks.map(str::parse).collect::<Result<_, _>>().ok()?;
        let spare = [1, 3, 4].iter().filter_map(|&place| ticks.get(place)).sum();
        Some(Self { all: ticks.iter().sum(), spare })
    }
}

impl Deferral {
    /// Measures the disk of a run directory. Compression waits until the first look, when more is known.
    pub(super) fn begin(host: &Host, dir: &Path, memory: &SpoolMemory, state: &ReaderState) -> Self {
        // A disk that cannot be measured bears nothing.
        let speed = write_speed(dir, PROBE).unwrap_or(0.0);
        let cpu_time = CpuTime::read(host).unwrap_or_default();
        let in_memory = memory.limit() / 2;
        state.may_wait.store(in_memory, Ordering::Relaxed);
        Self { dir: dir.to_owned(), speed, in_memory, cpu_time, raw_bytes: 0, looked: Instant::now() }
    }

    /// Looks at what the host did since the last time, and tells the readers.
    pub(super) fn look(&mut self, host: &Host, state: &ReaderState) {
        let free = free_space(&self.dir).unwrap_or(0);
        // Both count from the last look: neither may be left out.
        let may_wait = match (self.is_busy(host), self.bears(state, free)) {
            (false, _) => 0,
            (true, false) => self.in_memory,
            (true, true) => u64::MAX,
        };
        state.may_wait.store(may_wait, Ordering::Relaxed);
    }

    fn is_busy(&mut self, host: &Host) -> bool {
        let Some(now) = CpuTime::read(host) else { return false };
        let last = std::mem::replace(&mut self.cpu_time, now);
        let (all, spare) = (now.all.saturating_sub(last.all), now.spare.saturating_sub(last.spare));
        (spare as f64) < IDLE_SHARE * all as f64
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

    use super::{CpuTime, Deferral, RESERVED_SPACE};
    use crate::host::Host;
    use crate::recording::ReaderState;

    /// A host whose CPUs have spent these ticks: user, nice, system, idle, iowait.
    fn host(root: &std::path::Path, ticks: [u64; 5]) -> Host {
        let [user, nice, system, idle, iowait] = ticks;
        std::fs::create_dir_all(root.join("proc")).unwrap();
        let text = format!("cpu  {user} {nice} {system} {idle} {iowait} 1 2 3 50 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n");
        std::fs::write(root.join("proc/stat"), text).unwrap();
        Host::at(root)
    }

    fn deferral(speed: f64) -> Deferral {
        let looked = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        Deferral { dir: "/".into(), speed, in_memory: 64, cpu_time: CpuTime::default(), raw_bytes: 0, looked }
    }

    #[test]
    fn a_host_is_busy_when_less_than_half_of_its_time_is_spare() {
        let root = tempfile::tempdir().unwrap();
        let mut deferral = deferral(0.0);
        assert!(deferral.is_busy(&host(root.path(), [600, 100, 200, 94, 0])));
        assert_eq!(deferral.cpu_time, CpuTime { all: 1000, spare: 194 });
        assert!(!deferral.is_busy(&host(root.path(), [640, 110, 210, 124, 10])), "50 of 100");
        assert!(!deferral.is_busy(&Host::at(root.path().join("nothing"))));
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
        let root = tempfile::tempdir().unwrap();
        let state = ReaderState::default();
        state.raw_bytes.store(1, Ordering::Relaxed);
        let look = |speed: f64, idle: u64| {
            let busy = host(root.path(), [100, 0, 0, idle, 0]);
            deferral(speed).look(&busy, &state);
            state.may_wait.load(Ordering::Relaxed)
        };
        assert_eq!(look(0.0, 10), 64);
        assert_eq!(look(f64::INFINITY, 10), u64::MAX);
        assert_eq!(look(f64::INFINITY, 200), 0);
    }
}
