//! Source functions of a kernel, by file: where the mass of a bug can go.

use std::collections::{BTreeMap, HashMap};

use super::error::BugsError;
use super::kernel_table::KernelTable;
use crate::read::TableColumns;

/// A function of the source; its copies in several modules are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceFunction {
    pub(super) name: String,
    /// Lines of its source.
    pub(super) lines: u64,
    /// Module and address of each copy, in the order of the table.
    pub(super) copies: Vec<(String, i64)>,
}

/// A source file and its functions, by line and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceFile {
    pub(super) path: String,
    pub(super) functions: Vec<SourceFunction>,
    /// Lines of all functions; positive.
    pub(super) lines: u64,
}

/// All source files that have functions with lines, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SourceFiles {
    pub(super) files: Vec<SourceFile>,
    index: HashMap<String, usize>,
    /// Lines of the functions of the files of a folder, subfolders not included.
    folders: HashMap<String, u64>,
}

/// A row of the kernel table, as far as it is used.
pub(super) struct FunctionRow {
    pub(super) module: String,
    pub(super) source_address: i64,
    pub(super) function: String,
    pub(super) file: String,
    pub(super) line: i32,
    pub(super) lines: i32,
}

impl SourceFiles {
    /// Reads a kernel table.
    pub(super) fn read(kernel: &KernelTable) -> Result<Self, BugsError> {
        let names = ["module", "source_address", "function", "file", "line", "lines"];
        let columns = TableColumns::read(&kernel.functions, &names)?;
        let modules = columns.texts("module")?.into_iter().zip(columns.longs("source_address")?);
        let sources = columns.texts("function")?.into_iter().zip(columns.texts("file")?);
        let extents = columns.ints("line")?.into_iter().zip(columns.ints("lines")?);
        let rows = modules.zip(sources).zip(extents);
        let files = Self::new(rows.filter_map(|(((module, source_address), (function, file)), (line, lines))| {
            let (module, source_address, function, file) = (module?, source_address?, function?, file?);
            Some(FunctionRow { module, source_address, function, file, line: line?, lines: lines? })
        }));
        if files.files.is_empty() {
            return Err(BugsError::NoLines { path: kernel.functions.clone() });
        }
        Ok(files)
    }

    /// Files of the rows; clones and copies of a function become one.
    pub(super) fn new(rows: impl IntoIterator<Item = FunctionRow>) -> Self {
        let mut found: BTreeMap<String, BTreeMap<(i32, String), SourceFunction>> = BTreeMap::new();
        for row in rows {
            let Some(lines) = u64::try_from(row.lines).ok().filter(|&lines| lines > 0) else { continue };
            let functions = found.entry(row.file).or_default();
            let new = || SourceFunction { name: row.function.clone(), lines, copies: Vec::new() };
            let function = functions.entry((row.line, row.function.clone())).or_insert_with(new);
            function.lines = function.lines.max(lines);
            let copy = (row.module, row.source_address);
            if !function.copies.contains(&copy) {
                function.copies.push(copy);
            }
        }
        let files = found.into_iter().map(|(path, functions)| SourceFile::new(path, functions.into_values().collect()));
        Self::index(files.collect())
    }

    fn index(files: Vec<SourceFile>) -> Self {
        let index = files.iter().enumerate().map(|(number, file)| (file.path.clone(), number)).collect();
        let mut folders: HashMap<String, u64> = HashMap::new();
        for file in &files {
            *folders.entry(folder(&file.path).to_owned()).or_default() += file.lines;
        }
        Self { files, index, folders }
    }

    /// The number of the file with this path.
    pub(super) fn number(&self, path: &str) -> Option<usize> {
        self.index.get(path).copied()
    }

    /// Lines of the files of a folder; none: there is no such file.
    pub(super) fn folder_lines(&self, folder: &str) -> Option<u64> {
        self.folders.get(folder).copied()
    }

    /// Lines of all functions.
    pub(super) fn lines(&self) -> u64 {
        self.files.iter().map(|file| file.lines).sum()
    }
}

impl SourceFile {
    fn new(path: String, functions: Vec<SourceFunction>) -> Self {
        let lines = functions.iter().map(|function| function.lines).sum();
        Self { path, functions, lines }
    }
}

/// The folder of a path; empty for the top.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::{FunctionRow, SourceFiles};

    fn row(module: &str, source_address: i64, function: &str, file: &str, line: i32, lines: i32) -> FunctionRow {
        let (module, function, file) = (module.to_owned(), function.to_owned(), file.to_owned());
        FunctionRow { module, source_address, function, file, line, lines }
    }

    #[test]
    fn clones_and_copies_in_other_modules_are_one_function_and_count_once() {
        let files = SourceFiles::new([
            row("vmlinux", 16, "f", "a/x.c", 10, 5),
            row("vmlinux", 16, "f", "a/x.c", 10, 5),
            row("m", 0, "f", "a/x.c", 10, 5),
            row("vmlinux", 64, "f", "a/x.c", 90, 2),
            row("vmlinux", 80, "g", "a/b/y.c", 1, 1),
            row("vmlinux", 96, "none", "a/z.c", 1, 0),
        ]);
        let found: Vec<_> =
            files.files.iter().map(|file| (file.path.as_str(), file.functions.len(), file.lines)).collect();
        assert_eq!(found, [("a/b/y.c", 1, 1), ("a/x.c", 2, 7)]);
        assert_eq!(files.files[1].functions[0].copies, [("vmlinux".to_owned(), 16), ("m".to_owned(), 0)]);
        assert_eq!(
            (files.folder_lines("a"), files.folder_lines("a/b"), files.folder_lines("b")),
            (Some(7), Some(1), None)
        );
        assert_eq!((files.number("a/x.c"), files.number("a/z.c"), files.lines()), (Some(1), None, 8));
    }
}
