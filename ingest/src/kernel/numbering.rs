//! Numbers for files and source functions: first within a unit, then within an image, then over all images.

use std::collections::HashMap;

/// Source files by number, in the order of first use.
#[derive(Debug, Default)]
pub(super) struct Files {
    paths: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Files {
    /// The number of a path.
    pub(super) fn number(&mut self, path: String) -> u32 {
        *self.numbers.entry(path).or_insert_with_key(|path| {
            self.paths.push(path.clone());
            self.paths.len() as u32 - 1
        })
    }

    /// The paths by number.
    pub(super) fn into_paths(self) -> Vec<String> {
        self.paths
    }
}

/// What identifies a function in the source: all its clones and copies, in all units and images, have it in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceKey {
    pub(super) name: String,
    pub(super) file: Option<u32>,
    pub(super) line: Option<u32>,
}

/// Source functions by number, in the order of first use.
#[derive(Debug, Default)]
pub(super) struct Sources {
    list: Vec<SourceKey>,
    numbers: HashMap<SourceKey, u32>,
}

impl Sources {
    /// The number of a source function.
    pub(super) fn number(&mut self, key: SourceKey) -> u32 {
        *self.numbers.entry(key).or_insert_with_key(|key| {
            self.list.push(key.clone());
            self.list.len() as u32 - 1
        })
    }

    /// The source function of a number.
    pub(super) fn key(&self, number: u32) -> Option<&SourceKey> {
        self.list.get(number as usize)
    }

    /// Takes over a source function of another numbering, whose files have the numbers `files` here.
    pub(super) fn merge(&mut self, mut key: SourceKey, files: &[u32]) -> u32 {
        key.file = key.file.map(|file| translate(files, file));
        self.number(key)
    }

    /// The source functions by number.
    pub(super) fn into_list(self) -> Vec<SourceKey> {
        self.list
    }
}

/// The new number of an old one.
pub(super) fn translate(numbers: &[u32], number: u32) -> u32 {
    numbers.get(number as usize).copied().unwrap_or(u32::MAX)
}
