//! The job: every capture below some paths into a dataset.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use hap_ftrace::{ClockUnit, CpuStats};
use hap_schemas::Label;
use rayon::prelude::*;
use thiserror::Error;

use super::account::{Damage, Losses};
use super::aggregate::NoSink;
use super::collect::{Collector, RunCounts};
use super::discover::{Capture, DiscoverError, discover};
use super::kernel_match::{arch_of, fingerprint, kernel_tables};
use super::recording::{CaptureFiles, Recording, RecordingError};
use super::scan::entry_functions;
use super::summary::{KernelFacts, Loss, RunLabels, RunSummary};
use super::symbolize::Symbolizer;
use super::syscalls::{Machine, SyscallSource, is_entry_function};
use super::tables::events::{EventsTable, event_name};
use super::tables::windows::WindowsTable;
use super::tables::{events, functions, runs, threads};
use super::walk::{WalkOptions, Walked, walk};
use crate::write::{FileMetadata, WriteError};

/// Call sites that it takes to judge whether the symbols are of this boot.
const MIN_CALL_SITES: usize = 10;

/// What to ingest.
#[derive(Clone, Debug)]
pub struct RunsOptions {
    /// Run directories, trace.dat files, folders of raw dumps, or trees of such.
    pub paths: Vec<PathBuf>,
    /// The dataset.
    pub out: PathBuf,
    /// Labels of all runs, overruling `run.json`.
    pub labels: Vec<Label>,
    /// Id of the only run.
    pub run: Option<String>,
    /// A trace.dat of the same boot, for captures without a header.
    pub metadata: Option<PathBuf>,
    /// Whether to take in runs that failed.
    pub accept_failed: bool,
    /// Whether to write table `events`.
    pub events: bool,
    /// Length of a window in nanoseconds; at least 1.
    pub window_ns: u64,
    /// Level of zstd in the tables.
    pub level: i32,
    /// Threads.
    pub jobs: usize,
}

/// Why nothing at all can be ingested.
#[derive(Debug, Error)]
pub enum IngestRunsError {
    /// The captures cannot be found or told apart.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The kernel tables of the dataset cannot be read.
    #[error("kernel tables of {dataset}: {source}; write them again with hap-ingest kernel, or take them away", dataset = .dataset.display())]
    KernelTables {
        /// The dataset.
        dataset: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No threads.
    #[error("cannot start {jobs} threads: {detail}; ask for fewer with --jobs")]
    Threads {
        /// Number asked for.
        jobs: usize,
        /// Why.
        detail: String,
    },
}

/// Why one run cannot be ingested.
#[derive(Debug, Error)]
pub enum RunError {
    /// The capture cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A table cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The run failed, and failed runs were not asked for.
    #[error("the run failed: {0}; --accept-failed takes it in, marked")]
    Failed(String),
    /// More distinct keys than any real capture has.
    #[error("{path}: too many distinct (thread, system call, context, function) combinations, more than any real capture has: check that it is a \
         capture of this kernel, or record a shorter one",
        path = .0.display())]
    TooManyKeys(PathBuf),
}

/// Hears of the progress of a job.
pub trait RunsProgress: Sync {
    /// The job is this long.
    fn started(&self, runs: usize, bytes: u64);
    /// Bytes have been read.
    fn advanced(&self, bytes: u64);
    /// A run is done.
    fn finished(&self, run: &str, result: &Result<RunSummary, RunError>);
}

/// A run id and what became of the run.
pub type Outcome = (String, Result<RunSummary, RunError>);

/// Ingests every capture; gives the outcome of each run, sorted by run id.
pub fn ingest_runs(options: &RunsOptions, progress: &dyn RunsProgress) -> Result<Vec<Outcome>, IngestRunsError> {
    let captures = discover(&options.paths, options.run.as_deref())?;
    let kernels = kernel_tables(&options.out)
        .map_err(|source| IngestRunsError::KernelTables { dataset: options.out.clone(), source })?;
    progress.started(captures.len(), captures.iter().map(stored_bytes).sum());
    // Runs are independent; a job of fewer runs than threads has a thread to spare for each run's scan.
    let threaded = captures.len() < options.jobs;
    let one = |capture: &Capture| {
        let job = RunJob { options, kernels: &kernels, threaded, progress };
        let result = job.ingest(capture);
        progress.finished(&capture.run, &result);
        (capture.run.clone(), result)
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|error| IngestRunsError::Threads { jobs: options.jobs, detail: error.to_string() })?;
    Ok(pool.install(|| captures.par_iter().map(one).collect()))
}

fn stored_bytes(capture: &Capture) -> u64 {
    use super::discover::CaptureData::{RawDump, RecorderFiles, TraceDat};
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    match &capture.data {
        TraceDat(path) => size(path),
        RecorderFiles(files) | RawDump(_, files) => files.values().map(|path| size(path)).sum(),
    }
}

struct RunJob<'j> {
    options: &'j RunsOptions,
    kernels: &'j [(String, String)],
    threaded: bool,
    progress: &'j dyn RunsProgress,
}

/// What is known before the walk.
struct Prepared<'p> {
    capture: &'p Capture,
    files: &'p CaptureFiles,
    recording: &'p Recording<'p>,
    kernel: KernelFacts,
    metadata: FileMetadata,
}

impl RunJob<'_> {
    fn ingest(&self, capture: &Capture) -> Result<RunSummary, RunError> {
        self.accept(capture.run_json.failure())?;
        let files = CaptureFiles::open(&capture.data, self.options.metadata.as_deref())?;
        let recording = files.recording(&capture.listed_modules())?;
        let kernel = self.kernel_facts(capture, &recording);
        let build_id = kernel.build_id.clone().unwrap_or_default();
        let metadata = FileMetadata { build_id, zstd_level: Some(self.options.level), ..FileMetadata::default() };
        let prepared = Prepared { capture, files: &files, recording: &recording, kernel, metadata };
        let source = if recording.decoder.has_sys_enter() {
            SyscallSource::RawSyscalls
        } else {
            entry_functions(&recording.kallsyms)
        };
        let first = self.count(&prepared, &source)?;
        let (source, counted) = match source {
            // The format was there, but the events were not recorded: only now is that known.
            SyscallSource::RawSyscalls if !first.has_syscall_events(&recording) && first.has_entry_functions() => {
                let source = entry_functions(&recording.kallsyms);
                let counted = self.count(&prepared, &source)?;
                (source, counted)
            }
            source => (source, first),
        };
        counted.check(prepared.files.path(0))?;
        self.accept(failure(capture, &counted.counts))?;
        self.write(&prepared, &source, counted)
    }

    /// A runtime that never started would have the smallest figure of all: such a run is refused.
    fn accept(&self, failure: Option<String>) -> Result<(), RunError> {
        failure.filter(|_| !self.options.accept_failed).map_or(Ok(()), |failure| Err(RunError::Failed(failure)))
    }

    fn kernel_facts(&self, capture: &Capture, recording: &Recording<'_>) -> KernelFacts {
        let run_json = &capture.run_json;
        let info = run_json.kernel.clone().unwrap_or_default();
        let fingerprint = fingerprint(&recording.kallsyms);
        let known = self.kernels.iter().find(|(_, other)| Some(other) == fingerprint.as_ref());
        KernelFacts {
            release: run_json.release().map(str::to_owned).or_else(|| recording.release.clone()),
            version: info.version,
            build_id: info.build_id.or_else(|| known.map(|(build_id, _)| build_id.clone())),
            fingerprint,
            arch: info.arch.or_else(|| recording.arch.clone()).or_else(|| arch_of(&recording.kallsyms)),
            text_base: recording.kallsyms.text_base(),
        }
    }

    fn count<'p>(&self, prepared: &Prepared<'p>, source: &SyscallSource) -> Result<Counted<'p>, RunError> {
        let (run, options, recording) = (&prepared.capture.run, self.options, prepared.recording);
        let names = source.names(Machine::from_uname(prepared.kernel.arch.as_deref()));
        let windows = WindowsTable::create(&options.out, run, options.window_ns, &prepared.metadata)?;
        let mut collector = Collector::new(Symbolizer::new(&recording.kallsyms), windows);
        let how = WalkOptions { threaded: self.threaded, window_ns: options.window_ns };
        let progress = |bytes| self.progress.advanced(bytes);
        let (walked, events) = if options.events {
            let (kallsyms, formats) = (&recording.kallsyms, &recording.formats);
            let streams = recording.streams.len();
            let mut table = EventsTable::new(&options.out, run, kallsyms, formats, names, &prepared.metadata, streams);
            let walked = walk(prepared.files, recording, source, how, &mut collector, &mut table, &progress);
            (walked, Some(table))
        } else {
            (walk(prepared.files, recording, source, how, &mut collector, &mut NoSink, &progress), None)
        };
        let Walked { calls, streams, losses, damage, overfull } = walked;
        let (counts, windows) = collector.finish(&calls, &streams, &recording.decoder);
        if overfull {
            return Err(RunError::TooManyKeys(prepared.files.path(0).to_owned()));
        }
        Ok(Counted { counts, losses, damage, windows, events })
    }
}

impl RunJob<'_> {
    fn write(
        &self,
        prepared: &Prepared<'_>,
        source: &SyscallSource,
        counted: Counted<'_>,
    ) -> Result<RunSummary, RunError> {
        let (run, out) = (&prepared.capture.run, &self.options.out);
        let mut summary = self.summary(prepared, source, &counted);
        summary.replaced_other = runs::holds_other(out, &summary);
        let Counted { counts, windows, events, .. } = counted;
        let threads = threads::thread_rows(&prepared.capture.run_json, &prepared.recording.names, &counts);
        let tgids: BTreeMap<i32, i32> = threads.iter().filter_map(|thread| Some((thread.pid, thread.tgid?))).collect();
        let names = source.names(Machine::from_uname(prepared.kernel.arch.as_deref()));
        functions::write(out, run, &counts, &tgids, &names, &prepared.metadata)?;
        threads::write(out, run, &threads, &prepared.metadata)?;
        windows.finish()?;
        match events {
            Some(table) => table.finish()?,
            None => events::remove_all(out, run)?,
        }
        // The row of the run comes last: a reader that finds it finds the rest.
        runs::write(out, &summary, &prepared.metadata)?;
        Ok(summary)
    }

    fn summary(&self, prepared: &Prepared<'_>, source: &SyscallSource, counted: &Counted<'_>) -> RunSummary {
        let Prepared { capture, recording, .. } = prepared;
        let run_json = &capture.run_json;
        let counts = &counted.counts;
        let names = recording.formats.iter().map(|format| (format.id, format.name.clone())).collect();
        let (damage, damaged_places) = counted.damage_texts(prepared);
        RunSummary {
            run: capture.run.clone(),
            labels: RunLabels::new(run_json, &self.options.labels),
            boot_id: run_json.boot_id.clone(),
            kernel: prepared.kernel.clone(),
            format: recording.format.clone(),
            clock: recording.clock.clone(),
            clock_unit: if recording.clock_unit == ClockUnit::Nanoseconds { "ns" } else { "ticks" },
            cpus: recording.cpus,
            sub_buffer_size: recording.sub_buffer_size,
            span: counts.span,
            window_ns: self.options.window_ns,
            events: counts.events.values().sum(),
            calls: counts.calls,
            event_counts: counts.events.iter().map(|(&id, &count)| (event_name(id, &names), count as i64)).collect(),
            loss: counted.loss(recording),
            syscall_source: counted.source_name(source),
            interrupt_entry_hits: hits(&counts.interrupt_entry_hits),
            observer_hits: hits(&counts.observer_hits),
            threads_listed: run_json.threads.as_ref().map_or(0, Vec::len) as u32,
            threads_seen: counts.threads.len() as u32,
            requests: run_json.requests,
            load_ns: run_json.load_begin(),
            failure: failure(capture, counts),
            damage,
            damaged_places,
            replaced_other: false,
        }
    }
}

/// Why the run must not be compared. Without a call it may have been traced in vain, unless the recorder saw its sandbox
/// live through it.
fn failure(capture: &Capture, counts: &RunCounts) -> Option<String> {
    let run_json = &capture.run_json;
    run_json.failure().or_else(|| counts.failure().filter(|_| !run_json.is_outlived()))
}

fn hits(counts: &BTreeMap<String, u64>) -> Vec<(String, i64)> {
    counts.iter().map(|(name, &count)| (name.clone(), count as i64)).collect()
}

/// What the walk of a run has brought.
struct Counted<'c> {
    counts: RunCounts,
    losses: Losses,
    damage: Vec<Damage>,
    windows: WindowsTable,
    events: Option<EventsTable<'c>>,
}

impl Counted<'_> {
    fn has_syscall_events(&self, recording: &Recording<'_>) -> bool {
        let recorded =
            |name| recording.formats.named(name).is_some_and(|format| self.counts.events.contains_key(&format.id));
        recorded("sys_enter") || recorded("sys_exit")
    }

    fn has_entry_functions(&self) -> bool {
        self.counts.sites.iter().any(|site| site.function.as_deref().is_some_and(is_entry_function))
    }

    fn source_name(&self, source: &SyscallSource) -> &'static str {
        match source {
            SyscallSource::RawSyscalls => "raw_syscalls",
            SyscallSource::EntryFunctions(_) if self.has_entry_functions() => "entry_functions",
            SyscallSource::EntryFunctions(_) => "none",
        }
    }

    /// Symbols of another boot make plausible nonsense: refuse them.
    fn check(&self, path: &Path) -> Result<(), RecordingError> {
        let (off, sites) = self.counts.call_sites;
        if sites >= MIN_CALL_SITES && off * 2 > sites {
            return Err(RecordingError::ForeignSymbols { path: path.to_owned(), off, sites });
        }
        Ok(())
    }

    fn loss(&self, recording: &Recording<'_>) -> Loss {
        let (unresolved_addresses, unresolved_calls) = self.counts.unresolved;
        Loss {
            pages: self.losses.counted,
            pages_unknown: self.losses.unknown,
            stats: recording.stats.as_ref().map(|stats| stats.iter().map(CpuStats::lost).sum()),
            undecodable_bytes: self.damage.iter().map(|damage| damage.bytes).sum::<u64>() + recording.missing_bytes,
            records_skipped: self.counts.skipped,
            records_discarded: self.losses.discarded,
            unresolved_addresses,
            unresolved_calls,
        }
    }

    /// The first damaged places in words, and the number of all.
    fn damage_texts(&self, prepared: &Prepared<'_>) -> (Vec<String>, u64) {
        let Prepared { files, recording, .. } = prepared;
        let container = recording.problems.iter().map(|problem| format!("{}: {problem}", files.path(0).display()));
        let place = |damage: &Damage| {
            let file = recording.streams.get(damage.stream.index as usize).map_or(0, |stream| stream.file);
            let Damage { stream, bytes, what } = damage;
            format!("{}: CPU {}: {what} ({bytes} bytes)", files.path(file).display(), stream.cpu)
        };
        let places = recording.problems.len() + self.damage.len();
        let all = container.chain(self.damage.iter().map(place));
        (all.take(RunSummary::MAX_DAMAGE_TEXTS).collect(), places as u64)
    }
}
