//! Second pass over a stream: counts the calls of each (thread, system call, context, call site).

use std::collections::{BTreeMap, HashMap, VecDeque};

use hap_ftrace::{Body, Event, EventDecoder, Record, Records};
use hap_schemas::Context;

use super::call_table::CallTable;
use super::interrupt_entries::context_of_flags;
use super::merge::Limit;
use super::scan::{ScannedChunk, StreamFormat, StreamId, ordinal};
use super::timeline::{NO_SYSCALL, Position, SyscallId, Thread, Timelines};

/// Bits of a place that hold the context.
const CONTEXT_BITS: u32 = 2;

/// A thread in a system call, numbered so that it fits into a key of the call table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Slot {
    pub(crate) pid: i32,
    pub(crate) syscall: SyscallId,
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
    calls: CallTable,
    slots: Vec<Slot>,
    slot_numbers: HashMap<Slot, u32>,
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
    pub(crate) calls: CallTable,
    pub(crate) slots: Vec<Slot>,
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
    /// Place without the context bits.
    place: u32,
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
    /// `calls` holds all counts of the stream so far; what `reported` does not cover belongs to `window`.
    fn window_ended(&mut self, window: u64, slots: &[Slot], calls: &mut CallTable);
}

impl<'a> Aggregator<'a> {
    pub(crate) fn new(id: StreamId, format: StreamFormat) -> Self {
        let span = Span { pid: 0, place: 0, syscall: NO_SYSCALL, before: 0 };
        Self {
            id,
            format,
            pending: VecDeque::new(),
            cursor: PageCursor::default(),
            calls: CallTable::new(),
            slots: Vec::new(),
            slot_numbers: HashMap::new(),
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
            windows.window_ended(self.window, &self.slots, &mut self.calls);
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
        let read_before = self.cursor.offset;
        let mut records = Records::new(data, time, self.format.order);
        loop {
            let (offset, time_before) = (records.offset(), records.time());
            // The scan has checked the records: an error cannot come, and would end the walk.
            let Some(Ok(Record { time, payload })) = records.next() else { return None };
            let time = if identity { time } else { conversion.to_ns(time) };
            let Some(event) = round.decoder.decode(payload) else {
                self.skipped += 1;
                continue;
            };
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
                self.calls.add(ip, self.span.place | context as u32, time, count);
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
        let slot = Slot { pid, syscall };
        let slots = &mut self.slots;
        let number = *self.slot_numbers.entry(slot).or_insert_with(|| {
            slots.push(slot);
            slots.len() as u32 - 1
        });
        let before = until.time.min(round.limit.time).min(round.windows.end(self.window));
        self.span = Span { pid, place: number << CONTEXT_BITS, syscall, before };
    }

    /// Everything counted; the last window has been reported.
    pub(crate) fn finish<W: WindowSink>(mut self, decoder: &EventDecoder, windows: &mut W) -> StreamCounts {
        windows.window_ended(self.window, &self.slots, &mut self.calls);
        StreamCounts {
            calls: self.calls,
            slots: self.slots,
            others: self.others,
            repeats: self.repeats,
            function_id: decoder.function_id(),
            func_repeats_id: decoder.func_repeats_id().unwrap_or_default(),
            skipped: self.skipped,
        }
    }
}

/// The thread, system call and context of a place.
pub(crate) fn place_parts(place: u32, slots: &[Slot]) -> Option<(Slot, Context)> {
    let slot = slots.get((place >> CONTEXT_BITS) as usize)?;
    let context = Context::ALL.get((place & ((1 << CONTEXT_BITS) - 1)) as usize)?;
    Some((*slot, *context))
}
