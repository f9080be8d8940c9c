//! Second pass over a stream: counts the calls of each (thread, system call, context, call site).

use std::collections::{BTreeMap, VecDeque};

use foldhash::{HashMap, HashMapExt};

use hap_ftrace::{Body, Event, EventDecoder, Record, Records, usual_function};

use super::call_table::CallTable;
use super::interrupt_entries::context_of_flags;
use super::merge::Limit;
use super::scan::{ScannedChunk, StreamFormat, StreamId, ordinal};
use super::timeline::{NO_SYSCALL, Position, SyscallId, Thread, Timelines};

/// Distinct keys of one stream, beyond which a capture is refused: real ones have thousands.
const MAX_KEYS: usize = 1 << 24;
/// Distinct threads in system calls of one stream, beyond which a capture is refused.
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
    /// Keys of the table that have been added to the sum of the stream.
    known_keys: usize,
}

/// Takes every event in order, beside the counting.
pub(crate) trait EventSink {
    /// An event of `stream` at `time`, in a system call if its context is task.
    fn event(&mut self, stream: StreamId, time: u64, event: &Event, syscall: SyscallId);
}

/// Takes no event.
pub(crate) struct NoSink;

impl EventSink for NoSink {
    #[inline]
    fn event(&mut self, _: StreamId, _: u64, _: &Event, _: SyscallId) {}
}

/// Events of one kind on one thread, other than function calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Occurrences {
    pub(crate) count: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Counts of one stream.
pub(crate) struct Aggregator<'a> {
    id: StreamId,
    format: StreamFormat,
    pending: VecDeque<ScannedChunk<'a>>,
    /// Where in the first pending chunk the walk stands.
    cursor: PageCursor,
    /// Calls of each thread in each system call.
    calls: Vec<SlotCalls>,
    slots: HashMap<Slot, usize>,
    /// Indices of `calls` that the current window has touched.
    touched: Vec<usize>,
    /// Distinct keys in `calls`.
    keys: usize,
    /// A table of `calls` was full: the counts are not whole.
    turned_away: bool,
    /// Events by (id, thread); function calls are in `calls`.
    others: BTreeMap<(u16, i32), Occurrences>,
    /// Number of `func_repeats` events, and of the calls that they stand for.
    repeats: (u64, u64),
    /// Records too short for their format.
    skipped: u64,
    /// Window that events are being counted into.
    window: u64,
    largest: u64,
    span: Span,
}

/// Everything that a stream held.
pub(crate) struct StreamCounts {
    pub(crate) calls: Vec<SlotCalls>,
    /// Events that are no function calls, by (id, thread).
    pub(crate) others: BTreeMap<(u16, i32), Occurrences>,
    /// Number of `func_repeats` events, and of the calls that they stand for.
    pub(crate) repeats: (u64, u64),
    /// Id of the event `function`.
    pub(crate) function_id: u16,
    /// Id of the event `func_repeats`, if the recording has one.
    pub(crate) func_repeats_id: u16,
    /// Records too short for their format.
    pub(crate) skipped: u64,
}

/// Where the walk of a chunk stands.
#[derive(Clone, Copy, Debug, Default)]
struct PageCursor {
    page: usize,
    /// Bytes of the page's data that have been read.
    offset: usize,
    /// Time of the record in front, in units of the trace clock.
    time: u64,
}

/// What holds for the events of one thread until something changes.
#[derive(Clone, Copy, Debug)]
struct Span {
    pid: i32,
    /// Index of the slot's calls.
    slot: usize,
    syscall: SyscallId,
    /// Events before this time need no look at anything else.
    before: u64,
}

/// What the walk of a round needs.
pub(crate) struct Round<'r> {
    pub(crate) decoder: &'r EventDecoder,
    pub(crate) timelines: &'r Timelines,
    pub(crate) limit: Limit,
    pub(crate) windows: Windows,
}

/// Division of a capture into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Time of the first event.
    pub(crate) start: u64,
    /// Length, at least 1.
    pub(crate) length: u64,
}

impl Windows {
    /// The window of a time.
    pub(crate) fn index(self, time: u64) -> u64 {
        time.saturating_sub(self.start) / self.length
    }

    fn end(self, index: u64) -> u64 {
        self.start.saturating_add((index + 1).saturating_mul(self.length))
    }
}

/// Takes the counts of a window that has ended on a stream.
pub(crate) trait WindowSink {
    /// What `calls` has not reported yet belongs to `window`.
    fn window_ended(&mut self, window: u64, calls: &mut SlotCalls);
}

impl<'a> Aggregator<'a> {
    pub(crate) fn new(id: StreamId, format: StreamFormat) -> Self {
        let span = Span { pid: 0, slot: 0, syscall: NO_SYSCALL, before: 0 };
        Self {
            id,
            format,
            pending: VecDeque::new(),
            cursor: PageCursor::default(),
            calls: Vec::new(),
            slots: HashMap::new(),
            touched: Vec::new(),
            keys: 0,
            turned_away: false,
            others: BTreeMap::new(),
            repeats: (0, 0),
            skipped: 0,
            window: 0,
            largest: 0,
            span,
        }
    }

    /// Adds scanned sub-buffers behind those that are pending.
    pub(crate) fn push(&mut self, chunk: ScannedChunk<'a>) {
        self.pending.push_back(chunk);
    }

    /// Counts the pending records up to the round's limit. Chunks that are done with go to `spent`.
    pub(crate) fn advance<S: EventSink, W: WindowSink>(
        &mut self,
        round: &Round<'_>,
        sink: &mut S,
        windows: &mut W,
        spent: &mut Vec<ScannedChunk<'a>>,
    ) {
        // Timelines have grown, and the limit is another one.
        self.span.before = 0;
        while let Some(chunk) = self.pending.pop_front() {
            if !self.walk_chunk(&chunk, round, sink, windows) {
                self.pending.push_front(chunk);
                return;
            }
            self.cursor = PageCursor::default();
            spent.push(chunk);
        }
    }

    /// Reports the current window if it is before `window`: no further event of it can come.
    pub(crate) fn leave_windows_before<W: WindowSink>(&mut self, window: u64, windows: &mut W) {
        if self.window < window {
            self.report_window(windows);
            self.window = window;
            self.span.before = 0;
        }
    }

    /// Walks a chunk from the cursor on; false when the limit stopped it.
    fn walk_chunk<S: EventSink, W: WindowSink>(
        &mut self,
        chunk: &ScannedChunk<'_>,
        round: &Round<'_>,
        sink: &mut S,
        windows: &mut W,
    ) -> bool {
        while let Some(page) = chunk.pages.get(self.cursor.page) {
            let start = page.start + self.cursor.offset;
            let time = if self.cursor.offset == 0 { page.time } else { self.cursor.time };
            let data = chunk.bytes.get(start..page.end).unwrap_or(&[]);
            if let Some((offset, time)) = self.walk_page(data, time, page.number, round, sink, windows) {
                self.cursor.offset += offset;
                self.cursor.time = time;
                return false;
            }
            self.cursor = PageCursor { page: self.cursor.page + 1, offset: 0, time: 0 };
        }
        true
    }

    /// Walks records; gives the offset and time in front of the record at which the limit stopped it.
    fn walk_page<S: EventSink, W: WindowSink>(
        &mut self,
        data: &[u8],
        time: u64,
        page: u64,
        round: &Round<'_>,
        sink: &mut S,
        windows: &mut W,
    ) -> Option<(usize, u64)> {
        let conversion = self.format.conversion;
        let identity = conversion.is_identity();
        let usual = round.decoder.usual_function_id();
        let read_before = self.cursor.offset;
        let mut records = Records::new(data, time, self.format.order);
        loop {
            let (offset, time_before) = (records.offset(), records.time());
            let (time, event) = if let Some((time, payload)) = usual.and_then(|id| records.next_function(id)) {
                (time, usual_function(payload))
            } else {
                // The scan has checked the records: an error cannot come, and would end the walk.
                let Some(Ok(Record { time, payload })) = records.next() else { return None };
                let Some(event) = round.decoder.decode(payload) else {
                    self.skipped += 1;
                    continue;
                };
                (time, event)
            };
            let time = if identity { time } else { conversion.to_ns(time) };
            let merged_time = time.max(self.largest);
            if merged_time >= self.span.before || event.common.pid != self.span.pid {
                let ordinal = ordinal(page, read_before + records.offset());
                let at = Position { time: merged_time, stream: self.id.index, ordinal };
                if !round.limit.admits(at) {
                    return Some((offset, time_before));
                }
                self.enter_span(event.common.pid, at, round, windows);
            }
            self.largest = merged_time;
            self.count(time, &event, round.decoder);
            sink.event(self.id, time, &event, self.span.syscall);
        }
    }

    #[inline]
    fn count(&mut self, time: u64, event: &Event, decoder: &EventDecoder) {
        match event.body {
            Body::Calls { ip, count, .. } => {
                let context = context_of_flags(event.common.flags);
                if let Some(calls) = self.calls.get_mut(self.span.slot) {
                    calls.table.add(ip, context as u32, time, count);
                }
                if event.common.id != decoder.function_id() {
                    self.repeats.0 += 1;
                    self.repeats.1 += count;
                }
            }
            _ => self.count_other(time, event),
        }
    }

    fn count_other(&mut self, time: u64, event: &Event) {
        let key = (event.common.id, event.common.pid);
        let seen = self.others.entry(key).or_insert(Occurrences { count: 0, first: time, last: time });
        seen.count += 1;
        seen.last = time;
    }

    /// Finds out what holds for a thread's events from `at` on.
    fn enter_span<W: WindowSink>(&mut self, pid: i32, at: Position, round: &Round<'_>, windows: &mut W) {
        self.leave_windows_before(round.windows.index(at.time), windows);
        let (syscall, until) = round.timelines.state_at(Thread { buffer: self.id.buffer, pid }, at);
        let slot = self.slot(Slot { pid, syscall });
        let before = until.time.min(round.limit.time).min(round.windows.end(self.window));
        self.span = Span { pid, slot, syscall, before };
    }

    /// The index of a slot's calls, which the current window is about to touch.
    fn slot(&mut self, slot: Slot) -> usize {
        let calls = &mut self.calls;
        let index = *self.slots.entry(slot).or_insert_with(|| {
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

    fn report_window<W: WindowSink>(&mut self, windows: &mut W) {
        self.note_keys();
        for index in self.touched.drain(..) {
            if let Some(calls) = self.calls.get_mut(index) {
                calls.touched = false;
                windows.window_ended(self.window, calls);
            }
        }
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

    /// Everything counted; the last window has been reported.
    pub(crate) fn finish<W: WindowSink>(mut self, decoder: &EventDecoder, windows: &mut W) -> StreamCounts {
        self.report_window(windows);
        StreamCounts {
            calls: self.calls,
            others: self.others,
            repeats: self.repeats,
            function_id: decoder.function_id(),
            func_repeats_id: decoder.func_repeats_id().unwrap_or_default(),
            skipped: self.skipped,
        }
    }
}
