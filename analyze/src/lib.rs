//! Horizontal Attack Profile, set differences and statistics over a hap dataset.
//!
//! A query is a named function that takes and returns a `LazyFrame` and documents its columns; only the
//! commands in [`cli`] collect. Figures are those of the method: functions are source functions, the run
//! is the sampling unit, and what was lost, left out or not matched is told beside every figure.

pub mod blind_spot;
pub mod calibration;
pub mod cli;
pub mod completeness;
pub mod completeness_frames;
pub mod dataset;
pub mod density;
pub mod diff;
pub mod discovery;
mod error;
pub mod facts;
pub mod functions;
pub mod groups;
pub mod hap;
pub mod kernel_match;
pub mod measure;
pub mod measures;
pub mod metrics;
pub mod model;
pub mod output;
mod parquet_file;

pub mod phase;
pub mod presence;
pub mod progress;
pub mod reach;
mod render;
pub mod repetitions;
pub mod report;
pub mod runs;
pub mod schema;
pub mod sensitivity;
pub mod similarity;
pub mod sources;
pub mod status;
pub mod steady;
pub mod study;
pub mod subsystem;
#[cfg(test)]
mod testing;
pub mod weights;

pub use error::{Error, Result};
