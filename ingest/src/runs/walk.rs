//! Walks all streams of a recording: scan, count, windows; on one thread or on two.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::account::{Damage, Losses};
use super::aggregate::{Aggregator, EventSink, Round, StreamCounts, Windows};
use super::collect::Collector;
use super::merge::{Batch, Merger};
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
    let streams = counting.finish();
    let (losses, damage) = merger.into_account();
    Walked { streams, losses, damage, overfull }
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
    window_ns: u64,
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
            window_ns,
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
        let windows = Windows { start: batch.first, length: self.window_ns };
        let decoder = &self.recording.decoder;
        let round = Round { decoder, timelines: &self.timelines, limit: batch.limit, windows };
        let window = windows.index(batch.limit.time);
        for aggregator in &mut self.aggregators {
            aggregator.advance(&round, self.sink, self.collector, &mut self.spent);
            if batch.limit.time < u64::MAX {
                aggregator.leave_windows_before(window, self.collector);
            }
        }
        if batch.limit.time < u64::MAX {
            self.collector.write_windows_before(window);
        }
        self.overfull = self.aggregators.iter_mut().any(Aggregator::is_overfull);
        self.timelines.forget_before(batch.limit.position(), &batch.changes);
        spare.extend(self.spent.drain(..).filter_map(|chunk| match chunk.bytes {
            std::borrow::Cow::Owned(memory) => Some(memory),
            std::borrow::Cow::Borrowed(_) => None,
        }));
        self.note_progress(batch.consumed);
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

    fn finish(self) -> Vec<StreamCounts> {
        let Self { aggregators, collector, recording, .. } = self;
        let finish = |aggregator: Aggregator<'_>| aggregator.finish(&recording.decoder, &mut *collector);
        aggregators.into_iter().map(finish).collect()
    }
}
