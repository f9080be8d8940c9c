//! The part of a run that counts.

use clap::ValueEnum;

/// The part of a run that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub enum Phase {
    /// From steady state on: the first window after which discovery of new functions shows no trend
    #[default]
    Steady,
    /// From the run's phase mark `load` on
    Load,
    /// The whole run
    All,
}

impl Phase {
    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::Load => "load",
            Self::All => "all",
        }
    }
}
