//! Where the mass of a bug goes: function, file, directory, or outside of the kernel.

use super::collect::Bug;
use super::functions::{SourceFiles, folder};
use super::named::{NameRule, named_functions};

/// Where a share of a bug goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// To a function that the record names.
    Function,
    /// To the functions of a file, by lines.
    File,
    /// To the functions of the files of a directory, by lines.
    Directory,
    /// To nothing that this kernel has.
    Outside,
}

impl Rule {
    /// Every rule, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::Function, Self::File, Self::Directory, Self::Outside];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::File => "file",
            Self::Directory => "directory",
            Self::Outside => "outside",
        }
    }
}

/// A share of a bug.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    /// Number of the bug.
    pub(super) bug: usize,
    /// File that the record names.
    pub(super) path: String,
    pub(super) rule: Rule,
    /// Number of the file among those of the kernel, for rules function and file.
    pub(super) file: Option<usize>,
    /// Number of the function in the file, for rule function.
    pub(super) function: Option<usize>,
    pub(super) mass: f64,
}

/// The places of a bug, whose masses add up to 1, and the rule by which the text names functions.
pub(super) fn places(number: usize, bug: &Bug, source: &SourceFiles) -> (Vec<Place>, Option<NameRule>) {
    let record = &bug.record;
    let files: Vec<_> = record.files.iter().map(|path| (path.as_str(), source.number(path))).collect();
    let title = record.title.as_deref().unwrap_or_default();
    let is_defined = |name: &str| !defined(name, &files, source).is_empty();
    let Some((rule, names)) = named_functions(title, &record.description, is_defined) else {
        return (by_file(number, &files, source), None);
    };
    let functions: Vec<_> = names.into_iter().flat_map(|name| defined(name, &files, source)).collect();
    let mass = 1.0 / functions.len() as f64;
    let place = |(path, file, function): (&str, _, _)| Place {
        bug: number,
        path: path.to_owned(),
        rule: Rule::Function,
        file: Some(file),
        function: Some(function),
        mass,
    };
    (functions.into_iter().map(place).collect(), Some(rule))
}

/// Functions of this name in the files: path, number of the file, number of the function.
fn defined<'r>(name: &str, files: &[(&'r str, Option<usize>)], source: &SourceFiles) -> Vec<(&'r str, usize, usize)> {
    let mut found = Vec::new();
    for &(path, number) in files {
        let Some((number, file)) = number.and_then(|number| Some((number, source.files.get(number)?))) else {
            continue;
        };
        let functions = file.functions.iter().enumerate().filter(|(_, function)| function.name == name);
        found.extend(functions.map(|(function, _)| (path, number, function)));
    }
    found
}

fn by_file(bug: usize, files: &[(&str, Option<usize>)], source: &SourceFiles) -> Vec<Place> {
    let mass = 1.0 / files.len() as f64;
    let rule = |path: &str, file: Option<usize>| match file {
        Some(_) => Rule::File,
        None if source.folder_lines(folder(path)).is_some() => Rule::Directory,
        None => Rule::Outside,
    };
    let place = |&(path, file): &(&str, Option<usize>)| Place {
        bug,
        path: path.to_owned(),
        rule: rule(path, file),
        file,
        function: None,
        mass,
    };
    files.iter().map(place).collect()
}
