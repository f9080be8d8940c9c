//! Run directories, kernels and bug records to a Parquet dataset.

pub mod bugs;
pub mod cli;
pub mod fingerprint;
pub mod kernel;
mod map_file;
pub mod progress;
pub mod read;
pub mod runs;
pub mod write;
