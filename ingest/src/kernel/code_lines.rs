//! How many executable lines a kernel has, and how many of them ftrace can never see.

use super::catalog::Catalog;
use super::unit::Line;

/// Counts of distinct (file, line) pairs over vmlinux and its modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodeLines {
    /// All of them.
    pub(super) all: usize,
    /// Those in functions only that ftrace cannot trace; none where a file does not tell of its functions.
    pub(super) blind: Option<usize>,
}

/// Counts the lines of a catalog.
pub(super) fn code_lines(catalog: &Catalog) -> CodeLines {
    let functions = || catalog.images.iter().flat_map(|image| &image.functions);
    let told = functions().all(|function| function.lines.is_none() || function.traceable.is_some());
    let pairs = |line: &Line| (line.file, line.number);
    let all = distinct(functions().flat_map(|function| function.lines.iter().flatten().map(pairs)));
    let traced = functions().filter(|function| function.traceable != Some(false));
    let seen = distinct(traced.flat_map(|function| function.lines.iter().flatten().map(pairs)));
    CodeLines { all, blind: told.then(|| all - seen) }
}

fn distinct(pairs: impl Iterator<Item = (u32, u32)>) -> usize {
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.len()
}
