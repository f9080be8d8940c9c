//! The score of a function under the definition of GNU complexity 1.13.
//!
//! Statements count the lines that they take, at least one each; what a branch or loop holds counts [`NESTING`] times,
//! level upon level; an expression in parentheses adds for its own lines, its commas and its mix of operators; the sum is
//! divided by [`SCALE`]. The definition is no more than what that program does, so its ways are kept: directives are
//! skipped and all branches of an `#if` read one after the other; a `goto` behind an `if` counts twice; a text in which
//! it loses its way has no score.
//!
//! ```text
//! lexemes     its tokens, each with its line of code
//! operators   what the operators of one expression cost
//! scorer      the statements
//! ```

mod lexemes;
mod operators;
mod scorer;

use lexemes::lexemes;
use scorer::Scorer;

/// What one level of nesting multiplies by.
const NESTING: f64 = 1.9;
/// What a level of parentheses multiplies by: the square root of [`NESTING`].
const PARENTHESES: f64 = 1.378_404_875_209_022_3;
/// What the sum is divided by.
const SCALE: f64 = 19.0;
/// A sum this large is no score.
const LIMIT: f64 = 999_999.0;

/// The score of a function, from its opening brace on; none where the program has none.
pub(super) fn gnu_complexity(braces: &[u8]) -> Option<u32> {
    let (body, goes_on) = body(braces.get(1..)?);
    let lexemes = lexemes(body);
    let sum = Scorer::new(&lexemes).sum(goes_on)?;
    let score = (sum / SCALE + 0.9).floor();
    (sum < LIMIT && score < LIMIT).then_some(score.max(0.0) as u32)
}

/// What follows the opening brace, up to where the program looks for the end: the first brace that closes on the same
/// line, else the first one at the start of a line; and whether that lies beyond the text.
fn body(rest: &[u8]) -> (&[u8], bool) {
    let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let same_line = rest.iter().take(line).position(|byte| *byte == b'}');
    let own_line = || rest.windows(2).position(|pair| pair == b"\n}").map(|before| before + 1);
    match same_line.or_else(own_line).and_then(|end| rest.get(..=end)) {
        Some(body) => (body, false),
        None => (rest, true),
    }
}

#[cfg(test)]
mod tests {
    use super::gnu_complexity;

    fn score(text: &str) -> Option<u32> {
        gnu_complexity(&text.as_bytes()[text.find('{').unwrap()..])
    }

    /// Statements of one line each, to be seen beside a score that is divided by 19.
    fn statements(count: usize) -> String {
        "\ta = b;\n".repeat(count)
    }

    #[test]
    fn a_statement_counts_its_lines() {
        assert_eq!(score(&format!("int f(void)\n{{\n{}}}\n", statements(19))), Some(1));
        assert_eq!(score(&format!("int f(void)\n{{\n{}}}\n", statements(38))), Some(2));
        assert_eq!(score("int f(void) { return 0; }\n"), Some(0));
    }

    #[test]
    fn what_a_branch_holds_counts_for_more() {
        let text = format!("int f(int a)\n{{\n\tif (a) {{\n{}\t}}\n}}\n", statements(20));
        // 1 for the condition + 1 + 20 x 1.9.
        assert_eq!(score(&text), Some(2));
        let text = format!("int f(int a)\n{{\n\tif (a) {{\n\tif (a) {{\n{}\t}}\n\t}}\n}}\n", statements(20));
        assert_eq!(score(&text), Some(4));
    }

    #[test]
    fn a_text_that_is_no_function_has_no_score() {
        for text in ["int f(void) {", "int f(void)\n{\n\tif a;\n}\n", "int f(void)\n{\n\t((\n}\n", "{\n\tcase {\n}\n"] {
            assert_eq!(score(text), None, "{text}");
        }
    }
}
