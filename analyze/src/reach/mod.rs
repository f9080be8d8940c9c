//! What each run reached, in memory: numbers instead of texts, one row per (function symbol, context, role).
//!
//! The statistics resample runs, thin events and change filters many times over; they do so on these rows, on sets of
//! bits and on counts, never on copies of frames.

mod load;
mod run;
mod symbols;
mod windows;

use hap_schemas::{Context, Role};

pub use load::View;
pub(crate) use symbols::SourceAddresses;
pub use symbols::Symbol;
pub use windows::{MERGES, RunWindows};

use crate::facts::{Contexts, Roles};
use crate::phase::Phase;

/// The calls of one function symbol in one context by threads of one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number of the symbol in [`Reach::symbols`].
    pub symbol: u32,
    /// Context of the calls.
    pub context: Context,
    /// Role of the threads.
    pub role: Role,
    /// Number of the effect in [`Reach::effects`] that the calls owe their presence to; none: they do not.
    pub effect: Option<u8>,
    /// Whether the thread's id, as text, holds that of a listed thread: what `grep PID` finds.
    pub grepped: bool,
    /// Calls in the whole run.
    pub calls: i64,
    /// Calls from steady state on, as judged with windows merged by each of [`MERGES`]; in a run that never gets steady
    /// all of them.
    pub steady_calls: [i64; MERGES.len()],
    /// Calls from the mark `load` on; in a run without one all of them.
    pub load_calls: i64,
}

/// One run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunReach {
    /// Its rows, sorted by symbol, context and role.
    pub rows: Vec<Row>,
    /// Its windows.
    pub windows: RunWindows,
    /// Whether `run.json` lists threads.
    pub lists_threads: bool,
}

/// Several runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reach {
    /// Symbols by number, sorted by module and address.
    pub symbols: Vec<Symbol>,
    /// Observer effects by number.
    pub effects: Vec<String>,
    /// The runs, in the order asked for.
    pub runs: Vec<RunReach>,
}

impl Row {
    /// Calls in a phase.
    pub fn calls_in(&self, phase: Phase) -> i64 {
        match phase {
            Phase::All => self.calls,
            Phase::Steady => self.steady_calls[0],
            Phase::Load => self.load_calls,
        }
    }

    /// Whether its context and role count.
    pub fn is_in(&self, contexts: &Contexts, roles: &Roles, lists_threads: bool) -> bool {
        contexts.hold(self.context) && roles.hold(self.role, lists_threads)
    }
}
