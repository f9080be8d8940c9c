//! Table `events`: one row an event, a file per CPU.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hap_ftrace::{Body, Event, EventFormats, Kallsyms};
use hap_schemas::{Context, tables::EVENTS};

use super::run_folder;
use crate::runs::aggregate::EventSink;
use crate::runs::collect::entered_context;
use crate::runs::interrupt_entries::context_of_flags;
use crate::runs::scan::StreamId;
use crate::runs::symbolize::{SiteId, Symbolizer};
use crate::runs::syscalls::SyscallNames;
use crate::runs::timeline::{NO_SYSCALL, SyscallId};
use crate::write::columns::{DictionaryColumn, ints, longs};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Rows that all CPUs together hold before they are written.
const HELD_ROWS: usize = 1 << 19;
/// Rows that one CPU holds at most.
const MAX_BATCH_ROWS: usize = 1 << 16;
/// Rows that one CPU holds at least.
const MIN_BATCH_ROWS: usize = 1 << 11;

/// What the events of a recording need to become rows.
pub(crate) struct EventsTable<'a> {
    folder: PathBuf,
    metadata: FileMetadata,
    event_names: BTreeMap<u16, String>,
    syscalls: SyscallNames,
    symbolizer: Symbolizer<'a>,
    batch_rows: usize,
    files: BTreeMap<StreamId, EventsFile>,
    error: Option<WriteError>,
}

impl<'a> EventsTable<'a> {
    pub(crate) fn new(
        dataset: &Path,
        run: &str,
        kallsyms: &'a Kallsyms,
        formats: &EventFormats,
        syscalls: SyscallNames,
        metadata: &FileMetadata,
        streams: usize,
    ) -> Self {
        let batch_rows = (HELD_ROWS / streams.max(1)).clamp(MIN_BATCH_ROWS, MAX_BATCH_ROWS);
        Self {
            folder: run_folder(dataset, &EVENTS, run),
            metadata: FileMetadata {
                row_group_rows: Some(batch_rows),
                delta_columns: &["time_ns", "cpu", "pid", "flags", "preempt_count", "calls"],
                ..metadata.clone()
            },
            event_names: formats.iter().map(|format| (format.id, format.name.clone())).collect(),
            syscalls,
            symbolizer: Symbolizer::new(kallsyms),
            batch_rows,
            files: BTreeMap::new(),
            error: None,
        }
    }

    /// Writes what is left, moves the files to their places, and removes files of an earlier ingest.
    pub(crate) fn finish(mut self) -> Result<(), WriteError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut kept = Vec::new();
        for (_, file) in std::mem::take(&mut self.files) {
            kept.push(file.path.clone());
            file.finish()?;
        }
        remove_others(&self.folder, &kept)
    }

    /// Starts the file of a stream if this is its first event.
    fn start_file(&mut self, stream: StreamId) -> Result<(), WriteError> {
        if self.files.contains_key(&stream) {
            return Ok(());
        }
        // Two buffers may hold events of one CPU; the first keeps the plain name.
        let taken = self.files.keys().any(|other| other.cpu == stream.cpu);
        let suffix = if taken { format!("-buffer{}", stream.buffer) } else { String::new() };
        let path = self.folder.join(format!("cpu={}{suffix}.parquet", stream.cpu));
        self.files.insert(stream, EventsFile::create(path, &self.metadata)?);
        Ok(())
    }

    fn push(&mut self, stream: StreamId, time: u64, event: &Event, syscall: SyscallId) -> Result<(), WriteError> {
        let site = match event.body {
            Body::Calls { ip, .. } => Some(self.symbolizer.site(ip)),
            _ => None,
        };
        let context =
            entered_context(site.and_then(|site| self.symbolizer.get(site)), context_of_flags(event.common.flags));
        let syscall = if context == Context::Task { syscall } else { NO_SYSCALL };
        self.start_file(stream)?;
        let Some(file) = self.files.get_mut(&stream) else { return Ok(()) };
        let name = file.event_key(event.common.id, &self.event_names);
        let syscall = file.syscall_key(syscall, &self.syscalls);
        let keys = site.and_then(|site| file.site_keys(site, &self.symbolizer));
        file.push(time, stream, event, name, keys, context, syscall);
        if file.times.len() >= self.batch_rows { file.write() } else { Ok(()) }
    }
}

impl EventSink for EventsTable<'_> {
    fn event(&mut self, stream: StreamId, time: u64, event: &Event, syscall: SyscallId) {
        if self.error.is_none()
            && let Err(error) = self.push(stream, time, event, syscall)
        {
            self.error = Some(error);
        }
    }
}

/// Removes the events of an earlier ingest of the run.
pub(crate) fn remove_all(dataset: &Path, run: &str) -> Result<(), WriteError> {
    remove_others(&run_folder(dataset, &EVENTS, run), &[])
}

fn remove_others(folder: &Path, kept: &[PathBuf]) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") && !kept.contains(&path) {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

/// Keys of a function in the dictionaries of a file.
#[derive(Clone, Copy)]
struct SiteKeys {
    module: i32,
    address: i64,
    function: Option<i32>,
}

struct EventsFile {
    path: PathBuf,
    file: TableFile,
    times: Vec<Option<i64>>,
    cpus: Vec<Option<i32>>,
    pids: Vec<Option<i32>>,
    events: DictionaryColumn,
    flags: Vec<Option<i32>>,
    preempt_counts: Vec<Option<i32>>,
    ips: Vec<Option<i64>>,
    parent_ips: Vec<Option<i64>>,
    calls: Vec<Option<i64>>,
    modules: DictionaryColumn,
    addresses: Vec<Option<i64>>,
    functions: DictionaryColumn,
    contexts: DictionaryColumn,
    context_keys: [i32; Context::ALL.len()],
    syscalls: DictionaryColumn,
    event_keys: HashMap<u16, i32>,
    syscall_keys: HashMap<SyscallId, Option<i32>>,
    site_keys: HashMap<SiteId, SiteKeys>,
}

impl EventsFile {
    fn create(path: PathBuf, metadata: &FileMetadata) -> Result<Self, WriteError> {
        let mut contexts = DictionaryColumn::default();
        Ok(Self {
            context_keys: Context::ALL.map(|context| contexts.key(context.name())),
            contexts,
            file: TableFile::create(&path, &EVENTS, metadata)?,
            path,
            times: Vec::new(),
            cpus: Vec::new(),
            pids: Vec::new(),
            events: DictionaryColumn::default(),
            flags: Vec::new(),
            preempt_counts: Vec::new(),
            ips: Vec::new(),
            parent_ips: Vec::new(),
            calls: Vec::new(),
            modules: DictionaryColumn::default(),
            addresses: Vec::new(),
            functions: DictionaryColumn::default(),
            syscalls: DictionaryColumn::default(),
            event_keys: HashMap::new(),
            syscall_keys: HashMap::new(),
            site_keys: HashMap::new(),
        })
    }

    fn event_key(&mut self, id: u16, names: &BTreeMap<u16, String>) -> i32 {
        let events = &mut self.events;
        *self.event_keys.entry(id).or_insert_with(|| events.key(&event_name(id, names)))
    }

    fn syscall_key(&mut self, id: SyscallId, names: &SyscallNames) -> Option<i32> {
        let syscalls = &mut self.syscalls;
        *self.syscall_keys.entry(id).or_insert_with(|| names.name(id).map(|name| syscalls.key(&name)))
    }

    fn site_keys(&mut self, id: SiteId, symbolizer: &Symbolizer<'_>) -> Option<SiteKeys> {
        if let Some(keys) = self.site_keys.get(&id) {
            return Some(*keys);
        }
        let site = symbolizer.get(id)?;
        let keys = SiteKeys {
            module: self.modules.key(&site.module),
            address: site.address,
            function: site.function.as_deref().map(|name| self.functions.key(name)),
        };
        self.site_keys.insert(id, keys);
        Some(keys)
    }

    #[expect(clippy::too_many_arguments, reason = "one argument per group of columns")]
    fn push(
        &mut self,
        time: u64,
        stream: StreamId,
        event: &Event,
        name: i32,
        site: Option<SiteKeys>,
        context: Context,
        syscall: Option<i32>,
    ) {
        let (ip, parent_ip, calls) = match event.body {
            Body::Calls { ip, parent_ip, count } => (Some(ip as i64), Some(parent_ip as i64), Some(count as i64)),
            _ => (None, None, None),
        };
        self.times.push(Some(time as i64));
        self.cpus.push(Some(stream.cpu as i32));
        self.pids.push(Some(event.common.pid));
        self.events.push_key(Some(name));
        self.flags.push(Some(i32::from(event.common.flags)));
        self.preempt_counts.push(Some(i32::from(event.common.preempt_count)));
        self.ips.push(ip);
        self.parent_ips.push(parent_ip);
        self.calls.push(calls);
        self.modules.push_key(site.map(|site| site.module));
        self.addresses.push(site.map(|site| site.address));
        self.functions.push_key(site.and_then(|site| site.function));
        self.contexts.push_key(self.context_keys.get(context as usize).copied());
        self.syscalls.push_key(syscall);
    }

    fn write(&mut self) -> Result<(), WriteError> {
        let columns = vec![
            Ok(longs(std::mem::take(&mut self.times))),
            Ok(ints(std::mem::take(&mut self.cpus))),
            Ok(ints(std::mem::take(&mut self.pids))),
            self.events.take(),
            Ok(ints(std::mem::take(&mut self.flags))),
            Ok(ints(std::mem::take(&mut self.preempt_counts))),
            Ok(longs(std::mem::take(&mut self.ips))),
            Ok(longs(std::mem::take(&mut self.parent_ips))),
            Ok(longs(std::mem::take(&mut self.calls))),
            self.modules.take(),
            Ok(longs(std::mem::take(&mut self.addresses))),
            self.functions.take(),
            self.contexts.take(),
            self.syscalls.take(),
        ];
        self.file.write_columns(columns)
    }

    fn finish(mut self) -> Result<(), WriteError> {
        self.write()?;
        self.file.finish()
    }
}

/// Name of an event; one without a format is named by its id.
pub(crate) fn event_name(id: u16, names: &BTreeMap<u16, String>) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("unknown (id {id})"))
}
