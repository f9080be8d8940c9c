//! What one source file has to say of its functions.

use tree_sitter::Parser;

use super::conditionals::unify_branches;
use super::constructs::{Construct, constructs};
use super::line_starts::LineStarts;
use super::macro_calls::macro_calls;

/// The functions of a file, and the macro calls that make some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct SourceFile {
    /// Functions with a body, sorted by line.
    pub(super) constructs: Vec<Construct>,
    /// First lines of the macro calls outside of bodies, sorted.
    pub(super) macro_calls: Vec<u32>,
}

impl SourceFile {
    /// Parses a text.
    pub(super) fn parse(parser: &mut Parser, text: &[u8]) -> Self {
        let written = text;
        let mut text = text.to_vec();
        unify_branches(&mut text);
        let lines = LineStarts::new(&text);
        let macro_calls = macro_calls(&text).into_iter().map(|call| lines.line(call.start)).collect();
        Self { constructs: constructs(parser, written, &text, &lines), macro_calls }
    }
}
