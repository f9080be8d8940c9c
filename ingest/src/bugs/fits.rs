//! The fit of each part of the source tree.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::functions::SourceFiles;
use super::gamma_poisson::{Count, Fit, fit};
use super::goodness::{Goodness, goodness};
use super::masses::Masses;
use super::subsystem::subsystems;

/// A part of the source tree, fitted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SubsystemFit {
    pub(super) name: String,
    pub(super) files: u64,
    pub(super) lines: u64,
    /// Mass of the bugs by the rules function and file.
    pub(super) bugs: f64,
    pub(super) fit: Fit,
    pub(super) goodness: Option<Goodness>,
}

/// All fits, by name, and which one each file follows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fits {
    pub(super) subsystems: Vec<SubsystemFit>,
    pub(super) of_file: Vec<usize>,
}

/// Fits every part.
pub(super) fn fit_subsystems(source: &SourceFiles, masses: &Masses) -> Fits {
    let files: Vec<_> =
        source.files.iter().zip(&masses.files).map(|(file, mass)| (file.path.as_str(), mass.total())).collect();
    let names = subsystems(&files);
    let mut parts: BTreeMap<&str, Vec<Count>> = BTreeMap::new();
    for ((name, file), (_, bugs)) in names.iter().zip(&source.files).zip(&files) {
        parts.entry(name).or_default().push(Count { bugs: *bugs, lines: file.lines as f64 });
    }
    let numbers: BTreeMap<_, _> = parts.keys().enumerate().map(|(number, name)| (*name, number)).collect();
    let of_file = names.iter().filter_map(|name| numbers.get(name.as_str()).copied()).collect();
    let parts: Vec<_> = parts.into_iter().collect();
    let subsystems = parts.par_iter().map(|(name, counts)| fit_one(name, counts)).collect();
    Fits { subsystems, of_file }
}

fn fit_one(name: &str, counts: &[Count]) -> SubsystemFit {
    let fit = fit(counts);
    SubsystemFit {
        name: name.to_owned(),
        files: counts.len() as u64,
        lines: counts.iter().map(|count| count.lines as u64).sum(),
        bugs: counts.iter().map(|count| count.bugs).sum(),
        fit,
        goodness: goodness(counts, &fit),
    }
}
