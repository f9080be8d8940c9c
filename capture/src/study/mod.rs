//! Studies: runtimes x workloads x repetitions, in random order, resumable.

mod amend;
mod attempt;
mod carry_out;
mod definition;
mod load;
mod order;
mod plan;
mod runner;
mod script;
mod summary;

pub use definition::{Need, RuntimeDefinition, WorkloadDefinition};
pub use order::{Pair, order};
pub use plan::Plan;
pub use runner::{Conclusion, StudyOptions, dry_run, run_study};
pub(crate) use summary::table;
pub use summary::{Outcome, PairOutcome};
