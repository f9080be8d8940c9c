//! Conditional groups whose branches open or close a brace differently.
//!
//! A parse tree has one nesting, so only one branch of such a group can be in it: the first. The others, and the
//! directives of the group, become spaces, so that every line keeps its number. Groups with whole functions or whole
//! statements in their branches stay, and so do all their branches, but for those that C never compiles: `#if 0` and
//! `#ifdef __cplusplus`. Definitions of macros within functions become spaces too.

use std::ops::Range;

use super::tokens::{Kind, Nesting, Tokens};

/// Blanks what cannot stand beside its alternative. Lines and bytes keep their places.
pub(super) fn unify_branches(text: &mut [u8]) {
    let mut scan = Scan::default();
    for token in Tokens::new(text) {
        match token.kind {
            Kind::Directive => scan.directive(text.get(token.range.clone()).unwrap_or_default(), token.range),
            Kind::Code(byte) => scan.code(byte),
        }
    }
    for range in scan.blanks {
        for byte in text.get_mut(range).into_iter().flatten().filter(|byte| !matches!(**byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
}

/// `#if` to `#endif`.
#[derive(Debug)]
struct Group {
    before: Nesting,
    /// Directives of the group: `#if`, `#else` and so on.
    directives: Vec<Range<usize>>,
    branches: Vec<Branch>,
    /// Whether the branch that is open can be compiled at all.
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
struct Scan {
    nesting: Nesting,
    groups: Vec<Group>,
    /// A group that has just ended, for as long as nothing but space follows.
    ended: Option<Group>,
    blanks: Vec<Range<usize>>,
}

impl Scan {
    fn code(&mut self, byte: u8) {
        if let Some(group) = self.ended.take()
            && byte == b'{'
            && group.before.braces == 0
            && group.branches.len() > 1
        {
            // Each branch was the head of a function whose body is common.
            self.keep_one_branch(&group);
        }
        self.nesting.step(byte);
    }

    fn directive(&mut self, text: &[u8], range: Range<usize>) {
        let body = text.get(1..).unwrap_or_default().trim_ascii_start();
        let (name, condition) = body.split_at(body.iter().take_while(|byte| byte.is_ascii_alphabetic()).count());
        match name {
            b"if" => self.open(range, condition.trim_ascii() != b"0"),
            b"ifdef" => self.open(range, condition.trim_ascii() != b"__cplusplus"),
            b"ifndef" => self.open(range, true),
            b"elif" | b"else" => {
                self.ended = None;
                self.end_branch(range);
            }
            b"endif" => self.close(range),
            // Within a function a parser takes the text of a macro for statements, after a broken one at least.
            b"define" if self.nesting.braces > 0 => self.blanks.push(range),
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

    fn close(&mut self, directive: Range<usize>) {
        self.end_branch(directive);
        let Some(group) = self.groups.pop() else { return };
        self.nesting = kept_branch(&group).map_or(group.before, |branch| branch.after);
        if group.branches.iter().any(|branch| branch.after != group.before) {
            self.keep_one_branch(&group);
        }
        let disabled = group.branches.iter().filter(|branch| !branch.enabled);
        self.blanks.extend(disabled.map(|branch| branch.content.clone()));
        self.ended = Some(group);
    }

    fn keep_one_branch(&mut self, group: &Group) {
        let kept = kept_branch(group).map(|branch| branch.content.start);
        self.blanks.extend(group.directives.iter().cloned());
        let others = group.branches.iter().filter(|branch| Some(branch.content.start) != kept);
        self.blanks.extend(others.map(|branch| branch.content.clone()));
    }
}

/// The branch that stands for the group; none when no branch is ever compiled.
fn kept_branch(group: &Group) -> Option<&Branch> {
    group.branches.iter().find(|branch| branch.enabled)
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
    fn what_c_never_compiles_is_blank() {
        assert_eq!(unified("#ifdef __cplusplus\nextern {\n#endif\nint a;\n"), "\n\n\nint a;");
        assert_eq!(unified("#if 0\nint a;\n#endif\nint b;\n"), "#if 0\n\n#endif\nint b;");
    }

    #[test]
    fn definitions_within_functions_are_blank() {
        let text = "#define A if (a) { \\\n b\nint f(void)\n{\n#define C if (c) \\\n d\n\tA;\n}";
        assert_eq!(unified(text), "#define A if (a) { \\\n b\nint f(void)\n{\n\n\n\tA;\n}");
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
