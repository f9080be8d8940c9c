//! How many executable lines a kernel has, and how many of them ftrace can never see.

use super::catalog::Catalog;

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
    let rows = functions().flat_map(|function| {
        let blind = function.traceable == Some(false);
        function.lines.iter().flatten().map(move |line| (line.file, line.number, blind))
    });
    let mut lines: Vec<_> = rows.collect();
    // Of the rows of a pair one that can be seen comes first, and stays.
    lines.sort_unstable();
    lines.dedup_by_key(|(file, number, _)| (*file, *number));
    let blind = lines.iter().filter(|(.., blind)| *blind).count();
    CodeLines { all: lines.len(), blind: told.then_some(blind) }
}
