//! The calls of every thread in every system call, of all streams, window by window.

use foldhash::HashMap;

use super::call_table::CallTable;
use super::timeline::SyscallId;

/// Distinct keys, beyond which a capture is refused: real ones have thousands.
const MAX_KEYS: usize = 1 << 24;
/// Distinct threads in system calls, beyond which a capture is refused.
const MAX_SLOTS: usize = 1 << 18;

/// A thread in a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    pub(crate) pid: i32,
    pub(crate) syscall: SyscallId,
}

/// Calls of a slot.
pub(crate) struct SlotCalls {
    pub(crate) slot: Slot,
    pub(crate) table: CallTable,
    touched: bool,
    /// Keys of the table that have been added to the sum.
    known_keys: usize,
}

/// Takes the counts of a window that has ended.
pub(crate) trait WindowSink {
    /// What `calls` has not reported yet belongs to the window.
    fn calls(&mut self, calls: &mut SlotCalls);

    /// All calls of the window have been taken.
    fn window_ended(&mut self, window: u64);
}

/// Calls by slot.
#[derive(Default)]
pub(crate) struct CallCounts {
    calls: Vec<SlotCalls>,
    indices: HashMap<Slot, usize>,
    /// Indices of `calls` that the current window has touched.
    touched: Vec<usize>,
    /// Distinct keys in `calls`.
    keys: usize,
    /// A table of `calls` was full: the counts are not whole.
    turned_away: bool,
}

impl CallCounts {
    /// The index of a slot's table, which the current window is about to touch.
    pub(crate) fn index(&mut self, slot: Slot) -> usize {
        let calls = &mut self.calls;
        let index = *self.indices.entry(slot).or_insert_with(|| {
            calls.push(SlotCalls { slot, table: CallTable::new(), touched: false, known_keys: 0 });
            calls.len() - 1
        });
        if let Some(calls) = calls.get_mut(index)
            && !std::mem::replace(&mut calls.touched, true)
        {
            self.touched.push(index);
        }
        index
    }

    /// The table of an index.
    #[inline]
    pub(crate) fn table(&mut self, index: usize) -> Option<&mut CallTable> {
        self.calls.get_mut(index).map(|calls| &mut calls.table)
    }

    /// Ends the current window.
    pub(crate) fn end_window<W: WindowSink>(&mut self, window: u64, sink: &mut W) {
        self.note_keys();
        for index in self.touched.drain(..) {
            if let Some(calls) = self.calls.get_mut(index) {
                calls.touched = false;
                sink.calls(calls);
            }
        }
        sink.window_ended(window);
    }

    /// Adds the keys that are new in the tables that the window has touched.
    fn note_keys(&mut self) {
        for index in &self.touched {
            if let Some(calls) = self.calls.get_mut(*index) {
                self.keys += calls.table.len() - calls.known_keys;
                calls.known_keys = calls.table.len();
                self.turned_away |= calls.table.is_full();
            }
        }
    }

    /// Whether there are more distinct keys than any real capture has; to be asked once a round.
    pub(crate) fn is_overfull(&mut self) -> bool {
        self.note_keys();
        self.turned_away || self.calls.len() > MAX_SLOTS || self.keys > MAX_KEYS
    }

    /// Everything counted; the last window has ended.
    pub(crate) fn into_calls(self) -> Vec<SlotCalls> {
        self.calls
    }
}
