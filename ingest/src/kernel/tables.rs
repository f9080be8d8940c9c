//! The catalog as Parquet.

use std::path::{Path, PathBuf};

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;
use hap_schemas::Table;
use hap_schemas::tables::{KERNEL, KERNEL_FUNCTIONS, KERNEL_LINES};

use super::catalog::{Catalog, CatalogImage};
use super::code_lines::code_lines;
use super::image_functions::ImageFunction;
use super::kernel_facts::KernelFacts;
use super::source::{Extent, ExtentRule};
use crate::write::columns::{all_longs, all_texts, bools, constant, encoded, ints, longs, texts};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Rows that are handed to Parquet at once.
const BATCH_ROWS: usize = 1 << 16;
/// Few row groups: each has its own dictionary of files.
const LINES_ROW_GROUP: usize = 1 << 20;
/// Level 19 makes the files 5 % smaller, and took 40 % of the time of a vmlinux.
const ZSTD_LEVEL: i32 = 9;
/// Kinds of a line, by number.
const KINDS: [&str; 2] = ["own", "inlined"];
/// Rules of extents, by number.
const EXTENT_RULES: [&str; 3] = ["source", "macro_call", "line_rows"];

/// Where the tables come from, beside the kernel itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'o> {
    pub(super) package: Option<&'o str>,
    pub(super) traceable_rule: &'static str,
}

/// Rows written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) functions: usize,
    pub(super) lines: usize,
}

/// Writes the three tables to `<dataset>/kernels/build_id=<id>/`.
pub(super) fn write_tables(
    dataset: &Path,
    facts: &KernelFacts,
    origin: &Origin<'_>,
    catalog: &Catalog,
) -> Result<(PathBuf, Written), WriteError> {
    let folder = dataset.join("kernels").join(format!("build_id={}", facts.build_id));
    let metadata =
        FileMetadata { build_id: facts.build_id.clone(), zstd_level: Some(ZSTD_LEVEL), ..FileMetadata::default() };
    let functions = write_functions(&folder, &metadata, catalog)?;
    let lines = write_lines(&folder, &metadata, catalog)?;
    // Last: a kernel is there when its row is.
    write_kernel(&folder, &metadata, facts, origin, catalog)?;
    Ok((folder, Written { functions, lines }))
}

fn table_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.parquet"))
}

fn create(folder: &Path, table: &Table, metadata: &FileMetadata) -> Result<TableFile, WriteError> {
    TableFile::create(&table_path(folder, table.name), table, metadata)
}

fn write_kernel(
    folder: &Path,
    metadata: &FileMetadata,
    facts: &KernelFacts,
    origin: &Origin<'_>,
    catalog: &Catalog,
) -> Result<(), WriteError> {
    let lines = code_lines(catalog);
    let count = |lines: usize| i64::try_from(lines).unwrap_or(i64::MAX);
    let mut table = create(folder, &KERNEL, metadata)?;
    table.write(vec![
        texts([Some(facts.build_id.as_str())]),
        texts([facts.release.as_deref()]),
        texts([facts.banner.as_deref()]),
        texts([Some(facts.arch.as_str())]),
        texts([Some(facts.fingerprint.as_str())]),
        longs([Some(facts.text_address.cast_signed())]),
        ints([Some(catalog.images.len().saturating_sub(1) as i32)]),
        texts([origin.package]),
        texts([Some(origin.traceable_rule)]),
        longs([Some(count(lines.all))]),
        longs([lines.blind.map(count)]),
    ])?;
    table.finish()
}

/// Batches of rows, each with the image that it is of.
fn batches<'c, T>(
    image: &'c CatalogImage,
    rows: impl Iterator<Item = T> + 'c,
) -> impl Iterator<Item = (&'c str, Vec<T>)> + 'c {
    let mut rows = rows.peekable();
    std::iter::from_fn(move || {
        rows.peek()?;
        Some((image.module.as_str(), rows.by_ref().take(BATCH_ROWS).collect()))
    })
}

fn write_functions(folder: &Path, metadata: &FileMetadata, catalog: &Catalog) -> Result<usize, WriteError> {
    let mut table = create(folder, &KERNEL_FUNCTIONS, metadata)?;
    let paths = all_texts(&catalog.files);
    let mut written = 0;
    for image in &catalog.images {
        for (module, functions) in batches(image, image.functions.iter()) {
            written += functions.len();
            table.write_columns(function_columns(catalog, module, &functions, &paths))?;
        }
    }
    table.finish()?;
    Ok(written)
}

/// What a row of `functions` says of the source.
#[derive(Clone, Copy, Default)]
struct Place {
    file: Option<u32>,
    line: Option<u32>,
    extent: Option<Extent>,
}

impl Place {
    fn of(catalog: &Catalog, function: &ImageFunction) -> Self {
        let Some(source) = catalog.sources.get(function.source as usize) else { return Self::default() };
        let extent = catalog.extents.get(function.source as usize).copied().flatten();
        Self { file: source.file, line: source.line, extent }
    }

    fn end_line(&self) -> Option<u32> {
        Some(self.extent?.end_line)
    }

    fn lines(&self) -> Option<u32> {
        Some(self.end_line()?.saturating_sub(self.line?) + 1)
    }

    fn rule(&self) -> Option<i32> {
        Some(match self.extent?.rule {
            ExtentRule::Source => 0,
            ExtentRule::MacroCall => 1,
            ExtentRule::LineRows => 2,
        })
    }
}

fn function_columns(
    catalog: &Catalog,
    module: &str,
    functions: &[&ImageFunction],
    paths: &ArrayRef,
) -> Vec<Result<ArrayRef, ArrowError>> {
    let places: Vec<_> = functions.iter().map(|function| Place::of(catalog, function)).collect();
    let rules = all_texts(EXTENT_RULES);
    let name =
        |function: &ImageFunction| catalog.sources.get(function.source as usize).map_or("?", |source| &source.name);
    let holders = |function: &ImageFunction| {
        function.lines.as_ref()?;
        catalog.inlined_into.get(function.source as usize).copied()
    };
    vec![
        constant(module, functions.len()),
        Ok(all_longs(functions.iter().map(|function| function.address).collect())),
        Ok(all_longs(functions.iter().map(|function| function.link_address.cast_signed()).collect())),
        Ok(all_longs(functions.iter().map(|function| i64::try_from(function.size).unwrap_or(i64::MAX)).collect())),
        Ok(all_texts(functions.iter().map(|function| name(function)))),
        Ok(all_longs(functions.iter().map(|function| function.source_address).collect())),
        encoded(places.iter().map(|place| place.file.map(u32::cast_signed)), paths),
        Ok(numbers(places.iter().map(|place| place.line))),
        Ok(numbers(places.iter().map(Place::end_line))),
        encoded(places.iter().map(Place::rule), &rules),
        Ok(numbers(places.iter().map(Place::lines))),
        Ok(numbers(functions.iter().map(|function| function.lines.as_ref().map(|lines| lines.len() as u32)))),
        Ok(numbers(places.iter().map(|place| place.extent?.complexity))),
        Ok(numbers(places.iter().map(|place| place.extent?.gnu_complexity))),
        Ok(numbers(functions.iter().map(|function| holders(function)))),
        Ok(bools(functions.iter().map(|function| function.traceable))),
    ]
}

fn write_lines(folder: &Path, metadata: &FileMetadata, catalog: &Catalog) -> Result<usize, WriteError> {
    let metadata = FileMetadata { row_group_rows: Some(LINES_ROW_GROUP), delta_columns: &["line"], ..metadata.clone() };
    let mut table = create(folder, &KERNEL_LINES, &metadata)?;
    let paths = all_texts(&catalog.files);
    let kinds = all_texts(KINDS);
    let mut written = 0;
    for image in &catalog.images {
        let rows = image
            .functions
            .iter()
            .flat_map(|function| function.lines.iter().flatten().map(|line| (function.address, line)));
        for (module, rows) in batches(image, rows) {
            written += rows.len();
            table.write_columns(vec![
                constant(module, rows.len()),
                Ok(all_longs(rows.iter().map(|(address, _)| *address).collect())),
                encoded(rows.iter().map(|(_, line)| Some(line.file.cast_signed())), &paths),
                Ok(numbers(rows.iter().map(|(_, line)| Some(line.number)))),
                encoded(rows.iter().map(|(_, line)| Some(i32::from(line.inlined))), &kinds),
            ])?;
        }
    }
    table.finish()?;
    Ok(written)
}

/// Line numbers and counts, which fit.
fn numbers(values: impl Iterator<Item = Option<u32>>) -> ArrayRef {
    ints(values.map(|value| value.map(u32::cast_signed)))
}
