//! Statistics: pure functions of numbers and sets, each with a test against an independent implementation or a published
//! example. No frame, no file, no clock; every random sequence has a fixed seed.

pub mod bootstrap;
pub mod chao2;
pub mod coverage;
pub mod false_discovery;
pub mod fisher;
pub mod function_set;
pub mod incidence;
pub mod kendall_tau;
pub mod mann_kendall;
pub mod mser;
#[cfg(test)]
pub(crate) mod oracle;
pub mod order;
pub mod permutation;
pub mod random;
pub mod resampled_coverage;
