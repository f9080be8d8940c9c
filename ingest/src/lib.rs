//! Run directories, kernels and bug records to a Parquet dataset.

pub mod fingerprint;
pub mod kernel;
mod map_file;
pub mod write;
