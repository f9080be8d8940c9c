//! Arrays of the column types that tables use.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Fields};

use super::schema::{counts_fields, labels_fields};

/// Booleans.
pub fn bools(values: impl IntoIterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<BooleanArray>())
}

/// 32-bit integers.
pub fn ints(values: impl IntoIterator<Item = Option<i32>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Int32Array>())
}

/// 64-bit integers.
pub fn longs(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Int64Array>())
}

/// Floating-point numbers.
pub fn doubles(values: impl IntoIterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Float64Array>())
}

/// 32-bit integers, none null.
pub fn all_ints(values: Vec<i32>) -> ArrayRef {
    Arc::new(Int32Array::from(values))
}

/// 64-bit integers, none null.
pub fn all_longs(values: Vec<i64>) -> ArrayRef {
    Arc::new(Int64Array::from(values))
}

/// A dictionary-encoded column: `keys` are places in `values`. Fails where one is not.
pub fn encoded(keys: impl IntoIterator<Item = Option<i32>>, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let keys: Int32Array = keys.into_iter().collect();
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values.clone())?))
}

/// A dictionary-encoded column of one value.
pub fn constant(value: &str, rows: usize) -> Result<ArrayRef, ArrowError> {
    encoded(std::iter::repeat_n(Some(0), rows), &all_texts([value]))
}

/// Texts, none null.
pub fn all_texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Texts.
pub fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

/// Texts and their keys.
#[derive(Debug, Default)]
pub struct Dictionary {
    values: Vec<String>,
    index: HashMap<String, i32>,
}

impl Dictionary {
    /// The key of a value: the number of values before it.
    pub fn key(&mut self, value: &str) -> i32 {
        if let Some(&key) = self.index.get(value) {
            return key;
        }
        let key = self.values.len() as i32;
        self.values.push(value.to_owned());
        self.index.insert(value.to_owned(), key);
        key
    }

    /// A column of values by their keys, none null. Fails where a key was never given.
    pub fn column(&self, keys: Vec<i32>) -> Result<ArrayRef, ArrowError> {
        self.array(Int32Array::from(keys))
    }

    fn array(&self, keys: Int32Array) -> Result<ArrayRef, ArrowError> {
        let values = Arc::new(StringArray::from_iter_values(&self.values));
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values)?))
    }
}

/// A dictionary-encoded column that is filled row by row. Its dictionary outlives the batches.
#[derive(Debug, Default)]
pub struct DictionaryColumn {
    keys: Vec<Option<i32>>,
    dictionary: Dictionary,
}

impl DictionaryColumn {
    /// The key of a value, to be used with [`Self::push_key`].
    pub fn key(&mut self, value: &str) -> i32 {
        self.dictionary.key(value)
    }

    /// Appends a row.
    pub fn push(&mut self, value: Option<&str>) {
        let key = value.map(|value| self.key(value));
        self.push_key(key);
    }

    /// Appends a row by its key.
    pub fn push_key(&mut self, key: Option<i32>) {
        self.keys.push(key);
    }

    /// The rows since the last call.
    pub fn take(&mut self) -> Result<ArrayRef, ArrowError> {
        self.dictionary.array(std::mem::take(&mut self.keys).into_iter().collect())
    }
}

/// A dictionary-encoded column of known rows.
pub fn dictionary<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Result<ArrayRef, ArrowError> {
    let mut column = DictionaryColumn::default();
    values.into_iter().for_each(|value| column.push(value));
    column.take()
}

/// A column of one row that holds `(name, count)` pairs.
pub fn counts(pairs: &[(String, i64)]) -> ArrayRef {
    let fields = counts_fields();
    let builders: Vec<Box<dyn arrow_array::builder::ArrayBuilder>> =
        vec![Box::new(StringBuilder::new()), Box::new(Int64Builder::new())];
    let mut list = list_builder(&fields, builders);
    for (name, count) in pairs {
        let row = list.values();
        if let Some(names) = row.field_builder::<StringBuilder>(0) {
            names.append_value(name);
        }
        if let Some(counts) = row.field_builder::<Int64Builder>(1) {
            counts.append_value(*count);
        }
        row.append(true);
    }
    list.append(true);
    Arc::new(list.finish())
}

/// A column of one row that holds `(key, value)` pairs.
pub fn labels(pairs: &[(String, String)]) -> ArrayRef {
    let fields = labels_fields();
    let builders: Vec<Box<dyn arrow_array::builder::ArrayBuilder>> =
        vec![Box::new(StringBuilder::new()), Box::new(StringBuilder::new())];
    let mut list = list_builder(&fields, builders);
    for (key, value) in pairs {
        let row = list.values();
        for (index, text) in [key, value].into_iter().enumerate() {
            if let Some(texts) = row.field_builder::<StringBuilder>(index) {
                texts.append_value(text);
            }
        }
        row.append(true);
    }
    list.append(true);
    Arc::new(list.finish())
}

fn list_builder(
    fields: &Fields,
    builders: Vec<Box<dyn arrow_array::builder::ArrayBuilder>>,
) -> ListBuilder<StructBuilder> {
    let element = Field::new_list_field(DataType::Struct(fields.clone()), false);
    ListBuilder::new(StructBuilder::new(fields.clone(), builders)).with_field(element)
}
