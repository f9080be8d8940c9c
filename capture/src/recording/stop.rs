//! Why and how a recording ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// Its time was over.
    Duration,
    /// The command ended.
    Command,
    /// A signal asked for it.
    Signal,
    /// The discovery of functions had flattened.
    Steady,
    /// Enough is on the disk.
    Size,
    /// Too much was lost.
    Loss,
    /// Nothing of the sandbox was left.
    Sandbox,
    /// The recorder failed: it could not write the trace data, or could not use tracefs any more.
    Error,
    /// The recorder was killed.
    Recovered,
}

impl EndReason {
    /// The name in `run.json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Command => "command",
            Self::Signal => "signal",
            Self::Steady => "steady",
            Self::Size => "size",
            Self::Loss => "loss",
            Self::Sandbox => "sandbox",
            Self::Error => "error",
            Self::Recovered => "recovered",
        }
    }
}

/// Is raised by SIGINT, SIGTERM and SIGHUP.
#[derive(Clone, Debug)]
pub struct StopFlag {
    raised: Arc<AtomicBool>,
}

impl StopFlag {
    /// Takes the signals over for the rest of the process's life.
    pub fn install() -> std::io::Result<Self> {
        let raised = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&raised))?;
        }
        Ok(Self { raised })
    }

    /// Whether a signal came.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }
}
