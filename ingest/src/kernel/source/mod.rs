//! Functions of C sources: where they start and end, and how complex they are.
//!
//! ```text
//! tokens         code apart from comments, literals and directives
//! conditionals   makes one text of the branches of an #if that cannot all stand in one parse tree
//! pieces         the outermost declarations of the text
//! constructs     those that are functions (tree-sitter): the lines of their head and body
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
mod pieces;
mod read;
mod tokens;

pub(super) use constructs::Construct;
pub(super) use extents::{Extent, ExtentRule, Instance, source_extents};
pub(super) use read::read_sources;
