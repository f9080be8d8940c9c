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

/// A source function and what line rows say of it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) key: SourceKey,
    /// The highest line of its own rows in its own file.
    pub(super) last_line: Option<u32>,
}

/// Source functions by number, in the order of first use.
#[derive(Debug, Default)]
pub(super) struct Sources {
    list: Vec<Source>,
    numbers: HashMap<SourceKey, u32>,
}

impl Sources {
    /// The number of a source function.
    pub(super) fn number(&mut self, key: SourceKey) -> u32 {
        *self.numbers.entry(key).or_insert_with_key(|key| {
            self.list.push(Source { key: key.clone(), last_line: None });
            self.list.len() as u32 - 1
        })
    }

    /// The source function of a number.
    pub(super) fn key(&self, number: u32) -> Option<&SourceKey> {
        self.list.get(number as usize).map(|source| &source.key)
    }

    /// A source function reaches at least to a line.
    pub(super) fn extend_to(&mut self, number: u32, line: Option<u32>) {
        if let Some(source) = self.list.get_mut(number as usize) {
            source.last_line = source.last_line.max(line);
        }
    }

    /// Takes over a source function of another numbering, whose files have the numbers `files` here.
    pub(super) fn merge(&mut self, mut source: Source, files: &[u32]) -> u32 {
        source.key.file = source.key.file.map(|file| translate(files, file));
        let number = self.number(source.key);
        self.extend_to(number, source.last_line);
        number
    }

    /// The source functions by number.
    pub(super) fn into_list(self) -> Vec<Source> {
        self.list
    }
}

/// The new number of an old one.
pub(super) fn translate(numbers: &[u32], number: u32) -> u32 {
    numbers.get(number as usize).copied().unwrap_or(u32::MAX)
}
