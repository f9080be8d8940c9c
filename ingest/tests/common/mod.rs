//! The bundled captures, the binary under test, and its tables.
#![expect(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod captures;
mod ingest;
mod rewrap;
mod table;
mod trace_cmd;

pub(crate) use captures::{Capture, capture, captures, unpacked};
pub(crate) use ingest::{Dataset, Outcome};
pub(crate) use rewrap::{copy_of, merged, sub_buffers, wrapped};
pub(crate) use table::Table;
pub(crate) use trace_cmd::{INSTANCE, Line, Report};

/// Runs a check on every bundled capture, two at a time, and fails with all that failed.
pub(crate) fn for_every_capture(check: impl Fn(&Capture) -> Result<(), String> + Sync) {
    use rayon::prelude::*;
    let failures: Vec<String> = captures()
        .par_iter()
        .filter_map(|capture| check(capture).err().map(|error| format!("{}: {error}", capture.name)))
        .collect();
    assert!(failures.is_empty(), "{} captures differ:\n{}", failures.len(), failures.join("\n"));
}

/// An error that shows both values, unless they are equal.
pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, ours: &T, theirs: &T) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours:?}, not {theirs:?}")) }
}
