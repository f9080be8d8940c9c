//! A recording, from the discovery of the sandbox to the finished run.

mod command;
mod complete;
mod compress;
mod cpu_time;
mod deferral;
mod description;
mod drain;
mod options;
mod placement;
mod progress;
mod reader;
mod session;
mod source;
mod stop;
mod syncer;
mod watch;

pub(crate) use command::RUN_DIR_VARIABLE;
pub use command::{StoppedCommand, stop_and_execute};
pub use options::{RecordOptions, RunLabels};
pub use progress::{Progress, Standing};
pub use reader::{CpuReader, ReaderState};
pub use session::{Outcome, record};
pub(crate) use source::Source;
pub use stop::{EndReason, StopFlag};
