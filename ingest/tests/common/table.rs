//! Columns of a Parquet file as plain values.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// Rows that are read at once.
const BATCH_ROWS: usize = 1 << 16;

/// A whole table.
pub(crate) struct Table {
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn read(path: &Path) -> Self {
        let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(file).unwrap().with_batch_size(BATCH_ROWS).build().unwrap();
        Self { batches: reader.map(Result::unwrap).collect() }
    }

    fn columns(&self, name: &str) -> impl Iterator<Item = &ArrayRef> {
        let column =
            move |batch| RecordBatch::column_by_name(batch, name).unwrap_or_else(|| panic!("no column {name}"));
        self.batches.iter().map(column)
    }

    /// Integers of either size, that may be null.
    pub(crate) fn maybe_longs(&self, name: &str) -> Vec<Option<i64>> {
        self.columns(name).flat_map(maybe_longs).collect()
    }

    /// Integers of either size.
    pub(crate) fn longs(&self, name: &str) -> Vec<i64> {
        self.maybe_longs(name).into_iter().map(|value| value.unwrap_or_else(|| panic!("null in {name}"))).collect()
    }

    /// Texts, dictionary-encoded or not, that may be null.
    pub(crate) fn maybe_texts(&self, name: &str) -> Vec<Option<&str>> {
        self.columns(name).flat_map(maybe_texts).collect()
    }

    /// Texts, dictionary-encoded or not.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        self.maybe_texts(name).into_iter().map(|value| value.unwrap_or_else(|| panic!("null in {name}"))).collect()
    }

    /// The integer of the only row.
    pub(crate) fn long(&self, name: &str) -> i64 {
        let [value] = self.longs(name)[..] else { panic!("{name} has not one row") };
        value
    }

    /// The integer of the only row, which may be null.
    pub(crate) fn maybe_long(&self, name: &str) -> Option<i64> {
        let [value] = self.maybe_longs(name)[..] else { panic!("{name} has not one row") };
        value
    }

    /// The text of the only row, which may be null.
    pub(crate) fn maybe_text(&self, name: &str) -> Option<&str> {
        let [value] = self.maybe_texts(name)[..] else { panic!("{name} has not one row") };
        value
    }

    /// The counts of the only row.
    pub(crate) fn counts(&self, name: &str) -> BTreeMap<String, i64> {
        let lists = self.columns(name).map(|column| column.as_list::<i32>().value(0));
        let pairs = |list: ArrayRef| {
            let list = list.as_struct();
            let names = maybe_texts(list.column(0)).into_iter().map(|name| name.unwrap().to_owned());
            names.zip(maybe_longs(list.column(1)).into_iter().map(Option::unwrap)).collect::<Vec<_>>()
        };
        lists.flat_map(pairs).collect()
    }
}

fn maybe_longs(column: &ArrayRef) -> Vec<Option<i64>> {
    match column.data_type() {
        DataType::Int32 => column.as_primitive::<Int32Type>().iter().map(|value| value.map(i64::from)).collect(),
        _ => column.as_primitive::<Int64Type>().iter().collect(),
    }
}

fn maybe_texts(column: &ArrayRef) -> Vec<Option<&str>> {
    match column.as_any_dictionary_opt() {
        None => column.as_string::<i32>().iter().collect(),
        Some(_) => column
            .as_dictionary::<Int32Type>()
            .downcast_dict::<arrow_array::StringArray>()
            .unwrap()
            .into_iter()
            .collect(),
    }
}
