//! The program as its users see it: stdout, stderr and exit code.

mod dataset;
mod diff;
mod hap;
mod report;
mod schema;
mod trust;
mod weight;
mod weight_loops;
