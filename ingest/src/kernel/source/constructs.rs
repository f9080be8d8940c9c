//! Bodies of functions in a source, each with the lines that declare it.

use tree_sitter::{Node, Parser};

use super::complexity::cyclomatic_complexity;
use super::gnu_complexity::gnu_complexity;
use super::line_starts::LineStarts;
use super::pieces::{Piece, pieces};

/// A body in braces and what stands before it: a function, or a macro that makes functions of the body
/// (`SYSCALL_DEFINE2(...) { ... }`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Construct {
    /// First line of the declaration.
    pub(in crate::kernel) head: u32,
    /// Line of the opening brace.
    pub(in crate::kernel) open: u32,
    /// Line of the closing brace.
    pub(in crate::kernel) close: u32,
    /// McCabe's number of the body.
    pub(in crate::kernel) complexity: u32,
    /// GNU complexity's score of the body; none where it has none.
    pub(in crate::kernel) gnu_complexity: Option<u32>,
}

/// All constructs of a text in which every `#if` leaves the nesting as it was, sorted by line. `written` is the text
/// before that, place by place the same.
pub(super) fn constructs(parser: &mut Parser, written: &[u8], text: &[u8], lines: &LineStarts) -> Vec<Construct> {
    let parsed = pieces(text).into_iter().filter_map(|piece| {
        let gnu_complexity = gnu_complexity(written.get(piece.open..piece.text.end)?);
        Some(Construct { gnu_complexity, ..construct(parser, text, &piece, lines)? })
    });
    let mut found: Vec<_> = parsed.collect();
    found.sort_unstable_by_key(|construct| (construct.head, construct.close));
    found
}

fn construct(parser: &mut Parser, text: &[u8], piece: &Piece, lines: &LineStarts) -> Option<Construct> {
    let tree = parser.parse(text.get(piece.text.clone())?, None)?;
    let open = piece.open - piece.text.start;
    let brace = tree.root_node().descendant_for_byte_range(open, open + 1)?;
    let owner = brace.parent();
    if owner.is_some_and(|owner| OTHER_BRACES.contains(&owner.kind())) {
        return None;
    }
    let body = owner.filter(|owner| owner.kind() == "compound_statement" && owner.start_byte() == open);
    let head = body.and_then(|body| head(&body)).map_or(0, |head| head.min(open));
    Some(Construct {
        head: lines.line(piece.text.start + head),
        open: lines.line(piece.open),
        close: lines.line(piece.text.end.saturating_sub(1)),
        complexity: cyclomatic_complexity(&tree, open),
        gnu_complexity: None,
    })
}

/// What owns braces that are no body.
const OTHER_BRACES: [&str; 3] = ["field_declaration_list", "enumerator_list", "initializer_list"];

/// Start of the declaration that a body belongs to: its function definition, or the call of a macro right before it.
fn head(body: &Node<'_>) -> Option<usize> {
    let parent = body.parent()?;
    if parent.kind() == "function_definition" {
        return Some(parent.start_byte());
    }
    let mut before = body.prev_sibling();
    while let Some(comment) = before.filter(|node| node.kind() == "comment") {
        before = comment.prev_sibling();
    }
    before.map(|node| node.start_byte())
}
