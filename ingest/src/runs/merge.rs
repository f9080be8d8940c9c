//! Leads the passes over all streams of a recording in the order of time.
//!
//! The stream that lags most is scanned next, so that the streams stay close together and little is pending. What all
//! scans have passed can be counted: a record's system call depends on changes in front of it, on whatever CPU.

use std::collections::HashMap;

use hap_ftrace::{EventDecoder, Kallsyms};

use super::account::{Damage, Losses};
use super::scan::{ScanContext, ScanNotes, ScannedChunk, Scanner};
use super::syscalls::SyscallSource;
use super::timeline::{Change, Position};

/// Decompressed bytes scanned in a round: little enough to stay in the cache until they are counted.
const ROUND_BYTES: usize = 96 << 10;

/// How far records can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Largest time that the last stream has been scanned to.
    pub(crate) time: u64,
    /// That stream.
    pub(crate) stream: u32,
}

impl Limit {
    /// Everything.
    pub(crate) const END: Self = Self { time: u64::MAX, stream: u32::MAX };

    /// Whether a record can be counted: no change that is still to be scanned can come before it.
    pub(crate) fn admits(self, at: Position) -> bool {
        (at.time, at.stream) <= (self.time, self.stream)
    }

    /// Behind every record that the limit admits.
    pub(crate) fn position(self) -> Position {
        Position { time: self.time, stream: self.stream, ordinal: u64::MAX }
    }
}

/// What a round of scanning brings.
pub(crate) struct Batch<'a> {
    /// Chunks by stream index.
    pub(crate) chunks: Vec<(usize, ScannedChunk<'a>)>,
    /// Changes of system calls in the chunks.
    pub(crate) changes: Vec<Change>,
    /// How far records can be counted now.
    pub(crate) limit: Limit,
    /// Time of the first event of the recording.
    pub(crate) first: u64,
    /// Stored bytes read, by stream index.
    pub(crate) consumed: Vec<u64>,
}

/// Scans the streams of a recording, round by round.
pub(crate) struct Merger<'a> {
    scanners: Vec<Scanner<'a>>,
    context: ScanContext<'a>,
    losses: Losses,
    damage: Vec<Damage>,
    ended: bool,
}

impl<'a> Merger<'a> {
    pub(crate) fn new(
        scanners: Vec<Scanner<'a>>,
        decoder: &'a EventDecoder,
        kallsyms: &'a Kallsyms,
        source: &'a SyscallSource,
    ) -> Self {
        let context = ScanContext { decoder, kallsyms, source, entry_states: HashMap::new() };
        Self { scanners, context, losses: Losses::default(), damage: Vec::new(), ended: false }
    }

    /// The next round; none when all streams have been scanned and given out. `spare` holds memory to use again.
    pub(crate) fn next_batch(&mut self, spare: &mut Vec<Vec<u8>>) -> Option<Batch<'a>> {
        if self.ended {
            return None;
        }
        let mut notes = ScanNotes::default();
        let mut chunks = Vec::new();
        let mut bytes = 0;
        let limit = loop {
            let Some(index) = self.last_stream() else {
                self.ended = true;
                break Limit::END;
            };
            let scanner = self.scanners.get_mut(index)?;
            if let (true, Some(time)) = (bytes >= ROUND_BYTES, scanner.frontier()) {
                break Limit { time, stream: index as u32 };
            }
            let memory = spare.pop().unwrap_or_default();
            if let Some(chunk) = scanner.next_chunk(&mut self.context, memory, &mut notes) {
                bytes += chunk.bytes.len();
                // A chunk without records would only wait for the limit.
                if !chunk.pages.is_empty() {
                    chunks.push((index, chunk));
                }
            }
        };
        self.losses.add(notes.losses);
        self.damage.append(&mut notes.damage);
        let first = self.scanners.iter().filter_map(Scanner::first).min().unwrap_or(0);
        let consumed = self.scanners.iter().map(Scanner::consumed).collect();
        Some(Batch { chunks, changes: notes.changes, limit, first, consumed })
    }

    /// Losses and damage of everything scanned.
    pub(crate) fn into_account(self) -> (Losses, Vec<Damage>) {
        (self.losses, self.damage)
    }

    /// The stream that lags most and has not ended: the one without an event so far, else the one with the lowest time.
    fn last_stream(&self) -> Option<usize> {
        let open = self.scanners.iter().enumerate().filter(|(_, scanner)| !scanner.has_ended());
        open.min_by_key(|(index, scanner)| (scanner.frontier(), *index)).map(|(index, _)| index)
    }
}
