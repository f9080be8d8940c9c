//! A source text cut into its outermost declarations.
//!
//! The kernel's macros are not C: a parser that meets one guesses, and a wrong guess may swallow the rest of the file.
//! Each declaration is parsed by itself, so that a guess costs no other one.

use std::ops::Range;

use super::tokens::{Kind, Nesting, Tokens};

/// A declaration with something in braces that may be the body of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// From its first token to the closing brace.
    pub(super) text: Range<usize>,
    /// The opening brace.
    pub(super) open: usize,
}

/// The pieces of a text in which every `#if` leaves the nesting as it was.
pub(super) fn pieces(text: &[u8]) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut nesting = Nesting::default();
    let mut piece = Opening::default();
    for token in Tokens::new(text) {
        let Kind::Code(byte) = token.kind else {
            if nesting == Nesting::default() {
                piece = Opening::default();
            }
            continue;
        };
        let start = *piece.start.get_or_insert(token.range.start);
        if nesting.braces == 0 {
            piece.step(byte, token.range.start, nesting);
        }
        nesting.step(byte);
        match byte {
            // Braces within the arguments of a macro end nothing; at the start of a line they end a broken one.
            b'}' if nesting.braces == 0 && (nesting.parentheses == 0 || is_line_start(text, token.range.start)) => {
                let open = piece.open.filter(|_| piece.called && !piece.assigned);
                found.extend(open.map(|open| Piece { text: start..token.range.end, open }));
                piece = Opening::default();
                nesting = Nesting::default();
            }
            b';' if nesting == Nesting::default() => piece = Opening::default(),
            _ => {}
        }
    }
    found
}

fn is_line_start(text: &[u8], place: usize) -> bool {
    place.checked_sub(1).is_none_or(|before| text.get(before) == Some(&b'\n'))
}

/// What is known of a declaration before its braces.
#[derive(Default)]
struct Opening {
    start: Option<usize>,
    open: Option<usize>,
    /// Something in parentheses has been seen.
    called: bool,
    /// An initialiser follows.
    assigned: bool,
}

impl Opening {
    fn step(&mut self, byte: u8, place: usize, nesting: Nesting) {
        match byte {
            b'{' => self.open = self.open.or(Some(place)),
            b')' if nesting.parentheses == 1 => self.called = true,
            b'=' if nesting.parentheses == 0 => self.assigned = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    fn texts(text: &str) -> Vec<&str> {
        pieces(text.as_bytes()).into_iter().map(|piece| &text[piece.text]).collect()
    }

    #[test]
    fn functions_and_macros_with_a_body_are_pieces() {
        let text = "int a;\nint f(void)\n{\n\tif (a) { }\n}\nMACRO(x)\n{\n}\n";
        assert_eq!(texts(text), ["int f(void)\n{\n\tif (a) { }\n}", "MACRO(x)\n{\n}"]);
    }

    #[test]
    fn initialisers_types_and_declarations_are_not() {
        assert_eq!(
            texts("int a[] __attr(x) = { 1 };\nstruct s { int a; };\nint f(void);\n#define M(x) { x }\n"),
            [""; 0]
        );
    }

    #[test]
    fn a_directive_between_declarations_belongs_to_none() {
        assert_eq!(texts("#ifdef A\nint f(void) {}\n#else\nint f(void) {}\n#endif\n"), ["int f(void) {}"; 2]);
        assert_eq!(texts("int f(int a\n#ifdef A\n, int b\n#endif\n) {}").len(), 1);
    }

    #[test]
    fn braces_in_the_arguments_of_a_macro_are_no_body() {
        let text = "TRACE(x, if (a) { } else { })\nint f(void) { }\nBROKEN((\n{\n}\nint g(void) { }";
        assert_eq!(texts(text), ["TRACE(x, if (a) { } else { })\nint f(void) { }", "int g(void) { }"]);
    }

    #[test]
    fn a_brace_too_many_costs_no_more_than_its_declaration() {
        assert_eq!(texts("int f(void) { } }\nint g(void) { }"), ["int f(void) { }", "int g(void) { }"]);
    }
}
