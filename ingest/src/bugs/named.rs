//! Which function a record's text names as the faulty one.
//!
//! Three rules, the first that finds something decides; each was read against real records (data/bugs/README.md):
//! 1. `title`: every function of the record's files that the title names, in equal shares.
//! 2. `opening`: the function that the first paragraph of prose begins with ("foo() does not check", "In foo(), ..").
//! 3. `only`: the one function of the files that the prose names at all, if its first paragraph does.
//!
//! Call traces, listings and code are no prose. A title that says "in foo" of a function that the files do not have
//! (inlined, or younger than the kernel) names the place all the same, so the prose's functions are others.

/// The rule that found a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameRule {
    /// The title names it.
    Title,
    /// The prose begins with it.
    Opening,
    /// The prose names no other one.
    Only,
}

impl NameRule {
    /// Every rule, the strongest first.
    pub const ALL: [Self; 3] = [Self::Title, Self::Opening, Self::Only];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Opening => "opening",
            Self::Only => "only",
        }
    }
}

/// Words that may stand before the function that a paragraph begins with.
const OPENERS: [&str; 8] = ["In", "The", "When", "If", "Currently", "Function", "function", "Since"];
/// What lines of a kernel's report begin with.
const REPORT_LINES: [&str; 14] = [
    "[<",
    "RIP",
    "RSP",
    "Code:",
    "Call Trace",
    "Call trace",
    "Workqueue",
    "Hardware name",
    "CPU:",
    "BUG:",
    "WARNING:",
    "Read of",
    "Write of",
    "Modules linked",
];

/// The functions that a text names, of those that `is_defined` knows; each once, in the order of the text.
pub(super) fn named_functions<'t>(
    title: &'t str,
    description: &'t str,
    is_defined: impl Fn(&str) -> bool,
) -> Option<(NameRule, Vec<&'t str>)> {
    let in_title = mentions(title, &is_defined);
    if !in_title.is_empty() {
        return Some((NameRule::Title, in_title));
    }
    if names_another_place(title) {
        return None;
    }
    let paragraphs = prose(description, title);
    let first = paragraphs.first()?;
    if let Some(name) = opening(first).filter(|name| is_defined(name)) {
        return Some((NameRule::Opening, vec![name]));
    }
    let mut all: Vec<_> = paragraphs.iter().flatten().flat_map(|line| mentions(line, &is_defined)).collect();
    all.sort_unstable();
    all.dedup();
    let is_first = |name: &&str| first.iter().any(|line| mentions(line, &is_defined).contains(name));
    (all.len() == 1 && all.iter().all(is_first)).then_some((NameRule::Only, all))
}

/// An identifier in a text, with what follows it.
struct Word<'t> {
    text: &'t str,
    rest: &'t str,
}

impl Word<'_> {
    /// Whether it can hardly be an English word: it is called, or has an underscore within.
    fn looks_like_a_function(&self) -> bool {
        self.rest.starts_with('(') || self.text.trim_matches('_').contains('_')
    }
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_part)?;
        let (_, from) = rest.split_at_checked(start)?;
        let (word, after) = from.split_at_checked(from.find(|c| !is_part(c)).unwrap_or(from.len()))?;
        rest = after;
        Some(Word { text: word, rest: after })
    })
}

/// Functions that a text names, each once.
fn mentions<'t>(text: &'t str, is_defined: &impl Fn(&str) -> bool) -> Vec<&'t str> {
    let mut found = Vec::new();
    for word in words(text).filter(Word::looks_like_a_function) {
        if is_defined(word.text) && !found.contains(&word.text) {
            found.push(word.text);
        }
    }
    found
}

/// Whether a title that names no function of the files says "in foo" of another one.
fn names_another_place(title: &str) -> bool {
    let mut before = "";
    words(title).any(|word| {
        let is_place = matches!(before, "in" | "of") && word.looks_like_a_function();
        before = word.text;
        is_place
    })
}

/// The function that a paragraph begins with, after a word or two that may stand before it.
fn opening<'t>(paragraph: &[&'t str]) -> Option<&'t str> {
    let mut words = paragraph.iter().flat_map(|line| words(line)).skip_while(|word| OPENERS.contains(&word.text));
    words.next().filter(Word::looks_like_a_function).map(|word| word.text)
}

/// Paragraphs of a description, without the title, listings and reports.
fn prose<'t>(description: &'t str, title: &str) -> Vec<Vec<&'t str>> {
    let mut paragraphs: Vec<Vec<&str>> = Vec::new();
    let mut is_new = true;
    // The first line is the same in every record: "In the Linux kernel, ..".
    for line in description.lines().skip(1) {
        if line.trim().is_empty() || line.trim() == title.trim() || is_listing(line) {
            is_new = true;
            continue;
        }
        match paragraphs.last_mut() {
            Some(paragraph) if !is_new => paragraph.push(line),
            _ => paragraphs.push(vec![line]),
        }
        is_new = false;
    }
    paragraphs
}

/// Whether a line is code, a command, or part of a kernel's report.
fn is_listing(line: &str) -> bool {
    let text = line.trim_start();
    line.starts_with('\t')
        || line.starts_with("    ")
        || line.contains("+0x")
        || line.contains("[inline]")
        || has_source_position(line)
        || is_time_stamped(text)
        || REPORT_LINES.iter().any(|start| text.starts_with(start))
}

/// Whether a line has a position such as `net/core/dev.c:123`.
fn has_source_position(line: &str) -> bool {
    [".c:", ".h:"]
        .iter()
        .any(|mark| line.split(mark).skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_digit())))
}

/// Whether a line begins like one of the kernel's log: `[  710.124450] `.
fn is_time_stamped(text: &str) -> bool {
    let stamp = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(stamp, _)| stamp.trim());
    stamp.is_some_and(|stamp| stamp.contains('.') && stamp.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

#[cfg(test)]
mod tests {
    use super::{NameRule, named_functions};

    const FILES: [&str; 6] = ["foo_open", "foo_close", "read", "kfree_foo", "__init", "foo"];

    fn named(title: &str, body: &str) -> Option<(NameRule, Vec<String>)> {
        let text = format!("In the Linux kernel, the following vulnerability has been resolved:\n\n{title}\n\n{body}");
        let found = named_functions(title, &text, |name| FILES.contains(&name));
        found.map(|(rule, names)| (rule, names.into_iter().map(str::to_owned).collect()))
    }

    fn one(rule: NameRule, name: &str) -> (NameRule, Vec<String>) {
        (rule, vec![name.to_owned()])
    }

    #[test]
    fn the_title_comes_before_the_prose_and_may_name_several() {
        let found = named("x: fix race of foo_close() and foo_open(), foo_close", "kfree_foo() is called twice.");
        assert_eq!(found, Some((NameRule::Title, vec!["foo_close".to_owned(), "foo_open".to_owned()])));
    }

    #[test]
    fn english_words_need_brackets() {
        assert_eq!(named("foo: fix read of __init data", "Bad."), None);
        assert_eq!(named("x: fix overflow in read()", "Bad."), Some(one(NameRule::Title, "read")));
        assert_eq!(named("x: fix overflow in foo_open", "Bad."), Some(one(NameRule::Title, "foo_open")));
    }

    #[test]
    fn an_identifier_is_a_whole_word() {
        assert_eq!(named("x: fix my_foo_open and foo_open2", "All is bad."), None);
        assert_eq!(named("x: fix `foo_open`.", "All is bad."), Some(one(NameRule::Title, "foo_open")));
    }

    #[test]
    fn prose_that_begins_with_a_function_is_about_it() {
        let body = "In foo_open(), the lock is\nnot taken. foo_close() takes it.\n\nFix that.";
        assert_eq!(named("x: fix lock", body), Some(one(NameRule::Opening, "foo_open")));
        assert_eq!(named("x: fix lock", "The function `foo_close` leaks."), Some(one(NameRule::Opening, "foo_close")));
        assert_eq!(named("x: fix lock", "Both foo_open() and foo_close() leak."), None);
    }

    #[test]
    fn a_single_function_in_the_prose_counts_if_the_first_paragraph_has_it() {
        assert_eq!(
            named("x: fix", "A reader of foo_open() sees junk.\n\nMore."),
            Some(one(NameRule::Only, "foo_open"))
        );
        assert_eq!(named("x: fix", "A reader sees junk.\n\nSee foo_open()."), None);
    }

    #[test]
    fn call_traces_and_listings_name_nothing() {
        let body = "A crash:\n\n[  12.345678] foo_close failed\n foo_open+0x10/0x20\n foo_close fs/foo.c:12\n\tkfree_foo(x);\n foo_open \
                    [inline]\n RIP: 0010:foo_close\n    foo_open();\n";
        assert_eq!(named("x: fix", body), None);
    }

    #[test]
    fn a_title_that_names_a_place_outside_the_files_keeps_the_prose_out() {
        assert_eq!(named("x: fix leak in bar_inlined()", "foo_open() calls bar_inlined()."), None);
        assert_eq!(named("x: fix leak in the driver", "foo_open() leaks."), Some(one(NameRule::Opening, "foo_open")));
    }
}
