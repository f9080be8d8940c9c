//! Table `windows`: calls per time window.

use std::path::Path;

use hap_schemas::{metadata_key, tables::WINDOWS};

use super::table_path;
use crate::runs::collect::SeriesKey;
use crate::runs::symbolize::Site;
use crate::write::columns::{DictionaryColumn, dictionary, ints, longs};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Rows that are held before they are written.
const BATCH_ROWS: usize = 1 << 16;

/// The table while windows end.
pub(crate) struct WindowsTable {
    file: TableFile,
    run: String,
    windows: Vec<Option<i64>>,
    pids: Vec<Option<i32>>,
    modules: DictionaryColumn,
    addresses: Vec<Option<i64>>,
    contexts: DictionaryColumn,
    calls: Vec<Option<i64>>,
    error: Option<WriteError>,
}

impl WindowsTable {
    /// Starts the table.
    pub(crate) fn create(dataset: &Path, run: &str, window_ns: u64, build_id: &str) -> Result<Self, WriteError> {
        let metadata = FileMetadata {
            build_id: build_id.to_owned(),
            extra: vec![(metadata_key::WINDOW_NS, window_ns.to_string())],
            ..FileMetadata::default()
        };
        Ok(Self {
            file: TableFile::create(&table_path(dataset, &WINDOWS, run), &WINDOWS, &metadata)?,
            run: run.to_owned(),
            windows: Vec::new(),
            pids: Vec::new(),
            modules: DictionaryColumn::default(),
            addresses: Vec::new(),
            contexts: DictionaryColumn::default(),
            calls: Vec::new(),
            error: None,
        })
    }

    /// Appends a row. An error is kept for [`Self::finish`]: the walk cannot stop for it.
    pub(crate) fn push(&mut self, window: u64, key: &SeriesKey, calls: u64, sites: &[Site]) {
        let Some(site) = sites.get(key.site as usize) else { return };
        self.windows.push(Some(window as i64));
        self.pids.push(Some(key.pid));
        self.modules.push(Some(&site.module));
        self.addresses.push(Some(site.address));
        self.contexts.push(Some(key.context.name()));
        self.calls.push(Some(calls as i64));
        if self.windows.len() >= BATCH_ROWS
            && let Err(error) = self.write()
        {
            self.error.get_or_insert(error);
        }
    }

    fn write(&mut self) -> Result<(), WriteError> {
        let rows = self.windows.len();
        let columns = vec![
            dictionary(std::iter::repeat_n(Some(self.run.as_str()), rows)),
            Ok(longs(std::mem::take(&mut self.windows))),
            Ok(ints(std::mem::take(&mut self.pids))),
            self.modules.take(),
            Ok(longs(std::mem::take(&mut self.addresses))),
            self.contexts.take(),
            Ok(longs(std::mem::take(&mut self.calls))),
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
