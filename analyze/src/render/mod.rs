//! Results as text for reading and as tables for machines.

pub(crate) mod diff;
pub(crate) mod hap;
pub(crate) mod machine;
mod table;

pub(crate) use table::{Heading, counted, decimal, footer, grid, places, thousands};
