//! The tables of a run, one module each.

pub(crate) mod events;
pub(crate) mod functions;
pub(crate) mod runs;
pub(crate) mod threads;
pub(crate) mod windows;

use std::path::{Path, PathBuf};

use hap_schemas::Table;

/// Where the file of a table of a run stands.
pub(crate) fn table_path(dataset: &Path, table: &Table, run: &str) -> PathBuf {
    run_folder(dataset, table, run).join(format!("{}.parquet", table.name))
}

/// The Hive partition of a run in a table.
pub(crate) fn run_folder(dataset: &Path, table: &Table, run: &str) -> PathBuf {
    dataset.join(table.name).join(format!("run={}", partition_value(run)))
}

/// A value as Hive writes it into a path: what could be mistaken for a separator is percent-encoded.
fn partition_value(value: &str) -> String {
    let encode = |byte: u8| match byte {
        b'_' | b'-' | b'.' | b'+' | b'@' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::partition_value;

    #[test]
    fn a_run_id_cannot_leave_its_folder() {
        assert_eq!(partition_value("runc-1.2"), "runc-1.2");
        assert_eq!(partition_value("../a=b c"), "..%2Fa%3Db%20c");
    }
}
