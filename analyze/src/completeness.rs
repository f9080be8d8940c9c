//! How much of what a group of runs can reach its runs have shown.

use std::collections::BTreeMap;

use crate::functions::Functions;
use crate::reach::{MERGES, RunWindows};
use crate::subsystem::subsystem;
use hap_statistics::chao2::{Richness, chao2};
use hap_statistics::coverage::{Needed, coverage, units_for};
use hap_statistics::function_set::FunctionSet;
use hap_statistics::incidence::Incidence;
use hap_statistics::resampled_coverage::{CoverageSamples, NeededInterval};

/// Coverages that the number of further units is told for.
pub const TARGETS: [f64; 2] = [0.95, 0.99];

/// Units that a coverage still needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Further {
    /// The estimate.
    pub needed: Needed,
    /// Its 95 % interval.
    pub interval: Option<NeededInterval>,
}

/// The completeness of one incidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Completeness {
    /// What it was estimated from.
    pub incidence: Incidence,
    /// Chao2; none below two units.
    pub richness: Option<Richness>,
    /// Sample coverage, 0 to 1; none below two units.
    pub coverage: Option<f64>,
    /// Its 95 % interval.
    pub coverage_interval: Option<(f64, f64)>,
    /// For each of [`TARGETS`].
    pub further: [Option<Further>; 2],
}

impl Completeness {
    /// Estimates.
    pub fn of(incidence: Incidence) -> Self {
        let samples = CoverageSamples::draw(&incidence);
        let further = TARGETS.map(|target| {
            let needed = units_for(&incidence, target)?;
            let interval = samples.as_ref().and_then(|samples| samples.needed(needed, target));
            Some(Further { needed, interval })
        });
        Self {
            richness: chao2(&incidence),
            coverage: coverage(&incidence),
            coverage_interval: samples.as_ref().and_then(CoverageSamples::coverage),
            further,
            incidence,
        }
    }
}

/// The functions of runs by the number of runs that have them.
pub fn incidence<'a>(runs: impl Iterator<Item = &'a FunctionSet> + Clone, functions: usize) -> Incidence {
    Incidence::of_units(functions, runs.map(FunctionSet::functions))
}

/// Chao2 of a run's windows, merged by each of [`MERGES`].
pub fn of_windows(windows: &RunWindows) -> [Completeness; MERGES.len()] {
    windows.incidences.clone().map(Completeness::of)
}

/// Whether the estimates of merged windows stay within the interval of the unmerged ones; none where one is missing.
pub fn is_stable(merges: &[Completeness]) -> Option<bool> {
    let (first, others) = merges.split_first()?;
    let interval = first.richness?;
    others.iter().try_fold(true, |stable, other| {
        let estimate = other.richness?.estimate;
        Some(stable && interval.low <= estimate && estimate <= interval.high)
    })
}

/// A function that exactly one run of a group has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Singleton {
    /// Its number.
    pub function: u32,
    /// Position of its run in the group.
    pub run: usize,
    /// Whether all of its calls fall into one window; none in a run without windows.
    pub passing: Option<bool>,
}

/// The functions that exactly one run has, by number.
///
/// `passing`: for each run the functions that one window alone holds; none without windows
pub fn singletons(runs: &[&FunctionSet], passing: &[Option<FunctionSet>]) -> Vec<Singleton> {
    let mut holders: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for (run, set) in runs.iter().enumerate() {
        for function in set.functions() {
            let holder = holders.entry(function).or_insert((0, run));
            holder.0 += 1;
        }
    }
    let alone = holders.into_iter().filter(|(_, (count, _))| *count == 1);
    let singleton = |(function, (_, run)): (u32, (usize, usize))| {
        let windows = passing.get(run).and_then(Option::as_ref);
        Singleton { function, run, passing: windows.map(|windows| windows.contains(function)) }
    };
    alone.map(singleton).collect()
}

/// Singletons of one part of the source tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Name of the part.
    pub subsystem: String,
    /// Singletons in it.
    pub functions: usize,
    /// Those whose calls all fall into one window.
    pub passing: usize,
}

/// Singletons by part of the source tree, most first.
pub fn by_subsystem(singletons: &[Singleton], functions: &Functions) -> Vec<Part> {
    let mut parts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for singleton in singletons {
        let file = functions.files.get(singleton.function as usize).and_then(Option::as_deref);
        let part = parts.entry(subsystem(file)).or_default();
        part.0 += 1;
        part.1 += usize::from(singleton.passing == Some(true));
    }
    let mut parts: Vec<_> =
        parts.into_iter().map(|(subsystem, (functions, passing))| Part { subsystem, functions, passing }).collect();
    parts.sort_by(|a, b| b.functions.cmp(&a.functions).then_with(|| a.subsystem.cmp(&b.subsystem)));
    parts
}

#[cfg(test)]
mod tests {
    use super::{Completeness, Part, Singleton, by_subsystem, incidence, is_stable, singletons};
    use crate::functions::Functions;
    use hap_statistics::coverage::Needed;
    use hap_statistics::function_set::FunctionSet;
    use hap_statistics::incidence::Incidence;

    fn sets(runs: &[&[u32]]) -> Vec<FunctionSet> {
        runs.iter().map(|run| FunctionSet::of(8, run.iter().copied())).collect()
    }

    #[test]
    fn functions_are_counted_by_the_runs_that_have_them() {
        let found = incidence(sets(&[&[1, 2, 3], &[2, 3], &[3, 5]]).iter(), 8);
        assert_eq!(found.classes().collect::<Vec<_>>(), [(1, 2), (2, 1), (3, 1)]);
        // The first run alone has 1, and shares 2 with the second; the third alone has 5.
        assert_eq!(found.rare(), [[1, 1, 1], [0, 1, 1], [1, 0, 1]]);
    }

    #[test]
    fn the_estimates_of_one_incidence_belong_together() {
        let found = Completeness::of(Incidence::new(4, [1, 1, 2, 3, 4]));
        // Q1 = 2, Q2 = 1, U = 11: unseen 3/4 x 4/2 = 1.5; A = 6 / 8; C = 1 - 2/11 x 3/4.
        assert!((found.richness.unwrap().estimate - 6.5).abs() < 1e-12);
        assert!((found.coverage.unwrap() - 0.863_636_363_636).abs() < 1e-9);
        // 0.05 = 2/11 x 0.75^(m* + 1): m* = ln(0.275) / ln(0.75) - 1 = 3.487.
        assert_eq!(found.further[0].unwrap().needed.units(), Some(4.0));
        let one = Completeness::of(Incidence::new(1, [1, 1]));
        assert_eq!((one.richness, one.coverage, one.coverage_interval, one.further), (None, None, None, [None, None]));
        let full = Completeness::of(Incidence::new(3, [3, 3])).further[1].unwrap();
        assert_eq!(full.needed, Needed::More(0.0));
    }

    #[test]
    fn an_estimate_is_stable_when_merging_windows_does_not_move_it_out_of_its_interval() {
        let few = Completeness::of(Incidence::new(8, [1, 1, 2, 4, 5, 6]));
        let more = Completeness::of(Incidence::new(4, std::iter::repeat_n(1, 60).chain([2])));
        assert_eq!(is_stable(&[few.clone(), few.clone()]), Some(true));
        assert_eq!(is_stable(&[few.clone(), more]), Some(false));
        assert_eq!(is_stable(&[few, Completeness::of(Incidence::new(1, [1]))]), None);
    }

    #[test]
    fn singletons_are_told_by_subsystem_with_those_of_one_window() {
        let runs = sets(&[&[0, 1, 2], &[1, 3]]);
        let found = singletons(&runs.iter().collect::<Vec<_>>(), &[Some(FunctionSet::of(8, [0])), None]);
        let singleton = |function, run, passing| Singleton { function, run, passing };
        assert_eq!(found, [singleton(0, 0, Some(true)), singleton(2, 0, Some(false)), singleton(3, 1, None)]);
        let file = |path: &str| Some(path.to_owned());
        let files = vec![file("mm/a.c"), None, file("mm/b.c"), file("net/core/c.c")];
        let functions = Functions { files, ..Functions::default() };
        let part = |subsystem: &str, functions, passing| Part { subsystem: subsystem.to_owned(), functions, passing };
        assert_eq!(by_subsystem(&found, &functions), [part("mm", 2, 1), part("net/core", 1, 0)]);
    }
}
