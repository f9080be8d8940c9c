//! The clock of recordings.

use rustix::time::{ClockId, clock_gettime};

/// Name of the trace clock: `CLOCK_MONOTONIC`, so that phase marks of any program lie on the same axis.
pub const TRACE_CLOCK: &str = "mono";

/// Nanoseconds of the trace clock now.
pub fn now_ns() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}
