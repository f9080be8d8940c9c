//! A run directory: what lies there while a recording runs, and what it becomes.
//!
//! While a recording runs there are `recording.json` (what is known of the run, and what to put back in tracefs),
//! `metadata.dat` (a trace.dat with the kernel's texts and no trace data), `cpuN.raw.K` and `cpuN.part` (trace data, not
//! yet compressed and compressed) and, if anybody set a mark, `marks.jsonl`. At the end they become `trace.dat` and
//! `run.json`.

mod assemble;
mod atomic;
mod describe;
mod finish;
mod layout;
mod marks;
mod memory;
mod part;
mod scan;
mod spool;
mod state;
mod threads;

pub(crate) use assemble::read_metadata;
pub use assemble::{FileFacts, write_metadata, write_trace_dat};
pub use atomic::write_atomically;
pub use describe::{host_info, kernel_info, take_late_symbols, uname_text};
pub use finish::{Finished, Recorded, finish};
pub use layout::RunDir;
pub use marks::{Mark, MarkLog};
pub use memory::SpoolMemory;
pub use part::{PartChunk, PartExtent, PartReader, PartWriter, Torn};
pub use scan::{CpuScan, CpuScanner, Scan, Scanner, ThreadEvent};
pub use spool::{Spool, SpoolReader, SpoolWriter};
pub use state::RecordingState;
