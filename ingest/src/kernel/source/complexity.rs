//! McCabe's cyclomatic number of a function as it is written.
//!
//! 1 for the function, and 1 for each `if`, `for`, `while` (also that of `do`), `case`, `&&`, `||` and `?` (also that of
//! GNU's `a ?: b`) between its braces, statement expressions included. `default`, `else`, `goto` and `switch` itself add
//! nothing, nor do the conditions of `#if` and what a macro hides (`list_for_each_entry` is a call).

use tree_sitter::{Node, Tree, TreeCursor};

const DECISIONS: [&str; 7] = ["if", "for", "while", "case", "&&", "||", "?"];

/// McCabe's number of what follows the opening brace.
///
/// Tokens are counted, not statements: where a macro breaks the grammar, its tokens are still leaves of the tree.
pub(super) fn cyclomatic_complexity(tree: &Tree, open: usize) -> u32 {
    let mut cursor = tree.walk();
    let mut complexity = 1;
    loop {
        let node = cursor.node();
        if node.child_count() == 0 && node.start_byte() > open && DECISIONS.contains(&node.kind()) {
            complexity += 1;
        }
        let hidden = node.is_missing() || (cursor.field_name() == Some("condition") && is_of_directive(&node));
        if (hidden || !cursor.goto_first_child()) && !goto_next(&mut cursor) {
            return complexity;
        }
    }
}

/// Whether a condition is that of an `#if`.
fn is_of_directive(condition: &Node<'_>) -> bool {
    condition.parent().is_some_and(|parent| matches!(parent.kind(), "preproc_if" | "preproc_elif"))
}

/// Steps to the next node that is not below the current one; false at the end.
fn goto_next(cursor: &mut TreeCursor<'_>) -> bool {
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    true
}
