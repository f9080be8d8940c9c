//! Records what a sandbox makes the host kernel do.

pub mod cli;
pub mod clock;
mod disk;
pub mod doctor;
pub mod error;
pub mod host;
pub mod process;
pub mod recording;
pub mod recover;
pub mod run_dir;
pub mod sandbox;
pub mod steady;
pub mod study;
pub mod tracefs;

/// Name and version of this program.
pub const TOOL: &str = concat!("hap-capture ", env!("CARGO_PKG_VERSION"));
