//! Functions of C sources: where they start and end, and how complex they are.
//!
//! ```text
//! tokens         code apart from comments, literals and directives
//! conditionals   makes one text of the branches of an #if that cannot all stand in one parse tree
//! pieces         the outermost declarations of the text
//! constructs     those that are functions (tree-sitter): the lines of their head and body
//! macro_calls    calls where declarations stand, which make functions too
//! complexity     McCabe's number of a body
//! gnu_complexity the score of a body by the definition of GNU complexity
//! extents        which construct each function of the kernel table comes from, by (file, line)
//! source_file, read   one file; those that the table names, in parallel
//! ```
//!
//! The text is read as it is written: macros are not expanded, and code of every configuration counts.

mod complexity;
mod conditionals;
mod constructs;
mod extents;
mod gnu_complexity;
mod line_starts;
mod macro_calls;
mod pieces;
mod read;
mod source_file;
mod tokens;

pub(super) use extents::{Extent, ExtentRule, Instance, source_extents};
pub(super) use read::read_sources;
use source_file::SourceFile;
