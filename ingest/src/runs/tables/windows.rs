//! Table `windows`: calls per time window.

use std::path::Path;

use hap_schemas::{Context, metadata_key, tables::WINDOWS};

use super::table_path;
use crate::runs::symbolize::Site;
use crate::write::columns::{Dictionary, all_ints, all_longs};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Rows that are held before they are written.
const BATCH_ROWS: usize = 1 << 16;

/// The table while windows end.
pub(crate) struct WindowsTable {
    file: TableFile,
    series: Vec<Series>,
    modules: Dictionary,
    contexts: Dictionary,
    /// Windows in order, each with the number of its rows.
    windows: Vec<(i64, usize)>,
    /// Series of each row.
    rows: Vec<u32>,
    calls: Vec<i64>,
    error: Option<WriteError>,
}

/// The columns of a series, which are the same in every window; dictionary columns by their keys.
#[derive(Clone, Copy, Debug)]
struct Series {
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
            series: Vec::new(),
            modules: Dictionary::default(),
            contexts: Dictionary::default(),
            windows: Vec::new(),
            rows: Vec::new(),
            calls: Vec::new(),
            error: None,
        })
    }

    /// Adds a series; they are numbered in the order of the calls.
    pub(crate) fn add_series(&mut self, pid: i32, site: &Site, context: Context) {
        let module = self.modules.key(&site.module);
        self.series.push(Series { pid, module, address: site.address, context: self.contexts.key(context.name()) });
    }

    /// Appends a row. An error is kept for [`Self::finish`]: the walk cannot stop for it.
    pub(crate) fn push(&mut self, window: u64, series: u32, calls: u64) {
        match self.windows.last_mut() {
            Some((last, rows)) if *last == window as i64 => *rows += 1,
            _ => self.windows.push((window as i64, 1)),
        }
        self.rows.push(series);
        self.calls.push(calls as i64);
        if self.rows.len() >= BATCH_ROWS
            && let Err(error) = self.write()
        {
            self.error.get_or_insert(error);
        }
    }

    fn write(&mut self) -> Result<(), WriteError> {
        let series: Vec<_> = self.rows.iter().filter_map(|row| self.series.get(*row as usize)).collect();
        let windows = self.windows.iter().flat_map(|&(window, rows)| std::iter::repeat_n(window, rows));
        let columns = vec![
            Ok(all_longs(windows.collect())),
            Ok(all_ints(series.iter().map(|series| series.pid).collect())),
            self.modules.column(series.iter().map(|series| series.module).collect()),
            Ok(all_longs(series.iter().map(|series| series.address).collect())),
            self.contexts.column(series.iter().map(|series| series.context).collect()),
            Ok(all_longs(std::mem::take(&mut self.calls))),
        ];
        self.rows.clear();
        self.windows.clear();
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
