//! First pass over a stream: decompress, check, and note what changes a thread's system call.
//!
//! Sub-buffers that come out are known to be sound up to their `end`, so that the second pass ([`super::aggregate`])
//! meets no error.

use std::borrow::Cow;
use std::collections::HashMap;

use hap_ftrace::{
    Body, ByteOrder, Chunk, Chunks, Codec, Decompressor, Error, Event, EventDecoder, Kallsyms, LostEvents, PageLayout,
    SubBuffer, TimeConversion,
};
use hap_schemas::Context;

use super::account::{Damage, Losses};
use super::interrupt_entries::context_of_flags;
use super::syscalls::{EntryFunctions, SyscallSource, id_of_number};
use super::timeline::{Change, NO_SYSCALL, Position, SyscallId, Thread};

/// What the records of a buffer need to be read.
#[derive(Clone, Debug)]
pub(crate) struct StreamFormat {
    pub(crate) layout: PageLayout,
    pub(crate) order: ByteOrder,
    pub(crate) conversion: TimeConversion,
    /// Bytes of a sub-buffer.
    pub(crate) sub_buffer_size: usize,
}

/// The identity of a stream: one CPU of one buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId {
    /// Index among the streams of the recording.
    pub(crate) index: u32,
    /// Index of the buffer.
    pub(crate) buffer: u16,
    /// The CPU.
    pub(crate) cpu: u32,
}

/// Some sub-buffers of a stream, decompressed.
#[derive(Debug)]
pub(crate) struct ScannedChunk<'a> {
    /// The bytes that the pages point into.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// The sub-buffers that hold records, in order.
    pub(crate) pages: Vec<ScannedPage>,
}

/// A sub-buffer that holds records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScannedPage {
    /// Start of its records in the chunk.
    pub(crate) start: usize,
    /// End of its sound records in the chunk.
    pub(crate) end: usize,
    /// Time from which the first record's delta counts, in units of the trace clock.
    pub(crate) time: u64,
    /// Number of the sub-buffer in its stream.
    pub(crate) number: u64,
}

/// Reads one stream.
pub(crate) struct Scanner<'a> {
    id: StreamId,
    format: StreamFormat,
    chunks: Chunks<'a>,
    decompressor: Decompressor,
    /// Largest time so far, none before the first event.
    frontier: Option<u64>,
    first: Option<u64>,
    pages_read: u64,
    /// Stored bytes read so far.
    consumed: u64,
    ended: bool,
}

/// Results of a scan beside the chunk itself.
#[derive(Debug, Default)]
pub(crate) struct ScanNotes {
    pub(crate) changes: Vec<Change>,
    pub(crate) losses: Losses,
    pub(crate) damage: Vec<Damage>,
}

/// What the scan of records needs of the recording.
pub(crate) struct ScanContext<'a> {
    pub(crate) decoder: &'a EventDecoder,
    pub(crate) kallsyms: &'a Kallsyms,
    pub(crate) source: &'a SyscallSource,
    /// States by call site, for [`SyscallSource::EntryFunctions`].
    pub(crate) entry_states: HashMap<u64, Option<SyscallId>>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(id: StreamId, format: StreamFormat, chunks: Chunks<'a>) -> Self {
        Self {
            id,
            format,
            chunks,
            decompressor: Decompressor::new(),
            frontier: None,
            first: None,
            pages_read: 0,
            consumed: 0,
            ended: false,
        }
    }

    /// Largest time scanned so far; none before the first event.
    pub(crate) fn frontier(&self) -> Option<u64> {
        self.frontier
    }

    /// Time of the first event.
    pub(crate) fn first(&self) -> Option<u64> {
        self.first
    }

    /// Whether every chunk has been scanned.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Stored bytes read so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Scans the next chunk; none at the end of the stream or when the chunk is lost. `spare` is memory to use again.
    pub(crate) fn next_chunk(
        &mut self,
        context: &mut ScanContext<'_>,
        spare: Vec<u8>,
        notes: &mut ScanNotes,
    ) -> Option<ScannedChunk<'a>> {
        let chunk = match self.chunks.next() {
            None => {
                self.ended = true;
                return None;
            }
            Some(Err(error)) => {
                let bytes = self.chunks.remaining() as u64;
                notes.damage.push(self.damage(bytes, format!("{error}; the rest of this CPU is lost")));
                return None;
            }
            Some(Ok(chunk)) => chunk,
        };
        self.consumed += chunk.bytes.len() as u64;
        match self.decompress(&chunk, spare) {
            Ok(bytes) => {
                let pages = self.scan_pages(&chunk, &bytes, context, notes);
                Some(ScannedChunk { bytes, pages })
            }
            Err(error) => {
                notes.damage.push(self.damage(u64::from(chunk.uncompressed_size), error.to_string()));
                None
            }
        }
    }

    fn decompress(&mut self, chunk: &Chunk<'a>, mut spare: Vec<u8>) -> Result<Cow<'a, [u8]>, Error> {
        if chunk.codec == Codec::None {
            return Ok(Cow::Borrowed(chunk.bytes));
        }
        self.decompressor.decompress(chunk, &mut spare)?;
        Ok(Cow::Owned(spare))
    }

    fn scan_pages(
        &mut self,
        chunk: &Chunk<'_>,
        bytes: &[u8],
        context: &mut ScanContext<'_>,
        notes: &mut ScanNotes,
    ) -> Vec<ScannedPage> {
        let size = self.format.sub_buffer_size;
        let mut pages = Vec::with_capacity(bytes.len() / size + 1);
        for (index, bytes) in bytes.chunks(size).enumerate() {
            let place = Place { chunk: chunk.offset, compressed: chunk.codec != Codec::None, offset: index * size };
            if let Some(page) = self.scan_page(place, bytes, context, notes) {
                pages.push(page);
            }
            self.pages_read += 1;
        }
        pages
    }

    fn scan_page(
        &mut self,
        place: Place,
        bytes: &[u8],
        context: &mut ScanContext<'_>,
        notes: &mut ScanNotes,
    ) -> Option<ScannedPage> {
        let page = match SubBuffer::parse(bytes, &self.format.layout, self.format.order) {
            Ok(page) => page,
            Err(error) => {
                notes.damage.push(self.damage(bytes.len() as u64, format!("{place}: {error}")));
                return None;
            }
        };
        match page.lost {
            LostEvents::None => {}
            LostEvents::Unknown => notes.losses.unknown += 1,
            LostEvents::Count(count) => notes.losses.counted = notes.losses.counted.saturating_add(count),
        }
        let end = self.scan_records(place, &page, context, notes);
        let start = place.offset + self.format.layout.header_size();
        (end > 0).then_some(ScannedPage { start, end: start + end, time: page.time, number: self.pages_read })
    }

    /// Walks the records; gives the end of the sound ones in the sub-buffer's data.
    fn scan_records(
        &mut self,
        place: Place,
        page: &SubBuffer<'_>,
        context: &mut ScanContext<'_>,
        notes: &mut ScanNotes,
    ) -> usize {
        let conversion = self.format.conversion;
        let skipped = context.skipped_function_id();
        if self.first.is_none() {
            let first = page.records().next();
            self.first = first.and_then(Result::ok).map(|record| conversion.to_ns(record.time));
        }
        let mut records = page.records();
        loop {
            // Function events change nothing here; their times count with the record behind them.
            let before = records.offset();
            while skipped.is_some_and(|id| records.next_function(id).is_some()) {}
            if records.offset() != before {
                self.note_time(conversion.to_ns(records.time()));
            }
            let record = match records.next() {
                None => break,
                Some(Ok(record)) => record,
                Some(Err(error)) => {
                    let left = page.data.len() - records.offset();
                    notes.damage.push(self.damage(left as u64, format!("{place}: {error}")));
                    break;
                }
            };
            let time = self.note_time(conversion.to_ns(record.time));
            let at = Position { time, stream: self.id.index, ordinal: ordinal(self.pages_read, records.offset()) };
            if let Some(event) = context.decoder.decode(record.payload) {
                notes.changes.extend(context.change(&event, at, self.id.buffer));
            }
        }
        notes.losses.discarded += u64::from(records.discarded());
        records.offset()
    }

    /// Takes note of the time of an event; gives the largest so far.
    fn note_time(&mut self, time: u64) -> u64 {
        let largest = self.frontier.map_or(time, |largest| largest.max(time));
        self.frontier = Some(largest);
        largest
    }

    fn damage(&self, bytes: u64, what: String) -> Damage {
        Damage { stream: self.id, bytes, what }
    }
}

/// Orders the records of a stream: the number of the sub-buffer, then the offset behind the record.
pub(crate) fn ordinal(page: u64, offset: usize) -> u64 {
    page << 32 | offset as u64
}

impl ScanContext<'_> {
    /// The id of function events that the scan may pass over without a look.
    fn skipped_function_id(&self) -> Option<u16> {
        match self.source {
            SyscallSource::RawSyscalls => self.decoder.usual_function_id(),
            SyscallSource::EntryFunctions(_) => None,
        }
    }

    /// The change of a thread's system call that an event brings.
    fn change(&mut self, event: &Event, at: Position, buffer: u16) -> Option<Change> {
        let thread = Thread { buffer, pid: event.common.pid };
        match (self.source, event.body) {
            (SyscallSource::RawSyscalls, Body::SysEnter(number)) => {
                Some(Change { at, thread, state: id_of_number(number) })
            }
            (SyscallSource::RawSyscalls, Body::SysExit) => Some(Change { at, thread, state: NO_SYSCALL }),
            (SyscallSource::EntryFunctions(functions), Body::Calls { ip, .. })
                if context_of_flags(event.common.flags) == Context::Task =>
            {
                let kallsyms = self.kallsyms;
                let resolve = || kallsyms.symbol_containing(ip).and_then(|symbol| functions.state(symbol.address));
                let state = (*self.entry_states.entry(ip).or_insert_with(resolve))?;
                // An entry function belongs to the call that it enters, an exit function to the one that it leaves.
                let before = Position { ordinal: at.ordinal - 1, ..at };
                Some(Change { at: if state == NO_SYSCALL { at } else { before }, thread, state })
            }
            _ => None,
        }
    }
}

/// Where a sub-buffer stands, for errors.
#[derive(Clone, Copy, Debug)]
struct Place {
    chunk: u64,
    compressed: bool,
    offset: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.compressed {
            write!(f, "sub-buffer at byte {} of the chunk at byte {}", self.offset, self.chunk)
        } else {
            write!(f, "sub-buffer at byte {}", self.chunk + self.offset as u64)
        }
    }
}

/// Whether entry functions can tell of system calls in this kernel.
pub(crate) fn entry_functions(kallsyms: &Kallsyms) -> SyscallSource {
    SyscallSource::EntryFunctions(EntryFunctions::find(kallsyms))
}
