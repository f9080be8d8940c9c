//! Conditional groups whose branches open or close a brace differently.
//!
//! A parse tree has one nesting, so only one branch of such a group can be in it: the first that is not `#if 0`. The
//! others, and the directives of the group, become spaces, so that every line keeps its number. Groups with whole
//! functions or whole statements in their branches stay, and so do all their branches.

use std::ops::Range;

/// Blanks what cannot stand beside its alternative. Lines and bytes keep their places.
pub(super) fn unify_branches(text: &mut [u8]) {
    let mut scan = Scan { text, ..Scan::default() };
    scan.run();
    let blanks = std::mem::take(&mut scan.blanks);
    for range in blanks {
        for byte in text.get_mut(range).into_iter().flatten().filter(|byte| !matches!(**byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
}

/// Open braces and parentheses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Nesting {
    braces: i32,
    parentheses: i32,
}

/// `#if` to `#endif`.
#[derive(Debug)]
struct Group {
    before: Nesting,
    /// Directives of the group: `#if`, `#else` and so on.
    directives: Vec<Range<usize>>,
    /// Nesting behind each branch, and whether the branch can be compiled at all.
    branches: Vec<Branch>,
    enabled: bool,
}

#[derive(Debug)]
struct Branch {
    content: Range<usize>,
    after: Nesting,
    enabled: bool,
}

/// One pass over a text.
#[derive(Default)]
struct Scan<'t> {
    text: &'t [u8],
    place: usize,
    nesting: Nesting,
    groups: Vec<Group>,
    /// A group that has just ended, for as long as nothing but space follows.
    ended: Option<Group>,
    blanks: Vec<Range<usize>>,
}

impl Scan<'_> {
    fn run(&mut self) {
        let mut line_start = true;
        while let Some(byte) = self.text.get(self.place).copied() {
            let next = self.text.get(self.place + 1).copied();
            match (byte, next) {
                (b'\n', _) => self.place += 1,
                (b' ' | b'\t' | b'\r' | b'\x0c', _) => {
                    self.place += 1;
                    continue;
                }
                (b'/', Some(b'/')) => self.place = self.line_end(self.place),
                (b'/', Some(b'*')) => {
                    self.place = self.comment_end(self.place);
                    continue;
                }
                (b'#', _) if line_start => self.directive(),
                _ => self.token(byte),
            }
            line_start = byte == b'\n';
        }
    }

    fn token(&mut self, byte: u8) {
        if let Some(group) = self.ended.take()
            && byte == b'{'
            && group.before.braces == 0
            && group.branches.len() > 1
        {
            // Each branch was the head of a function whose body is common.
            self.keep_one_branch(&group);
        }
        match byte {
            b'"' | b'\'' => {
                self.place = self.literal_end(byte);
                return;
            }
            b'{' => self.nesting.braces += 1,
            b'}' => self.nesting.braces -= 1,
            b'(' => self.nesting.parentheses += 1,
            b')' => self.nesting.parentheses -= 1,
            _ => {}
        }
        self.place += 1;
    }

    fn directive(&mut self) {
        let start = self.place;
        let end = self.directive_end();
        let body = self.text.get(start + 1..end).unwrap_or_default().trim_ascii_start();
        let length = body.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (name, condition) = body.split_at(length);
        self.place = end;
        match name {
            b"if" | b"ifdef" | b"ifndef" => self.open(start..end, condition.trim_ascii() != b"0"),
            b"elif" | b"else" => self.next_branch(start..end),
            b"endif" => self.close(start..end),
            _ => {}
        }
    }

    fn open(&mut self, directive: Range<usize>, enabled: bool) {
        self.ended = None;
        self.groups.push(Group { before: self.nesting, directives: vec![directive], branches: Vec::new(), enabled });
    }

    fn end_branch(&mut self, directive: Range<usize>) {
        let after = self.nesting;
        if let Some(group) = self.groups.last_mut() {
            let content = group.directives.last().map_or(0, |last| last.end)..directive.start;
            group.branches.push(Branch { content, after, enabled: group.enabled });
            group.directives.push(directive);
            group.enabled = true;
            self.nesting = group.before;
        }
    }

    fn next_branch(&mut self, directive: Range<usize>) {
        self.ended = None;
        self.end_branch(directive);
    }

    fn close(&mut self, directive: Range<usize>) {
        self.end_branch(directive);
        let Some(group) = self.groups.pop() else { return };
        self.nesting = kept_branch(&group).map_or(group.before, |branch| branch.after);
        if group.branches.iter().any(|branch| branch.after != group.before) {
            self.keep_one_branch(&group);
        }
        self.ended = Some(group);
    }

    fn keep_one_branch(&mut self, group: &Group) {
        let kept = kept_branch(group).map(|branch| branch.content.start);
        self.blanks.extend(group.directives.iter().cloned());
        let others = group.branches.iter().filter(|branch| Some(branch.content.start) != kept);
        self.blanks.extend(others.map(|branch| branch.content.clone()));
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.text.len(), |length| from + length)
    }

    /// End of a directive: of its last continued line, comments within it included.
    fn directive_end(&self) -> usize {
        let mut place = self.place;
        loop {
            match (self.text.get(place).copied(), self.text.get(place + 1).copied()) {
                (None, _) => return self.text.len(),
                (Some(b'\n'), _) => return place,
                (Some(b'\\'), Some(b'\r')) => place += 3,
                (Some(b'\\'), Some(_)) => place += 2,
                (Some(b'/'), Some(b'*')) => place = self.comment_end(place),
                _ => place += 1,
            }
        }
    }

    fn comment_end(&self, from: usize) -> usize {
        let rest = self.text.get(from + 2..).unwrap_or_default();
        rest.windows(2).position(|pair| pair == b"*/").map_or(self.text.len(), |length| from + length + 4)
    }

    /// End of a string or character; one that its line does not end is no literal.
    fn literal_end(&self, quote: u8) -> usize {
        let mut place = self.place + 1;
        while let Some(byte) = self.text.get(place).copied() {
            match byte {
                b'\\' => place += 2,
                b'\n' => return self.place + 1,
                byte if byte == quote => return place + 1,
                _ => place += 1,
            }
        }
        self.text.len()
    }
}

/// The branch that stands for the group.
fn kept_branch(group: &Group) -> Option<&Branch> {
    group.branches.iter().find(|branch| branch.enabled).or(group.branches.first())
}

#[cfg(test)]
mod tests {
    use super::unify_branches;

    fn unified(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        unify_branches(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn of_two_branches_that_open_a_brace_the_first_stays() {
        let text = "#ifdef A\nif (x) {\n#else\nif (y) {\n#endif\n}\n";
        assert_eq!(unified(text), "\nif (x) {\n\n\n\n}");
    }

    #[test]
    fn a_branch_that_is_never_compiled_gives_way() {
        assert_eq!(unified("#if 0\nif (x) {\n#else\nif (y) {\n#endif\n}\n"), "\n\n\nif (y) {\n\n}");
    }

    #[test]
    fn whole_functions_in_branches_stay() {
        let text = "#ifdef A\nint f(void) { return 1; }\n#else\nint f(void) { return 2; }\n#endif\n";
        assert_eq!(unified(text), text.trim_end());
    }

    #[test]
    fn of_two_heads_of_one_body_the_first_stays() {
        let text = "#ifdef A\nint f(int a)\n#else\nint g(int a)\n#endif\n/* { */\n{\n}\n";
        assert_eq!(unified(text), "\nint f(int a)\n\n\n\n/* { */\n{\n}");
    }

    #[test]
    fn groups_within_groups_are_judged_by_themselves() {
        let text = "#ifdef A\n#ifdef B\nx(\n#else\ny(\n#endif\n1);\n#endif\n";
        assert_eq!(unified(text), "#ifdef A\n\nx(\n\n\n\n1);\n#endif");
    }

    #[test]
    fn braces_in_comments_strings_characters_and_macros_do_not_count() {
        let text = "#if A /*\n */ && B\nf(\"{\\\"\", '{'); // {\n#define M { \\\n {\n#endif\n";
        assert_eq!(unified(text), text.trim_end());
    }

    #[test]
    fn broken_text_ends_the_scan() {
        for text in ["#if", "#endif\n#else\n", "\"abc", "/* abc", "'\\", "#if A\\", "#if 1\n{"] {
            let _ = unified(text);
        }
    }
}
