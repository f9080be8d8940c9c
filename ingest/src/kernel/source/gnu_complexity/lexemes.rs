//! The tokens of GNU complexity.

use super::super::tokens::{Kind, Tokens};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Also a literal.
    Name,
    Number,
    Relation,
    /// Any operator that is none of the others.
    Arithmetic,
    And,
    Or,
    Assignment,
    Ellipsis,
    Case,
    Default,
    Do,
    Else,
    Extern,
    For,
    Goto,
    If,
    Switch,
    While,
    /// One of `( ) , ; ? [ ] { } :`.
    Mark(u8),
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) word: Word,
    /// Number of its line, of those with code.
    pub(super) line: u32,
}

/// The tokens of a text, up to the first byte that is none of C's.
pub(super) fn lexemes(text: &[u8]) -> Vec<Lexeme> {
    let mut found = Vec::new();
    let mut line = 0;
    let mut end = 0;
    for token in Tokens::new(text) {
        if token.range.start < end {
            continue;
        }
        let Kind::Code(byte) = token.kind else { continue };
        let rest = text.get(token.range.start..).unwrap_or_default();
        let Some((word, length)) = word(byte, rest, token.range.len()) else { break };
        line += u32::from(token.starts_line);
        end = token.range.start + length;
        found.push(Lexeme { word, line });
    }
    found
}

/// The token that a text starts with, and its length. `length` is that of a literal.
fn word(byte: u8, text: &[u8], length: usize) -> Option<(Word, usize)> {
    Some(match byte {
        b'"' | b'\'' => (Word::Name, length),
        b'0'..=b'9' => (Word::Number, name_length(text)),
        byte if is_of_name(byte) => {
            let length = name_length(text);
            (keyword(text.get(..length)?), length)
        }
        b'(' | b')' | b',' | b';' | b'?' | b'[' | b']' | b'{' | b'}' | b':' => (Word::Mark(byte), 1),
        _ => operator(text)?,
    })
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

fn name_length(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_of_name(**byte)).count()
}

fn keyword(name: &[u8]) -> Word {
    match name {
        b"case" => Word::Case,
        b"default" => Word::Default,
        b"do" => Word::Do,
        b"else" => Word::Else,
        b"extern" => Word::Extern,
        b"for" => Word::For,
        b"goto" => Word::Goto,
        b"if" => Word::If,
        b"switch" => Word::Switch,
        b"while" => Word::While,
        _ => Word::Name,
    }
}

/// Longer operators come before those that they start with.
const OPERATORS: [(&[u8], Word); 36] = [
    (b"...", Word::Ellipsis),
    (b"<<=", Word::Assignment),
    (b">>=", Word::Assignment),
    (b"&&", Word::And),
    (b"||", Word::Or),
    (b"==", Word::Relation),
    (b"!=", Word::Relation),
    (b"<=", Word::Relation),
    (b">=", Word::Relation),
    (b"<<", Word::Arithmetic),
    (b">>", Word::Arithmetic),
    (b"++", Word::Arithmetic),
    (b"--", Word::Arithmetic),
    (b"->", Word::Arithmetic),
    (b"%=", Word::Assignment),
    (b"&=", Word::Assignment),
    (b"*=", Word::Assignment),
    (b"+=", Word::Assignment),
    (b"-=", Word::Assignment),
    (b"/=", Word::Assignment),
    (b"^=", Word::Assignment),
    (b"|=", Word::Assignment),
    (b"<", Word::Relation),
    (b">", Word::Relation),
    (b"=", Word::Assignment),
    (b"!", Word::Arithmetic),
    (b"%", Word::Arithmetic),
    (b"&", Word::Arithmetic),
    (b"*", Word::Arithmetic),
    (b"+", Word::Arithmetic),
    (b"-", Word::Arithmetic),
    (b".", Word::Arithmetic),
    (b"/", Word::Arithmetic),
    (b"^", Word::Arithmetic),
    (b"|", Word::Arithmetic),
    (b"~", Word::Arithmetic),
];

fn operator(text: &[u8]) -> Option<(Word, usize)> {
    let (operator, word) = OPERATORS.iter().find(|(operator, _)| text.starts_with(operator))?;
    Some((*word, operator.len()))
}
