//! Bodies of functions in a source, each with the lines that declare it.

use tree_sitter::{Node, Parser};

use super::complexity::cyclomatic_complexity;
use super::conditionals::unify_branches;
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
}

/// All constructs of a text, sorted by line.
pub(super) fn constructs(parser: &mut Parser, mut text: Vec<u8>) -> Vec<Construct> {
    unify_branches(&mut text);
    let lines = LineStarts::new(&text);
    let parsed = pieces(&text).into_iter().filter_map(|piece| construct(parser, &text, &piece, &lines));
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

/// Where the lines of a text start.
struct LineStarts {
    starts: Vec<usize>,
}

impl LineStarts {
    fn new(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self { starts: std::iter::once(0).chain(ends.map(|(place, _)| place + 1)).collect() }
    }

    /// Number of the line at a place, from 1.
    fn line(&self, place: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= place)).unwrap_or(u32::MAX)
    }
}
