//! Results as text for reading and as tables for machines.

pub(crate) mod completeness;
pub(crate) mod diff;
pub(crate) mod hap;
pub(crate) mod machine;
pub(crate) mod schema;
pub(crate) mod sensitivity;
pub(crate) mod similarity;
pub(crate) mod steady;
mod table;

pub(crate) use table::{Heading, counted, decimal, footer, grid, places, thousands};
