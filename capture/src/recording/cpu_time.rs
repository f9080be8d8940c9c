//! What the host's CPUs do with their time.

use crate::host::Host;

/// Ticks of all CPUs since the boot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CpuTime {
    all: u64,
    /// Idle, or waiting for a disk.
    idle: u64,
    /// With threads whose nice value is above 0.
    low: u64,
}

/// Shares of the CPUs' time, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CpuShares {
    /// Idle, or waiting for a disk.
    pub(super) idle: f64,
    /// The same, and with threads whose nice value is above 0.
    pub(super) spare: f64,
}

impl CpuTime {
    /// From `/proc/stat`: the first line's user, nice, system, idle, iowait, irq, softirq and steal.
    pub(super) fn read(host: &Host) -> Option<Self> {
        let text = host.text("proc/stat")?;
        let ticks = text.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace().take(8);
        let ticks: Vec<u64> = ticks.map(str::parse).collect::<Result<_, _>>().ok()?;
        let of = |place: usize| ticks.get(place).copied().unwrap_or(0);
        Some(Self { all: ticks.iter().sum(), idle: of(3) + of(4), low: of(1) })
    }

    /// What was done with the time since the last call. A host that does not tell it has time.
    pub(super) fn shares_since(&mut self, host: &Host) -> CpuShares {
        let Some(now) = Self::read(host) else { return CpuShares { idle: 1.0, spare: 1.0 } };
        let last = std::mem::replace(self, now);
        let all = now.all.saturating_sub(last.all).max(1) as f64;
        let (idle, low) = (now.idle.saturating_sub(last.idle), now.low.saturating_sub(last.low));
        CpuShares { idle: idle as f64 / all, spare: (idle + low) as f64 / all }
    }
}

#[cfg(test)]
mod tests {
    use super::{CpuShares, CpuTime};
    use crate::host::Host;

    #[test]
    fn shares_are_of_the_time_since_the_last_look() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("proc")).unwrap();
        let host = Host::at(root.path());
        let write = |ticks: &str| {
            let text = format!("cpu  {ticks} 50 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n");
            std::fs::write(root.path().join("proc/stat"), text).unwrap();
        };
        write("600 100 200 90 4 1 2 3");
        let mut time = CpuTime::read(&host).unwrap();
        assert_eq!(time, CpuTime { all: 1000, idle: 94, low: 100 });
        write("640 110 210 114 14 3 4 5");
        assert_eq!(time.shares_since(&host), CpuShares { idle: 0.34, spare: 0.44 });
        assert_eq!(time.shares_since(&Host::at(root.path().join("none"))), CpuShares { idle: 1.0, spare: 1.0 });
    }
}
