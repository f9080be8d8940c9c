//! Table `windows`: calls per time window.

use std::path::Path;

use hap_schemas::{Context, metadata_key, tables::WINDOWS};

use super::table_path;
use crate::runs::symbolize::Site;
use crate::write::columns::{Dictionary, all_ints, all_longs};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Rows that are held before they are written, at the end of a window.
const BATCH_ROWS: usize = 1 << 16;

/// The table while windows end.
pub(crate) struct WindowsTable {
    file: TableFile,
    series: Vec<Series>,
    /// Place of each series in the order of the file, as far as known.
    ranks: Vec<u32>,
    modules: Dictionary,
    contexts: Dictionary,
    rows: Vec<Row>,
    error: Option<WriteError>,
}

/// The columns of a series, which are the same in every window; dictionary columns by their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    pid: i32,
    module: i32,
    address: i64,
    context: i32,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    series: u32,
    window: i64,
    calls: i64,
}

impl WindowsTable {
    /// Starts the table.
    pub(crate) fn create(
        dataset: &Path,
        run: &str,
        window_ns: u64,
        metadata: &FileMetadata,
    ) -> Result<Self, WriteError> {
        let metadata = FileMetadata {
            extra: vec![(metadata_key::WINDOW_NS, window_ns.to_string())],
            delta_columns: &["window", "pid", "address"],
            split_columns: &["calls"],
            ..metadata.clone()
        };
        Ok(Self {
            file: TableFile::create(&table_path(dataset, &WINDOWS, run), &WINDOWS, &metadata)?,
            series: Vec::new(),
            ranks: Vec::new(),
            modules: Dictionary::default(),
            contexts: Dictionary::default(),
            rows: Vec::new(),
            error: None,
        })
    }

    /// Adds a series; they are numbered in the order of the calls.
    pub(crate) fn add_series(&mut self, pid: i32, site: &Site, context: Context) {
        let module = self.modules.key(&site.module);
        self.series.push(Series { pid, module, address: site.address, context: self.contexts.key(context.name()) });
    }

    /// Appends a row; the series of a window come in any order, each once.
    pub(crate) fn push(&mut self, window: u64, series: u32, calls: u64) {
        self.rows.push(Row { series, window: window as i64, calls: calls as i64 });
    }

    /// Ends a window. An error is kept for [`Self::finish`]: the walk cannot stop for it.
    pub(crate) fn end_window(&mut self) {
        if self.rows.len() >= BATCH_ROWS
            && let Err(error) = self.write()
        {
            self.error.get_or_insert(error);
        }
    }

    /// Writes the rows that are held, series by series: a series changes little from window to window.
    fn write(&mut self) -> Result<(), WriteError> {
        self.rank_series();
        let rows = sorted_by_rank(&self.rows, &self.ranks);
        let series: Vec<_> = rows.iter().filter_map(|row| self.series.get(row.series as usize)).collect();
        let columns = vec![
            Ok(all_longs(rows.iter().map(|row| row.window).collect())),
            Ok(all_ints(series.iter().map(|series| series.pid).collect())),
            self.modules.column(series.iter().map(|series| series.module).collect()),
            Ok(all_longs(series.iter().map(|series| series.address).collect())),
            self.contexts.column(series.iter().map(|series| series.context).collect()),
            Ok(all_longs(rows.iter().map(|row| row.calls).collect())),
        ];
        self.rows.clear();
        self.file.write_columns(columns)
    }

    /// Ranks all series, by thread and function, if there are new ones.
    fn rank_series(&mut self) {
        if self.ranks.len() == self.series.len() {
            return;
        }
        let mut order: Vec<u32> = (0..self.series.len() as u32).collect();
        order.sort_unstable_by_key(|&series| self.series.get(series as usize));
        self.ranks = vec![0; order.len()];
        for (rank, &series) in order.iter().enumerate() {
            if let Some(place) = self.ranks.get_mut(series as usize) {
                *place = rank as u32;
            }
        }
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

/// The rows by the ranks of their series, those of a series in their order: a counting sort, since ranks have no gaps.
fn sorted_by_rank(rows: &[Row], ranks: &[u32]) -> Vec<Row> {
    let rank = |row: &Row| ranks.get(row.series as usize).map_or(0, |&rank| rank as usize);
    let mut places = vec![0; ranks.len()];
    for row in rows {
        if let Some(count) = places.get_mut(rank(row)) {
            *count += 1;
        }
    }
    let mut begin = 0;
    for place in &mut places {
        begin += std::mem::replace(place, begin);
    }
    let mut sorted = rows.to_vec();
    for row in rows {
        if let Some(place) = places.get_mut(rank(row))
            && let Some(slot) = sorted.get_mut(*place)
        {
            *slot = *row;
            *place += 1;
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::{Row, sorted_by_rank};

    #[test]
    fn rows_are_sorted_by_rank_and_those_of_a_series_stay_in_order() {
        let row = |series, window| Row { series, window, calls: 1 };
        let rows = [row(2, 0), row(0, 0), row(1, 1), row(0, 1), row(2, 2), row(0, 2)];
        let sorted = sorted_by_rank(&rows, &[1, 2, 0]);
        let found: Vec<_> = sorted.iter().map(|row| (row.series, row.window)).collect();
        assert_eq!(found, [(2, 0), (2, 2), (0, 0), (0, 1), (0, 2), (1, 1)]);
    }
}
