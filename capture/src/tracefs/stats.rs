//! The kernel's own account of a CPU's ring buffer.

use hap_ftrace::CpuStats;

use super::Tracefs;
use crate::error::Result;

/// The statistics of one CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsText {
    /// The CPU.
    pub cpu: u32,
    /// The text of `per_cpu/cpuN/stats`.
    pub text: String,
    /// Its numbers.
    pub stats: CpuStats,
}

impl StatsText {
    /// Reads the statistics of a CPU.
    pub fn read(instance: &Tracefs, cpu: u32) -> Result<Self> {
        let text = instance.text(format!("per_cpu/cpu{cpu}/stats"))?;
        let stats = CpuStats::parse(text.as_bytes())?;
        Ok(Self { cpu, text: format!("{text}\n"), stats })
    }
}

/// Events that are in the ring buffers of an instance, and events that were read from them.
pub fn buffered_events(stats: &[StatsText]) -> (u64, u64) {
    let sum = |value: fn(&CpuStats) -> u64| stats.iter().map(|cpu| value(&cpu.stats)).sum();
    (sum(|stats| stats.entries), sum(|stats| stats.read_events))
}
