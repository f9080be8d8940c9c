//! The files of tracefs: settings, a tracing instance of one's own, the kernel's texts.

mod instance;
mod late_symbols;
mod settings;
mod stats;
mod texts;

pub use instance::{Instance, InstanceOptions, Restore};
pub use late_symbols::add_late_symbols;
pub use settings::Tracefs;
pub use stats::{StatsText, buffered_events};
pub(crate) use texts::{command_names, thread_groups};
pub use texts::{read_texts, sub_buffer_size};
