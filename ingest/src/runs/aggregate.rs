//! Second pass over a stream: counts the calls of each (thread, system call, context, call site).

use std::collections::{BTreeMap, VecDeque};

use hap_ftrace::{Body, Event, EventDecoder, Record, Records, usual_function};

use super::call_counts::{CallCounts, Slot};
use super::interrupt_entries::context_of_flags;
use super::merge::Limit;
use super::scan::{ScannedChunk, StreamFormat, StreamId, ordinal};
use super::tally::Tally;
use super::timeline::{NO_SYSCALL, Position, SyscallId, Thread, Timelines};

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

/// Counts of one stream.
pub(crate) struct Aggregator<'a> {
    id: StreamId,
    format: StreamFormat,
    pending: VecDeque<ScannedChunk<'a>>,
    /// Where in the first pending chunk the walk stands.
    cursor: PageCursor,
    /// Events that are no function calls, by (id, thread).
    others: BTreeMap<(u16, i32), Tally>,
    /// Number of `func_repeats` events, and of the calls that they stand for.
    repeats: (u64, u64),
    /// Records too short for their format.
    skipped: u64,
    largest: u64,
    /// Time of the record at which the limit stopped the walk.
    stopped_at: Option<u64>,
    span: Span,
}

/// Everything that a stream held beside its function calls.
pub(crate) struct StreamCounts {
    /// Events that are no function calls, by (id, thread).
    pub(crate) others: BTreeMap<(u16, i32), Tally>,
    /// Number of `func_repeats` events, and of the calls that they stand for.
    pub(crate) repeats: (u64, u64),
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
    /// Index of the slot in the [`CallCounts`].
    slot: usize,
    syscall: SyscallId,
    /// Events before this time need no look at anything else.
    before: u64,
}

/// What the walk up to a limit needs.
pub(crate) struct Round<'r> {
    pub(crate) decoder: &'r EventDecoder,
    pub(crate) timelines: &'r Timelines,
    pub(crate) limit: Limit,
}

impl<'a> Aggregator<'a> {
    pub(crate) fn new(id: StreamId, format: StreamFormat) -> Self {
        let span = Span { pid: 0, slot: 0, syscall: NO_SYSCALL, before: 0 };
        Self {
            id,
            format,
            pending: VecDeque::new(),
            cursor: PageCursor::default(),
            others: BTreeMap::new(),
            repeats: (0, 0),
            skipped: 0,
            largest: 0,
            stopped_at: None,
            span,
        }
    }

    /// Adds scanned sub-buffers behind those that are pending.
    pub(crate) fn push(&mut self, chunk: ScannedChunk<'a>) {
        self.pending.push_back(chunk);
    }

    /// Counts the pending records up to the round's limit. Chunks that are done with go to `spent`.
    pub(crate) fn advance<S: EventSink>(
        &mut self,
        round: &Round<'_>,
        counts: &mut CallCounts,
        sink: &mut S,
        spent: &mut Vec<ScannedChunk<'a>>,
    ) {
        // Timelines have grown, the limit is another one, and a window may have ended.
        self.span.before = 0;
        self.stopped_at = None;
        while let Some(chunk) = self.pending.pop_front() {
            if !self.walk_chunk(&chunk, round, counts, sink) {
                self.pending.push_front(chunk);
                return;
            }
            self.cursor = PageCursor::default();
            spent.push(chunk);
        }
    }

    /// Time of the record at which the limit stopped the walk; none when everything pending has been counted.
    pub(crate) fn stopped_at(&self) -> Option<u64> {
        self.stopped_at
    }

    /// Walks a chunk from the cursor on; false when the limit stopped it.
    fn walk_chunk<S: EventSink>(
        &mut self,
        chunk: &ScannedChunk<'_>,
        round: &Round<'_>,
        counts: &mut CallCounts,
        sink: &mut S,
    ) -> bool {
        while let Some(page) = chunk.pages.get(self.cursor.page) {
            let start = page.start + self.cursor.offset;
            let time = if self.cursor.offset == 0 { page.time } else { self.cursor.time };
            let data = chunk.bytes.get(start..page.end).unwrap_or(&[]);
            if let Some((offset, time)) = self.walk_page(data, time, page.number, round, counts, sink) {
                self.cursor.offset += offset;
                self.cursor.time = time;
                return false;
            }
            self.cursor = PageCursor { page: self.cursor.page + 1, offset: 0, time: 0 };
        }
        true
    }

    /// Walks records; gives the offset and time in front of the record at which the limit stopped it.
    fn walk_page<S: EventSink>(
        &mut self,
        data: &[u8],
        time: u64,
        page: u64,
        round: &Round<'_>,
        counts: &mut CallCounts,
        sink: &mut S,
    ) -> Option<(usize, u64)> {
        let conversion = self.format.conversion;
        let usual = round.decoder.usual_function_id();
        let read_before = self.cursor.offset;
        let mut records = Records::new(data, time, self.format.order);
        loop {
            if let Some(id) = usual {
                self.count_span(&mut records, id, counts, sink);
            }
            let (offset, time_before) = (records.offset(), records.time());
            // The scan has checked the records: an error cannot come, and would end the walk.
            let Some(Ok(Record { time, payload })) = records.next() else { return None };
            let Some(event) = round.decoder.decode(payload) else {
                self.skipped += 1;
                continue;
            };
            let time = conversion.to_ns(time);
            let merged_time = time.max(self.largest);
            if merged_time >= self.span.before || event.common.pid != self.span.pid {
                let ordinal = ordinal(page, read_before + records.offset());
                let at = Position { time: merged_time, stream: self.id.index, ordinal };
                if !round.limit.admits(at) {
                    self.stopped_at = Some(merged_time);
                    return Some((offset, time_before));
                }
                self.enter_span(event.common.pid, at, round, counts);
            }
            self.largest = merged_time;
            self.count(time, &event, round.decoder, counts);
            sink.event(self.id, time, &event, self.span.syscall);
        }
    }

    /// Counts the function events of the usual layout that come next, as far as the span reaches: nearly all events of
    /// a capture.
    #[inline]
    fn count_span<S: EventSink>(
        &mut self,
        records: &mut Records<'_>,
        function_id: u16,
        counts: &mut CallCounts,
        sink: &mut S,
    ) {
        let (span, conversion) = (self.span, self.format.conversion);
        let identity = conversion.is_identity();
        let Some(table) = counts.table(span.slot) else { return };
        let (mut largest, mut time) = (self.largest, 0);
        while let Some((_, payload)) = records.next_function_if(function_id, |stamp, payload| {
            time = if identity { stamp } else { conversion.to_ns(stamp) };
            time.max(largest) < span.before && usual_function(payload).common.pid == span.pid
        }) {
            largest = largest.max(time);
            let event = usual_function(payload);
            if let Body::Calls { ip, .. } = event.body {
                table.add(ip, context_of_flags(event.common.flags) as u32, time, 1);
            }
            sink.event(self.id, time, &event, span.syscall);
        }
        self.largest = largest;
    }

    fn count(&mut self, time: u64, event: &Event, decoder: &EventDecoder, counts: &mut CallCounts) {
        match event.body {
            Body::Calls { ip, count, .. } => {
                if let Some(table) = counts.table(self.span.slot) {
                    table.add(ip, context_of_flags(event.common.flags) as u32, time, count);
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
        let seen = self.others.entry(key).or_insert(Tally { count: 0, first: time, last: time });
        seen.count += 1;
        seen.last = time;
    }

    /// Finds out what holds for a thread's events from `at` on.
    fn enter_span(&mut self, pid: i32, at: Position, round: &Round<'_>, counts: &mut CallCounts) {
        let (syscall, until) = round.timelines.state_at(Thread { buffer: self.id.buffer, pid }, at);
        let slot = counts.index(Slot { pid, syscall });
        self.span = Span { pid, slot, syscall, before: until.time.min(round.limit.time) };
    }

    /// Everything counted but the function calls.
    pub(crate) fn finish(self) -> StreamCounts {
        StreamCounts { others: self.others, repeats: self.repeats, skipped: self.skipped }
    }
}
