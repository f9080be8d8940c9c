//! Masses of the bugs, each counted with its score in a model, by file, function and directory.

use std::collections::BTreeMap;

use super::functions::{SourceFiles, folder};
use super::places::{Place, Rule};

/// Mass in a file by the rules `function` and `file`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FileMass {
    /// Of each function that a bug names, by number.
    pub(super) named: BTreeMap<usize, f64>,
    /// Spread over the file's functions by lines.
    pub(super) spread: f64,
}

impl FileMass {
    /// All of it.
    pub(super) fn total(&self) -> f64 {
        self.named.values().sum::<f64>() + self.spread
    }
}

/// Masses by place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Masses {
    /// By file of the kernel.
    pub(super) files: Vec<FileMass>,
    /// Spread over the files of a folder by lines.
    pub(super) folders: BTreeMap<String, f64>,
    /// By rule, in the order of [`Rule::ALL`].
    pub(super) by_rule: [f64; 4],
}

impl Masses {
    /// Adds up the places, each mass times the score of its bug.
    pub(super) fn new(places: &[Place], source: &SourceFiles, score: impl Fn(usize) -> f64) -> Self {
        let mut masses = Self { files: vec![FileMass::default(); source.files.len()], ..Self::default() };
        for place in places {
            masses.add(place, place.mass * score(place.bug));
        }
        masses
    }

    fn add(&mut self, place: &Place, mass: f64) {
        if let Some(sum) = self.by_rule.get_mut(place.rule as usize) {
            *sum += mass;
        }
        if place.rule == Rule::Directory {
            *self.folders.entry(folder(&place.path).to_owned()).or_default() += mass;
        }
        let Some(file) = place.file.and_then(|file| self.files.get_mut(file)) else { return };
        match place.function {
            Some(function) => *file.named.entry(function).or_default() += mass,
            None => file.spread += mass,
        }
    }

    /// All that lies in the kernel.
    pub(super) fn inside(&self) -> f64 {
        Rule::ALL.iter().zip(self.by_rule).filter(|(rule, _)| **rule != Rule::Outside).map(|(_, mass)| mass).sum()
    }

    /// What a line of a file has of the mass of its folder.
    pub(super) fn folder_density(&self, path: &str, source: &SourceFiles) -> f64 {
        let folder = folder(path);
        match (self.folders.get(folder), source.folder_lines(folder)) {
            (Some(mass), Some(lines)) => mass / lines as f64,
            _ => 0.0,
        }
    }
}
