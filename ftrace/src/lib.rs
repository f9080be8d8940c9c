//! Decoder of ftrace data on disk: bytes in, values out.
//!
//! The crate opens no file, prints nothing, never panics on input and never allocates by a number read from the
//! input without a limit.

mod bytes;
mod error;
mod event;
mod event_format;
mod header_page;
mod record;
mod sub_buffer;

pub use bytes::{ByteOrder, Cursor};
pub use error::{Error, Result};
pub use event::{Body, Common, Event, EventDecoder, FLAG_HARDIRQ, FLAG_NMI, FLAG_SOFTIRQ, usual_function};
pub use event_format::{EventFormat, EventFormats, Field, IntField};
pub use header_page::PageLayout;
pub use record::{Record, Records};
pub use sub_buffer::{LostEvents, SubBuffer};

// Container and metadata.
mod clock;
mod cpu_stats;
mod kallsyms;
mod modules;
pub mod trace_dat;
pub mod writer;

pub use clock::{ClockUnit, CycleConversion, TimeConversion, chosen_clock};
pub use cpu_stats::CpuStats;
pub use kallsyms::{Kallsyms, Symbol, SymbolRef};
pub use modules::{Module, Modules};
pub use trace_dat::{Buffer, Chunk, Chunks, Codec, CpuData, Decompressor, Problem, Texts, TraceDat};
