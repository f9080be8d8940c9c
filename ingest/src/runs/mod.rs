//! Run directories to the tables `runs`, `threads`, `functions`, `windows` and `events`.

mod account;
mod aggregate;
mod call_counts;
mod call_table;
mod collect;
mod discover;
mod ingest;
mod interrupt_entries;
mod kernel_match;
mod merge;
mod name_pattern;
mod observer_effects;
mod recording;
#[cfg(test)]
mod reference;
mod scan;
mod summary;
mod symbolize;
mod syscalls;
mod tables;
mod tally;
mod timeline;
mod walk;

pub use discover::DiscoverError;
pub use ingest::{IngestRunsError, Outcome, RunError, RunsOptions, RunsProgress, ingest_runs};
pub use recording::RecordingError;
pub use summary::{KernelFacts, Loss, RunLabels, RunSummary};
