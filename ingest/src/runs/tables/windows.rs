//! Table `windows`: calls per time window.

use std::path::Path;

use hap_schemas::{Context, metadata_key, tables::WINDOWS};

use super::table_path;
use crate::runs::symbolize::Site;
use crate::write::columns::{DictionaryColumn, all_ints, all_longs};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Rows that are held before they are written.
const BATCH_ROWS: usize = 1 << 16;

/// The table while windows end.
pub(crate) struct WindowsTable {
    file: TableFile,
    windows: Vec<i64>,
    pids: Vec<i32>,
    modules: DictionaryColumn,
    addresses: Vec<i64>,
    contexts: DictionaryColumn,
    calls: Vec<i64>,
    error: Option<WriteError>,
}

/// The columns of a series that are the same in every window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeriesColumns {
    pid: i32,
    module: i32,
    address: i64,
    context: i32,
}

impl WindowsTable {
    /// Starts the table.
    pub(crate) fn create(dataset: &Path, run: &str, window_ns: u64, build_id: &str) -> Result<Self, WriteError> {
        let metadata = FileMetadata {
            build_id: build_id.to_owned(),
            extra: vec![(metadata_key::WINDOW_NS, window_ns.to_string())],
            delta_columns: &["window", "pid", "address", "calls"],
            ..FileMetadata::default()
        };
        Ok(Self {
            file: TableFile::create(&table_path(dataset, &WINDOWS, run), &WINDOWS, &metadata)?,
            windows: Vec::new(),
            pids: Vec::new(),
            modules: DictionaryColumn::default(),
            addresses: Vec::new(),
            contexts: DictionaryColumn::default(),
            calls: Vec::new(),
            error: None,
        })
    }

    /// The columns of a series.
    pub(crate) fn series(&mut self, pid: i32, site: &Site, context: Context) -> SeriesColumns {
        let module = self.modules.key(&site.module);
        SeriesColumns { pid, module, address: site.address, context: self.contexts.key(context.name()) }
    }

    /// Appends a row. An error is kept for [`Self::finish`]: the walk cannot stop for it.
    pub(crate) fn push(&mut self, window: u64, series: &SeriesColumns, calls: u64) {
        self.windows.push(window as i64);
        self.pids.push(series.pid);
        self.modules.push_key(Some(series.module));
        self.addresses.push(series.address);
        self.contexts.push_key(Some(series.context));
        self.calls.push(calls as i64);
        if self.windows.len() >= BATCH_ROWS
            && let Err(error) = self.write()
        {
            self.error.get_or_insert(error);
        }
    }

    fn write(&mut self) -> Result<(), WriteError> {
        let columns = vec![
            Ok(all_longs(std::mem::take(&mut self.windows))),
            Ok(all_ints(std::mem::take(&mut self.pids))),
            self.modules.take(),
            Ok(all_longs(std::mem::take(&mut self.addresses))),
            self.contexts.take(),
            Ok(all_longs(std::mem::take(&mut self.calls))),
        ];
        self.file.write_columns(columns)
    }

    /// Writes what is left and moves the file to its place.
    pub(crate) fn finish(mut self) -> Result<(), WriteError> {
        self.write()?;
        match self.error {
            Some(error) => Err(error),
            None => self.file.finish(),
        }
    }
}
