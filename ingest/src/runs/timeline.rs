//! Which system call each thread is in, at every position of a capture.
//!
//! A thread may enter a system call on one CPU and leave it on another, so changes of all CPUs are merged here, ordered
//! as a walk of all CPUs by time would meet them. Calls themselves are never merged: a CPU's walk asks for the state at
//! a position and until where it holds.

use std::collections::VecDeque;

use foldhash::HashMap;

/// A system call as an index into the names of [`super::syscalls::SyscallNames`].
pub(crate) type SyscallId = u16;

/// The state of a thread that is in no system call.
pub(crate) const NO_SYSCALL: SyscallId = SyscallId::MAX;

/// Place of a record in the merged order of all streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Largest time stamp of the stream up to here: a merge that takes the stream with the smallest next time stamp
    /// emits a record that goes back in time right behind its predecessor.
    pub(crate) time: u64,
    /// Index of the stream: of two records of the same time the one of the lower stream comes first.
    pub(crate) stream: u32,
    /// Sub-buffer number in the upper, offset behind the record in the lower half.
    pub(crate) ordinal: u64,
}

impl Position {
    /// Behind every record.
    pub(crate) const END: Self = Self { time: u64::MAX, stream: u32::MAX, ordinal: u64::MAX };
}

/// A thread of one buffer: two buffers of a file may both record the same thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Thread {
    /// Index of the buffer.
    pub(crate) buffer: u16,
    /// Thread id.
    pub(crate) pid: i32,
}

/// A thread enters or leaves a system call: the new state holds for records behind `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) at: Position,
    pub(crate) thread: Thread,
    pub(crate) state: SyscallId,
}

/// The states of all threads.
#[derive(Debug, Default)]
pub(crate) struct Timelines {
    threads: HashMap<Thread, Timeline>,
}

#[derive(Debug)]
struct Timeline {
    /// State in front of the first change that is kept.
    before: SyscallId,
    /// Changes in order.
    changes: VecDeque<(Position, SyscallId)>,
}

impl Timelines {
    /// Adds changes, in any order.
    pub(crate) fn extend(&mut self, changes: &[Change]) {
        for change in changes {
            let timeline = self.threads.entry(change.thread).or_default();
            // Nearly always at the end: a thread is on one CPU at a time.
            let place = timeline.changes.partition_point(|(at, _)| *at < change.at);
            timeline.changes.insert(place, (change.at, change.state));
        }
    }

    /// State of a thread for a record at `at`, and the position up to which (inclusive) it holds.
    pub(crate) fn state_at(&self, thread: Thread, at: Position) -> (SyscallId, Position) {
        let Some(timeline) = self.threads.get(&thread) else { return (NO_SYSCALL, Position::END) };
        let next = timeline.changes.partition_point(|(change, _)| *change < at);
        let state = next.checked_sub(1).and_then(|last| timeline.changes.get(last));
        let until = timeline.changes.get(next);
        (state.map_or(timeline.before, |(_, state)| *state), until.map_or(Position::END, |(until, _)| *until))
    }

    /// Forgets what no record at or behind `limit` needs. `changes` are those added since the last call.
    pub(crate) fn forget_before(&mut self, limit: Position, changes: &[Change]) {
        for change in changes {
            if let Some(timeline) = self.threads.get_mut(&change.thread) {
                timeline.forget_before(limit);
            }
        }
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self { before: NO_SYSCALL, changes: VecDeque::new() }
    }
}

impl Timeline {
    fn forget_before(&mut self, limit: Position) {
        while let Some((_, state)) = self.changes.pop_front_if(|(at, _)| *at < limit) {
            self.before = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, NO_SYSCALL, Position, Thread, Timelines};

    const T: Thread = Thread { buffer: 0, pid: 7 };

    fn at(time: u64, stream: u32, ordinal: u64) -> Position {
        Position { time, stream, ordinal }
    }

    fn change(at: Position, state: u16) -> Change {
        Change { at, thread: T, state }
    }

    #[test]
    fn a_thread_that_migrates_inside_a_system_call_stays_in_it() {
        let mut lines = Timelines::default();
        lines.extend(&[change(at(10, 0, 1), 3), change(at(30, 1, 1), NO_SYSCALL)]);
        assert_eq!(lines.state_at(T, at(5, 1, 0)), (NO_SYSCALL, at(10, 0, 1)));
        assert_eq!(lines.state_at(T, at(20, 1, 0)), (3, at(30, 1, 1)));
        assert_eq!(lines.state_at(T, at(40, 0, 9)), (NO_SYSCALL, Position::END));
    }

    #[test]
    fn changes_may_arrive_out_of_order_and_ties_go_by_stream_and_ordinal() {
        let mut lines = Timelines::default();
        lines.extend(&[change(at(10, 1, 4), 2), change(at(10, 0, 9), 1)]);
        assert_eq!(lines.state_at(T, at(10, 0, 9)).0, NO_SYSCALL);
        assert_eq!(lines.state_at(T, at(10, 0, 10)), (1, at(10, 1, 4)));
        assert_eq!(lines.state_at(T, at(10, 1, 5)).0, 2);
    }

    #[test]
    fn forgetting_keeps_the_state() {
        let mut lines = Timelines::default();
        let changes = [change(at(10, 0, 1), 3), change(at(30, 0, 2), 4)];
        lines.extend(&changes);
        lines.forget_before(at(20, 0, 0), &changes);
        assert_eq!(lines.state_at(T, at(25, 0, 0)), (3, at(30, 0, 2)));
    }

    #[test]
    fn another_thread_or_another_buffer_is_in_no_system_call() {
        let mut lines = Timelines::default();
        lines.extend(&[change(at(10, 0, 1), 3)]);
        for thread in [Thread { buffer: 1, pid: 7 }, Thread { buffer: 0, pid: 8 }] {
            assert_eq!(lines.state_at(thread, at(20, 0, 0)), (NO_SYSCALL, Position::END));
        }
    }
}
