//! Functions of C sources: where they start and end, and how complex they are.
//!
//! ```text
//! conditionals   makes one text of the branches of an #if that cannot all stand in one parse tree
//! constructs     bodies of functions in the tree, each with the lines that declare it
//! complexity     McCabe's number of a body
//! extents        which construct each function of the kernel table comes from, by (file, line)
//! read           the files that the table names, in parallel
//! ```
//!
//! The text is read as it is written: macros are not expanded, and code of every configuration counts.

mod complexity;
mod conditionals;
mod constructs;
mod extents;
mod read;

pub(super) use constructs::Construct;
pub(super) use extents::{Extent, ExtentRule, Instance, source_extents};
pub(super) use read::read_sources;
