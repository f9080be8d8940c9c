//! Walks all streams of a recording: scan, count, windows; on one thread or on two.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::account::{Damage, Losses};
use super::aggregate::{Aggregator, EventSink, Round, StreamCounts};
use super::call_counts::{CallCounts, SlotCalls};
use super::collect::Collector;
use super::merge::{Batch, Limit, Merger};
use super::recording::{CaptureFiles, Recording};
use super::scan::{ScannedChunk, Scanner};
use super::syscalls::SyscallSource;
use super::timeline::Timelines;

/// Rounds that the scan may be ahead of the counting.
const ROUNDS_AHEAD: usize = 2;
/// Bytes of a stream that are read before their pages are given back.
const RELEASE_BYTES: u64 = 8 << 20;

/// How to walk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WalkOptions {
    /// Whether a second thread scans ahead.
    pub(crate) threaded: bool,
    /// Length of a window.
    pub(crate) window_ns: u64,
}

/// What the streams held.
pub(crate) struct Walked {
    pub(crate) calls: Vec<SlotCalls>,
    pub(crate) streams: Vec<StreamCounts>,
    pub(crate) losses: Losses,
    pub(crate) damage: Vec<Damage>,
    /// There were more distinct keys than any real capture has: the counts are not whole.
    pub(crate) overfull: bool,
}

/// Walks the streams of a recording. `progress` is told how many stored bytes have been read since the last call.
pub(crate) fn walk<S: EventSink>(
    files: &CaptureFiles,
    recording: &Recording<'_>,
    source: &SyscallSource,
    options: WalkOptions,
    collector: &mut Collector<'_>,
    sink: &mut S,
    progress: &dyn Fn(u64),
) -> Walked {
    let scanners =
        recording.streams.iter().map(|stream| Scanner::new(stream.id, stream.format.clone(), stream.data.chunks()));
    let mut merger = Merger::new(scanners.collect(), &recording.decoder, &recording.kallsyms, source);
    let mut counting = Counting::new(files, recording, options.window_ns, collector, sink, progress);
    if options.threaded {
        let spare = Mutex::new(Vec::new());
        let (sender, receiver) = sync_channel(ROUNDS_AHEAD);
        thread::scope(|scope| {
            let merger = &mut merger;
            let spare = &spare;
            scope.spawn(move || {
                while let Some(batch) = merger.next_batch(&mut taken(spare)) {
                    if sender.send(batch).is_err() {
                        break;
                    }
                }
            });
            counting.count_all(receiver, spare);
        });
    } else {
        let mut spare = Vec::new();
        while let Some(batch) = merger.next_batch(&mut spare) {
            counting.count(batch, &mut spare);
            if counting.overfull {
                break;
            }
        }
    }
    let overfull = counting.overfull;
    let (calls, streams) = counting.finish();
    let (losses, damage) = merger.into_account();
    Walked { calls, streams, losses, damage, overfull }
}

/// The spare memory, emptied.
fn taken(spare: &Mutex<Vec<Vec<u8>>>) -> Vec<Vec<u8>> {
    spare.lock().map(|mut spare| std::mem::take(&mut *spare)).unwrap_or_default()
}

/// The counting side of a walk.
struct Counting<'c, 'k, 'a, 'r, S> {
    files: &'r CaptureFiles,
    recording: &'r Recording<'a>,
    aggregators: Vec<Aggregator<'r>>,
    timelines: Timelines,
    counts: CallCounts,
    window_ns: u64,
    /// Window that events are being counted into.
    window: u64,
    collector: &'c mut Collector<'k>,
    sink: &'c mut S,
    progress: &'c dyn Fn(u64),
    consumed: Vec<u64>,
    released: Vec<u64>,
    spent: Vec<ScannedChunk<'r>>,
    overfull: bool,
}

impl<'c, 'k, 'a, 'r, S: EventSink> Counting<'c, 'k, 'a, 'r, S> {
    fn new(
        files: &'r CaptureFiles,
        recording: &'r Recording<'a>,
        window_ns: u64,
        collector: &'c mut Collector<'k>,
        sink: &'c mut S,
        progress: &'c dyn Fn(u64),
    ) -> Self {
        let streams = &recording.streams;
        Self {
            files,
            recording,
            aggregators: streams.iter().map(|stream| Aggregator::new(stream.id, stream.format.clone())).collect(),
            timelines: Timelines::default(),
            counts: CallCounts::default(),
            window_ns,
            window: 0,
            collector,
            sink,
            progress,
            consumed: vec![0; streams.len()],
            released: vec![0; streams.len()],
            spent: Vec::new(),
            overfull: false,
        }
    }

    fn count_all(&mut self, batches: Receiver<Batch<'r>>, spare: &Mutex<Vec<Vec<u8>>>) {
        for batch in batches {
            let mut memory = Vec::new();
            self.count(batch, &mut memory);
            if self.overfull {
                return;
            }
            if let Ok(mut spare) = spare.lock() {
                spare.append(&mut memory);
            }
        }
    }

    fn count(&mut self, batch: Batch<'r>, spare: &mut Vec<Vec<u8>>) {
        for (index, chunk) in batch.chunks {
            if let Some(aggregator) = self.aggregators.get_mut(index) {
                aggregator.push(chunk);
            }
        }
        self.timelines.extend(&batch.changes);
        self.count_windows(batch.limit, Windows { start: batch.first, length: self.window_ns.max(1) });
        self.overfull = self.counts.is_overfull();
        self.timelines.forget_before(batch.limit.position(), &batch.changes);
        spare.extend(self.spent.drain(..).filter_map(|chunk| match chunk.bytes {
            std::borrow::Cow::Owned(memory) => Some(memory),
            std::borrow::Cow::Borrowed(_) => None,
        }));
        self.note_progress(batch.consumed);
    }

    /// Counts up to `limit`: all streams up to the end of a window, then all up to the end of the next one.
    fn count_windows(&mut self, limit: Limit, windows: Windows) {
        loop {
            let window_end = windows.limit(self.window);
            let until = if window_end.time < limit.time { window_end } else { limit };
            let round = Round { decoder: &self.recording.decoder, timelines: &self.timelines, limit: until };
            for aggregator in &mut self.aggregators {
                aggregator.advance(&round, &mut self.counts, self.sink, &mut self.spent);
            }
            if until == limit {
                return;
            }
            let Some(next) = self.aggregators.iter().filter_map(Aggregator::stopped_at).min() else { return };
            self.counts.end_window(self.window, self.collector);
            self.window = windows.index(next);
        }
    }

    /// Tells the progress, and gives back the pages of what has been read.
    fn note_progress(&mut self, consumed: Vec<u64>) {
        (self.progress)(consumed.iter().sum::<u64>() - self.consumed.iter().sum::<u64>());
        for ((stream, read), released) in self.recording.streams.iter().zip(&consumed).zip(&mut self.released) {
            if read - *released >= RELEASE_BYTES
                && let Some(file) = self.files.file(stream.file)
            {
                let start = (stream.data.offset + *released) as usize;
                file.release(start..(stream.data.offset + read) as usize);
                *released = *read;
            }
        }
        self.consumed = consumed;
    }

    fn finish(mut self) -> (Vec<SlotCalls>, Vec<StreamCounts>) {
        self.counts.end_window(self.window, self.collector);
        let streams = self.aggregators.into_iter().map(Aggregator::finish).collect();
        (self.counts.into_calls(), streams)
    }
}

/// Division of a capture into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Windows {
    /// Time of the first event.
    start: u64,
    /// Length, at least 1.
    length: u64,
}

impl Windows {
    /// The window of a time.
    fn index(self, time: u64) -> u64 {
        time.saturating_sub(self.start) / self.length
    }

    /// Behind every record of a window.
    fn limit(self, index: u64) -> Limit {
        let length = index.checked_add(1).and_then(|count| count.checked_mul(self.length));
        let end = length.and_then(|length| self.start.checked_add(length));
        end.map_or(Limit::END, |end| Limit { time: end - 1, stream: u32::MAX })
    }
}
