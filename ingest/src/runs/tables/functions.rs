//! Table `functions`: the fact table.

use std::collections::BTreeMap;
use std::path::Path;

use hap_schemas::tables::FUNCTIONS;

use super::table_path;
use crate::runs::collect::{FunctionRow, RunCounts};
use crate::runs::symbolize::Site;
use crate::runs::syscalls::SyscallNames;
use crate::write::columns::{DictionaryColumn, constant, dictionary, ints, longs};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Writes the rows of a run.
pub(crate) fn write(
    dataset: &Path,
    run: &str,
    counts: &RunCounts,
    tgids: &BTreeMap<i32, i32>,
    syscalls: &SyscallNames,
    metadata: &FileMetadata,
) -> Result<(), WriteError> {
    let rows = &counts.rows;
    let site = |row: &FunctionRow| counts.sites.get(row.site as usize);
    let mut names = DictionaryColumn::default();
    for row in rows {
        names.push(syscalls.name(row.syscall).as_deref());
    }
    let long = |value: fn(&FunctionRow) -> u64| longs(rows.iter().map(move |row| Some(value(row) as i64)));
    let columns = vec![
        constant(run, rows.len()),
        Ok(ints(rows.iter().map(|row| Some(row.pid)))),
        Ok(ints(rows.iter().map(|row| tgids.get(&row.pid).copied()))),
        dictionary(rows.iter().map(|row| site(row).map(|site| site.module.as_str()))),
        Ok(longs(rows.iter().map(|row| site(row).map(|site| site.address)))),
        dictionary(rows.iter().map(|row| site(row).and_then(|site: &Site| site.function.as_deref()))),
        dictionary(rows.iter().map(|row| Some(row.context.name()))),
        names.take(),
        dictionary(rows.iter().map(|row| row.observer)),
        Ok(long(|row| row.tally.count)),
        Ok(long(|row| row.tally.first)),
        Ok(long(|row| row.tally.last)),
    ];
    let metadata = FileMetadata {
        delta_columns: &["pid", "tgid", "address"],
        split_columns: &["calls", "first_ns", "last_ns"],
        ..metadata.clone()
    };
    let mut file = TableFile::create(&table_path(dataset, &FUNCTIONS, run), &FUNCTIONS, &metadata)?;
    file.write_columns(columns)?;
    file.finish()
}
