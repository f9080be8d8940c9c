//! Bodies of functions in a source, each with the lines that declare it.

use tree_sitter::{Node, Parser};

use super::complexity::{cyclomatic_complexity, goto_next};
use super::conditionals::unify_branches;

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
    let Some(tree) = parser.parse(&text, None) else { return Vec::new() };
    let mut cursor = tree.walk();
    let mut found = Vec::new();
    loop {
        let node = cursor.node();
        // Bodies do not nest: what is below one is a statement of it.
        let is_body = node.kind() == "compound_statement";
        if is_body && let Some(head) = head(&node) {
            found.push(Construct {
                head: head.min(line(node.start_position())),
                open: line(node.start_position()),
                close: line(node.end_position()),
                complexity: cyclomatic_complexity(node),
            });
        }
        if !(!is_body && cursor.goto_first_child()) && !goto_next(&mut cursor) {
            break;
        }
    }
    found.sort_unstable_by_key(|construct| (construct.head, construct.close));
    found
}

/// Line of the declaration that a body belongs to: its function definition, or the call of a macro right before it.
fn head(body: &Node<'_>) -> Option<u32> {
    let parent = body.parent()?;
    if parent.kind() == "function_definition" {
        return Some(line(parent.start_position()));
    }
    let mut before = body.prev_sibling();
    while let Some(comment) = before.filter(|node| node.kind() == "comment") {
        before = comment.prev_sibling();
    }
    before.map(|node| line(node.start_position()))
}

fn line(point: tree_sitter::Point) -> u32 {
    u32::try_from(point.row).unwrap_or(u32::MAX - 1) + 1
}
