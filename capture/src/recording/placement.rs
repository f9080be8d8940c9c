//! On which CPU a draining thread runs.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where CPUs have time the system's scheduler finds one that has, and the sandbox keeps its own. Where none has, a thread stays on the
/// CPU that it drains: whoever fills the buffer waits there while it is emptied, and if a hypervisor takes the CPU away both wait.
#[derive(Debug)]
pub(super) struct Placement {
    allowed: CpuSet,
    own: CpuSet,
    is_on_own: bool,
}

impl Placement {
    /// Of the calling thread, which drains this CPU.
    pub(super) fn new(cpu: u32) -> Self {
        let mut own = CpuSet::new();
        if (cpu as usize) < CpuSet::MAX_CPU {
            own.set(cpu as usize);
        }
        Self { allowed: sched_getaffinity(None).unwrap_or(own), own, is_on_own: false }
    }

    /// Moves the thread if that has changed. Where the system refuses it the thread runs anywhere.
    pub(super) fn choose(&mut self, is_crowded: bool) {
        if is_crowded != self.is_on_own {
            self.is_on_own = is_crowded;
            let _ = sched_setaffinity(None, if is_crowded { &self.own } else { &self.allowed });
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::thread::sched_getaffinity;

    use super::Placement;

    #[test]
    fn a_thread_is_on_its_cpu_while_no_cpu_has_time() {
        let before = sched_getaffinity(None).unwrap();
        let cpu = (0..1024).find(|&cpu| before.is_set(cpu)).unwrap();
        let mut placement = Placement::new(cpu as u32);
        placement.choose(true);
        let there = sched_getaffinity(None).unwrap();
        assert_eq!((there.count(), there.is_set(cpu)), (1, true));
        placement.choose(false);
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
