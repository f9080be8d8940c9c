//! Calls of macros that stand where declarations do.
//!
//! `TRACE_EVENT(name, ...)` and `DEVICE_ATTR_RO(name);` make functions whose text is elsewhere: the debug information
//! gives them the line of the call.

use std::ops::Range;

use super::tokens::{Kind, Nesting, Tokens};

/// Words that may stand before such a call.
const SPECIFIERS: [&[u8]; 4] = [b"static", b"inline", b"extern", b"const"];

/// The calls of a text, each from the name to the closing parenthesis, in the order of the text.
pub(super) fn macro_calls(text: &[u8]) -> Vec<Range<usize>> {
    let mut scan = Scan { text, nesting: Nesting::default(), words: Vec::new(), open: None, found: Vec::new() };
    for token in Tokens::new(text) {
        match token.kind {
            Kind::Directive if scan.nesting == Nesting::default() => scan.words.clear(),
            Kind::Directive => {}
            Kind::Code(byte) => scan.code(byte, token.range),
        }
    }
    scan.found
}

struct Scan<'t> {
    text: &'t [u8],
    nesting: Nesting,
    /// Words of the declaration so far, outside of anything nested.
    words: Vec<Range<usize>>,
    /// Start of the call whose arguments are being read.
    open: Option<usize>,
    found: Vec<Range<usize>>,
}

impl Scan<'_> {
    fn code(&mut self, byte: u8, range: Range<usize>) {
        if self.nesting == Nesting::default() {
            match byte {
                b'(' => self.open = self.callee(),
                byte if byte.is_ascii_alphanumeric() || byte == b'_' => self.word(range.clone()),
                b';' | b'}' => self.words.clear(),
                // An operator or a bracket: the declaration is something else.
                _ => self.words.push(range.clone()),
            }
        }
        self.nesting.step(byte);
        if self.nesting == Nesting::default() && matches!(byte, b')' | b'}') {
            let start = self.open.take().filter(|_| byte == b')');
            self.found.extend(start.map(|start| start..range.end));
            self.words.clear();
        }
    }

    /// Adds a byte to the word that it continues, or starts one.
    fn word(&mut self, byte: Range<usize>) {
        match self.words.last_mut().filter(|word| word.end == byte.start) {
            Some(word) => word.end = byte.end,
            None => self.words.push(byte),
        }
    }

    /// Start of the last word, if a call may begin with it.
    fn callee(&self) -> Option<usize> {
        let (name, before) = self.words.split_last()?;
        let of_text = |word: &Range<usize>| self.text.get(word.clone()).unwrap_or_default();
        let is_name = of_text(name).first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
        (is_name && before.iter().all(|word| SPECIFIERS.contains(&of_text(word)))).then_some(name.start)
    }
}

#[cfg(test)]
mod tests {
    use super::macro_calls;

    fn texts(text: &str) -> Vec<&str> {
        macro_calls(text.as_bytes()).into_iter().map(|call| &text[call]).collect()
    }

    #[test]
    fn calls_where_declarations_stand_are_found_with_and_without_semicolon() {
        let text = "ATTR(a);\nATTR(b)\nstatic ATTR (c, \")\");\n#define D(x) x\nATTR(d)\nint e;\nmodule_init(f);";
        assert_eq!(texts(text), ["ATTR(a)", "ATTR(b)", "ATTR (c, \")\")", "ATTR(d)", "module_init(f)"]);
    }

    #[test]
    fn braces_in_the_arguments_belong_to_the_call() {
        let text = "TRACE_EVENT(a,\n\tTP_fast_assign(if (b) { c(); } d = 1;),\n\tTP_printk(\"%d\", e)\n);\nATTR(f);";
        let calls = texts(text);
        assert_eq!((calls.len(), calls[1]), (2, "ATTR(f)"));
        assert!(calls[0].starts_with("TRACE_EVENT(a,") && calls[0].ends_with("e)\n)"));
    }

    #[test]
    fn functions_prototypes_and_what_is_in_braces_are_no_calls() {
        assert_eq!(texts("int f(int a);\nstruct s *g(void)\n{\n\tcall(1);\n}\nint x = y(2);\n"), [""; 0]);
        assert_eq!(texts("struct s { int a; } t;\nint b[] = { c(1) };\n"), [""; 0]);
    }

    #[test]
    fn broken_text_ends_the_scan() {
        for text in ["(", "a(", ")(", "a(}", "{a(", "a)(b"] {
            let _ = macro_calls(text.as_bytes());
        }
        assert_eq!(texts("}a(b)"), ["a(b)"]);
    }
}
