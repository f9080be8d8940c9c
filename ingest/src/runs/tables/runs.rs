//! Table `runs`: one row, the run.

use std::path::Path;

use arrow_array::ArrayRef;
use arrow_schema::ArrowError;
use hap_schemas::tables::RUNS;

use super::table_path;
use crate::read::TableColumns;
use crate::runs::summary::RunSummary;
use crate::write::columns::{counts, dictionary, ints, labels, longs, texts};
use crate::write::{FileMetadata, TableFile, WriteError};

/// Writes the row of a run.
pub(crate) fn write(dataset: &Path, summary: &RunSummary, metadata: &FileMetadata) -> Result<(), WriteError> {
    let mut file = TableFile::create(&table_path(dataset, &RUNS, &summary.run), &RUNS, metadata)?;
    let columns = RUNS.columns.iter().map(|column| value(summary, column.name)).collect();
    file.write_columns(columns)?;
    file.finish()
}

/// Whether the dataset holds another capture under the id of this one: of another boot, or with another first event. What
/// cannot be read is held to be none.
pub(crate) fn holds_other(dataset: &Path, summary: &RunSummary) -> bool {
    let path = table_path(dataset, &RUNS, &summary.run);
    let Ok(held) = TableColumns::read(&path, &["boot_id", "first_ns"]) else { return false };
    let (Ok(boot_ids), Ok(first_times)) = (held.texts("boot_id"), held.longs("first_ns")) else { return false };
    let first_ns = summary.span.map(|(first, _)| first as i64);
    (boot_ids, first_times) != (vec![summary.boot_id.clone()], vec![first_ns])
}

/// The value of a column, by its name in the schema.
fn value(summary: &RunSummary, column: &str) -> Result<ArrayRef, ArrowError> {
    let text = |value: &Option<String>| texts([value.as_deref()]);
    let long = |value: u64| longs([Some(value as i64)]);
    let maybe_long = |value: Option<u64>| longs([value.map(|value| value as i64)]);
    let int = |value: u32| ints([Some(value as i32)]);
    let kernel = &summary.kernel;
    let loss = &summary.loss;
    Ok(match column {
        "run" => return dictionary([Some(summary.run.as_str())]),
        "runtime" => text(&summary.labels.runtime),
        "workload" => text(&summary.labels.workload),
        "repetition" => text(&summary.labels.repetition),
        "labels" => labels(&summary.labels.free),
        "boot_id" => text(&summary.boot_id),
        "kernel_release" => text(&kernel.release),
        "kernel_version" => text(&kernel.version),
        "build_id" => text(&kernel.build_id),
        "kernel_fingerprint" => text(&kernel.fingerprint),
        "arch" => text(&kernel.arch),
        "page_size" => int(summary.sub_buffer_size),
        "text_base" => maybe_long(kernel.text_base),
        "format" => texts([Some(summary.format.as_str())]),
        "clock" => text(&summary.clock),
        "clock_unit" => texts([Some(summary.clock_unit)]),
        "cpus" => int(summary.cpus),
        "first_ns" => maybe_long(summary.span.map(|(first, _)| first)),
        "last_ns" => maybe_long(summary.span.map(|(_, last)| last)),
        "duration_ns" => long(summary.span.map_or(0, |(first, last)| last - first)),
        "window_ns" => long(summary.window_ns),
        "events" => long(summary.events),
        "function_events" => long(summary.calls),
        "event_counts" => counts(&summary.event_counts),
        "events_lost" => long(loss.events_lost()),
        "lost_pages" => long(loss.pages),
        "lost_pages_unknown" => long(loss.pages_unknown),
        "lost_stats" => maybe_long(loss.stats),
        "undecodable_bytes" => long(loss.undecodable_bytes),
        "damaged_places" => long(summary.damaged_places),
        "records_skipped" => long(loss.records_skipped),
        "records_discarded" => long(loss.records_discarded),
        "unresolved_addresses" => long(loss.unresolved_addresses),
        "unresolved_calls" => long(loss.unresolved_calls),
        "syscall_source" => texts([Some(summary.syscall_source)]),
        "interrupt_entry_hits" => counts(&summary.interrupt_entry_hits),
        "observer_hits" => counts(&summary.observer_hits),
        "threads_listed" => int(summary.threads_listed),
        "threads_seen" => int(summary.threads_seen),
        "requests" => longs([summary.requests]),
        "load_ns" => longs([summary.load_ns]),
        "failure" => text(&summary.failure),
        other => return Err(ArrowError::SchemaError(format!("table runs has no value for column {other}"))),
    })
}
