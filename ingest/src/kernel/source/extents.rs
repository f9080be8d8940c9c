//! Which construct each source function comes from.
//!
//! A function is matched by file and line, never by name: it is the construct whose declaration holds the line that the
//! debug information gives. Several functions may come from one construct: `SYSCALL_DEFINE2(foo, ...)` makes
//! `__do_sys_foo`, which has the body, and `__x64_sys_foo` and others, which call it and mostly have it inlined. The
//! body counts where its code is: for the function that has it, if that has code of its own, else for those with the
//! body inlined. The rest have the one line that makes them, as have the functions of a macro call without a body.

use std::collections::{BTreeMap, HashSet};

use super::constructs::Construct;
use super::read::SourceFiles;

/// Where an extent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum ExtentRule {
    /// Parsed source.
    Source,
    /// Parsed source, where a macro call without a body makes the function.
    MacroCall,
    /// Declaration line of the debug information, and last own line row.
    LineRows,
}

/// The lines of a source function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Extent {
    pub(in crate::kernel) end_line: u32,
    pub(in crate::kernel) rule: ExtentRule,
    /// McCabe's number; none without source.
    pub(in crate::kernel) complexity: Option<u32>,
    /// GNU complexity's score; none without a body.
    pub(in crate::kernel) gnu_complexity: Option<u32>,
}

impl Extent {
    /// As the debug information alone has it.
    pub(in crate::kernel) fn of_line_rows(end_line: u32) -> Self {
        Self { end_line, rule: ExtentRule::LineRows, complexity: None, gnu_complexity: None }
    }

    /// The line of the call: what the macro does there is written elsewhere.
    fn of_macro_call(line: u32) -> Self {
        Self { end_line: line, rule: ExtentRule::MacroCall, complexity: Some(1), gnu_complexity: None }
    }
}

/// A source function with code of its own.
#[derive(Clone, Debug)]
pub(in crate::kernel) struct Instance<'c> {
    /// Number of the source function.
    pub(in crate::kernel) source: u32,
    pub(in crate::kernel) file: &'c str,
    pub(in crate::kernel) line: u32,
    /// Executable lines in its own file, sorted.
    pub(in crate::kernel) lines: Vec<u32>,
    /// Source functions that it holds inlined copies of.
    pub(in crate::kernel) holds: Vec<u32>,
}

impl<'c> Instance<'c> {
    /// One without code so far.
    pub(in crate::kernel) fn new(source: u32, file: &'c str, line: u32) -> Self {
        Self { source, file, line, lines: Vec::new(), holds: Vec::new() }
    }

    /// Sorts what has been added.
    pub(in crate::kernel) fn sort(&mut self) {
        for numbers in [&mut self.lines, &mut self.holds] {
            numbers.sort_unstable();
            numbers.dedup();
        }
    }
}

/// The extent of a source function, by its number.
pub(in crate::kernel) type SourceExtent = (u32, Extent);

/// Extents of the instances that come from a construct, or from a macro call.
pub(in crate::kernel) fn source_extents(instances: &[Instance<'_>], files: &SourceFiles<'_>) -> Vec<SourceExtent> {
    let mut groups: BTreeMap<(&str, u32, u32), (&Construct, Vec<&Instance<'_>>)> = BTreeMap::new();
    let mut found = Vec::new();
    for instance in instances {
        let Some(file) = files.get(instance.file) else { continue };
        if let Some(construct) = construct_of(&file.constructs, instance.line) {
            let key = (instance.file, construct.head, construct.close);
            groups.entry(key).or_insert_with(|| (construct, Vec::new())).1.push(instance);
        } else if file.macro_calls.binary_search(&instance.line).is_ok() {
            found.push((instance.source, Extent::of_macro_call(instance.line)));
        }
    }
    found.extend(groups.into_values().flat_map(|(construct, group)| extents(construct, &group)));
    found
}

/// The construct whose declaration holds a line; of several the last to start.
fn construct_of(constructs: &[Construct], line: u32) -> Option<&Construct> {
    let after = constructs.partition_point(|construct| construct.head <= line);
    let before = constructs.get(..after)?.iter().rev();
    before.take(NEAR).find(|construct| (construct.head..=construct.open).contains(&line))
}

/// Constructs do not overlap, but for those of broken text.
const NEAR: usize = 4;

fn extents(construct: &Construct, group: &[&Instance<'_>]) -> Vec<SourceExtent> {
    let carriers = carriers(construct, group);
    let of = |instance: &&Instance<'_>| {
        let holds_body = carriers.contains(&instance.source);
        let (end_line, complexity, gnu_complexity) = if holds_body {
            (construct.close, construct.complexity, construct.gnu_complexity)
        } else {
            (instance.line, 1, None)
        };
        let rule = ExtentRule::Source;
        (instance.source, Extent { end_line, rule, complexity: Some(complexity), gnu_complexity })
    };
    group.iter().map(of).collect()
}

/// The functions of a construct that its body counts for.
fn carriers(construct: &Construct, group: &[&Instance<'_>]) -> HashSet<u32> {
    let with_body: Vec<_> = group.iter().filter(|instance| has_body(construct, instance)).collect();
    let held = group.iter().flat_map(|instance| instance.holds.iter().filter(move |held| **held != instance.source));
    let held: HashSet<u32> = held.copied().collect();
    let inner: HashSet<u32> =
        with_body.iter().map(|instance| instance.source).filter(|source| held.contains(source)).collect();
    match (inner.is_empty(), with_body.is_empty()) {
        (false, _) => inner,
        (true, false) => with_body.iter().map(|instance| instance.source).collect(),
        // Code without a line in the body, such as an empty function.
        (true, true) => group.iter().map(|instance| instance.source).collect(),
    }
}

/// Whether code of the function lies in the body, own or inlined.
fn has_body(construct: &Construct, instance: &Instance<'_>) -> bool {
    let first = instance.lines.partition_point(|line| *line < construct.open.max(instance.line + 1));
    let in_body = instance.lines.get(first).is_some_and(|line| *line <= construct.close);
    in_body || construct.close == instance.line
}
