//! As much of C's lexical grammar as tells code from comments, literals and directives.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A preprocessor directive, with its continued lines.
    Directive,
    /// Any other byte of code, or a whole string or character literal.
    Code(u8),
}

/// A piece of text that is no space and no comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
    /// First of its line; a line that only a comment breaks is one.
    pub(super) starts_line: bool,
}

/// The tokens of a text.
pub(super) struct Tokens<'t> {
    text: &'t [u8],
    place: usize,
    line_start: bool,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self { text, place: 0, line_start: true }
    }

    fn at(&self, place: usize) -> Option<u8> {
        self.text.get(place).copied()
    }

    fn place_of(&self, from: usize, end: &[u8]) -> Option<usize> {
        let rest = self.text.get(from..)?;
        rest.windows(end.len()).position(|window| window == end).map(|length| from + length)
    }

    fn comment_end(&self, from: usize) -> usize {
        self.place_of(from + 2, b"*/").map_or(self.text.len(), |end| end + 2)
    }

    /// End of a directive: of its last continued line, comments within it included.
    fn directive_end(&self, mut place: usize) -> usize {
        loop {
            match (self.at(place), self.at(place + 1)) {
                (None, _) => return self.text.len(),
                (Some(b'\n'), _) => return place,
                (Some(b'\\'), Some(b'\r')) => place += 3,
                (Some(b'\\'), Some(_)) => place += 2,
                (Some(b'/'), Some(b'*')) => place = self.comment_end(place),
                _ => place += 1,
            }
        }
    }

    /// End of a string or character; one that its line does not end is no literal.
    fn literal_end(&self, start: usize, quote: u8) -> usize {
        let mut place = start + 1;
        while let Some(byte) = self.at(place) {
            match byte {
                b'\\' => place += 2,
                b'\n' => return start + 1,
                byte if byte == quote => return place + 1,
                _ => place += 1,
            }
        }
        self.text.len()
    }

    fn token(&mut self, kind: Kind, end: usize) -> Token {
        let range = self.place..end.min(self.text.len());
        self.place = range.end;
        let starts_line = self.line_start;
        // Nothing but code can stand between a directive and the end of its line.
        self.line_start = kind == Kind::Directive;
        Token { kind, range, starts_line }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let byte = self.at(self.place)?;
            match (byte, self.at(self.place + 1)) {
                (b'\n', _) => {
                    self.line_start = true;
                    self.place += 1;
                }
                (b' ' | b'\t' | b'\r' | b'\x0c', _) => self.place += 1,
                (b'/', Some(b'/')) => self.place = self.place_of(self.place, b"\n").unwrap_or(self.text.len()),
                (b'/', Some(b'*')) => self.place = self.comment_end(self.place),
                (b'#', _) if self.line_start => {
                    let end = self.directive_end(self.place);
                    return Some(self.token(Kind::Directive, end));
                }
                _ => {
                    let end = match byte {
                        b'"' | b'\'' => self.literal_end(self.place, byte),
                        _ => self.place + 1,
                    };
                    return Some(self.token(Kind::Code(byte), end));
                }
            }
        }
    }
}

/// Open braces and parentheses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Nesting {
    pub(super) braces: i32,
    pub(super) parentheses: i32,
}

impl Nesting {
    /// Goes over a byte of code. Text that closes more than it opened starts anew.
    pub(super) fn step(&mut self, byte: u8) {
        match byte {
            b'{' => self.braces += 1,
            b'}' => self.braces = (self.braces - 1).max(0),
            b'(' => self.parentheses += 1,
            b')' => self.parentheses = (self.parentheses - 1).max(0),
            _ => {}
        }
    }
}
