//! How alike the functions of groups are: Jaccard, overlap, Jaccard weighted by lines; and a tree of the groups.

use kodama::{Method, linkage};
use rayon::prelude::*;

use crate::progress::Progress;
use hap_statistics::chao2::Z_95;
use hap_statistics::function_set::FunctionSet;
use hap_statistics::random::Random;

/// Resamples of each group's runs.
pub const RESAMPLES: usize = 400;

/// A measure of similarity, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// |A and B| / |A or B|
    Jaccard,
    /// |A and B| / the smaller of |A| and |B|
    Overlap,
    /// Jaccard with every function counted by its lines
    WeightedJaccard,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::Jaccard, Self::Overlap, Self::WeightedJaccard];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jaccard => "jaccard",
            Self::Overlap => "overlap",
            Self::WeightedJaccard => "weighted_jaccard",
        }
    }

    /// Its value for two sets; none where both are empty, or have no lines.
    pub fn of(self, a: &FunctionSet, b: &FunctionSet, lines: &[f64]) -> Option<f64> {
        let (shared, whole) = match self {
            Self::Jaccard => (a.shared(b) as f64, (a.count() + b.without(a)) as f64),
            Self::Overlap => (a.shared(b) as f64, a.count().min(b.count()) as f64),
            Self::WeightedJaccard => {
                let shared = sum(a.common(b), lines);
                (shared, sum(a.functions(), lines) + sum(b.functions(), lines) - shared)
            }
        };
        (whole > 0.0).then(|| shared / whole)
    }
}

fn sum(functions: impl Iterator<Item = u32>, lines: &[f64]) -> f64 {
    functions.filter_map(|function| lines.get(function as usize)).sum()
}

/// A similarity with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Of the unions of the groups' runs.
    pub value: f64,
    /// Normal bootstrap interval; none where a group has one run.
    pub interval: Option<(f64, f64)>,
}

/// Two groups, by number, the first below the second, with each of [`Measure::ALL`].
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// One group.
    pub a: usize,
    /// The other one.
    pub b: usize,
    /// The similarities.
    pub similarities: [Option<Similarity>; 3],
}

/// Compares every two groups of runs.
///
/// The interval is the value plus and minus 1.96 standard deviations over resamples of the runs (normal bootstrap, Efron
/// and Tibshirani 1993, chapter 13), within 0 and 1. A percentile interval would not do: a resample lacks a third of the
/// runs, so that its union is smaller, and its similarity off to one side.
pub fn pairs(groups: &[Vec<&FunctionSet>], lines: &[f64], progress: &Progress) -> Vec<Pair> {
    let groups: Vec<Resampled> =
        groups.par_iter().enumerate().map(|(number, runs)| Resampled::new(runs, number as u64)).collect();
    let numbers: Vec<_> = (0..groups.len()).flat_map(|a| (a + 1..groups.len()).map(move |b| (a, b))).collect();
    let steps = progress.begin("pairs of groups", numbers.len());
    let pair = |(a, b): (usize, usize)| {
        let similarities = match (groups.get(a), groups.get(b)) {
            (Some(first), Some(second)) => Measure::ALL.map(|measure| first.compare(second, measure, lines)),
            _ => [None; 3],
        };
        steps.step();
        Pair { a, b, similarities }
    };
    numbers.into_par_iter().map(pair).collect()
}

/// Mean Jaccard similarity of every two runs of a group: what repetition alone gives; none below two runs.
pub fn between_runs(runs: &[&FunctionSet]) -> Option<f64> {
    let pairs = runs.iter().enumerate().flat_map(|(index, a)| runs.iter().skip(index + 1).map(move |b| (a, b)));
    let values: Vec<f64> = pairs.filter_map(|(a, b)| Measure::Jaccard.of(a, b, &[])).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The union of a group and those of its resamples.
struct Resampled {
    union: FunctionSet,
    resamples: Vec<FunctionSet>,
}

impl Resampled {
    fn new(runs: &[&FunctionSet], number: u64) -> Self {
        let union_of = |chosen: &mut dyn Iterator<Item = usize>| {
            let mut union = runs.first().map_or_else(FunctionSet::default, |run| {
                let mut empty = (*run).clone();
                empty.clear();
                empty
            });
            chosen.filter_map(|run| runs.get(run)).for_each(|run| union.unite(run));
            union
        };
        let mut random = Random::stream(number);
        let resamples = if runs.len() > 1 { RESAMPLES } else { 0 };
        let resamples =
            (0..resamples).map(|_| union_of(&mut (0..runs.len()).map(|_| random.below(runs.len())))).collect();
        Self { union: union_of(&mut (0..runs.len())), resamples }
    }

    fn compare(&self, other: &Self, measure: Measure, lines: &[f64]) -> Option<Similarity> {
        let value = measure.of(&self.union, &other.union, lines)?;
        let resampled = self.resamples.iter().zip(&other.resamples).filter_map(|(a, b)| measure.of(a, b, lines));
        let interval = deviation(&resampled.collect::<Vec<_>>())
            .map(|deviation| ((value - Z_95 * deviation).max(0.0), (value + Z_95 * deviation).min(1.0)));
        Some(Similarity { value, interval })
    }
}

fn deviation(values: &[f64]) -> Option<f64> {
    hap_statistics::bootstrap::standard_deviation(values)
}

/// A tree of groups.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A group, by number.
    Group(usize),
    /// Two trees, joined at a similarity.
    Joined {
        /// Mean Jaccard similarity of the groups of one tree to those of the other.
        similarity: f64,
        /// The trees; the one with the lower number first.
        trees: Box<[Tree; 2]>,
    },
}

impl Tree {
    fn least(&self) -> usize {
        match self {
            Self::Group(number) => *number,
            Self::Joined { trees, .. } => trees[0].least().min(trees[1].least()),
        }
    }
}

/// Hierarchical clustering by average linkage (UPGMA; Sokal and Michener 1958) of 1 - Jaccard; none without groups.
pub fn tree(pairs: &[Pair], groups: usize) -> Option<Tree> {
    let distance = |pair: &Pair| 1.0 - pair.similarities[0].map_or(0.0, |similarity| similarity.value);
    let mut distances: Vec<f64> = pairs.iter().map(distance).collect();
    let steps = linkage(&mut distances, groups, Method::Average);
    let mut trees: Vec<Option<Tree>> = (0..groups).map(|group| Some(Tree::Group(group))).collect();
    for step in steps.steps() {
        let mut take = |number: usize| trees.get_mut(number).and_then(Option::take);
        let (Some(a), Some(b)) = (take(step.cluster1), take(step.cluster2)) else { continue };
        let trees_in_order = if a.least() < b.least() { [a, b] } else { [b, a] };
        trees.push(Some(Tree::Joined { similarity: 1.0 - step.dissimilarity, trees: Box::new(trees_in_order) }));
    }
    trees.pop().flatten()
}

#[cfg(test)]
mod tests {
    use super::{Measure, Tree, between_runs, pairs, tree};
    use crate::progress::Progress;
    use hap_statistics::function_set::FunctionSet;

    fn set(functions: &[u32]) -> FunctionSet {
        FunctionSet::of(16, functions.iter().copied())
    }

    #[test]
    fn measures_are_those_of_the_definitions() {
        let (a, b) = (set(&[1, 2, 3]), set(&[2, 3, 4, 5]));
        let lines = [0.0, 10.0, 20.0, 30.0, 40.0, 0.0];
        let found = Measure::ALL.map(|measure| measure.of(&a, &b, &lines));
        assert_eq!(found, [Some(2.0 / 5.0), Some(2.0 / 3.0), Some(50.0 / 100.0)]);
        assert_eq!(Measure::Jaccard.of(&set(&[]), &set(&[]), &lines), None);
    }

    #[test]
    fn intervals_hold_the_value_and_need_two_runs_on_each_side() {
        let (a1, a2, b1, b2) = (set(&[1, 2, 3]), set(&[1, 2, 4]), set(&[1, 5]), set(&[1, 6]));
        let found = pairs(&[vec![&a1, &a2], vec![&b1, &b2], vec![&b1]], &[], &Progress::default());
        assert_eq!(found.iter().map(|pair| (pair.a, pair.b)).collect::<Vec<_>>(), [(0, 1), (0, 2), (1, 2)]);
        let jaccard = found[0].similarities[0].unwrap();
        let (low, high) = jaccard.interval.unwrap();
        assert!((jaccard.value - 1.0 / 6.0).abs() < 1e-12 && low < jaccard.value && jaccard.value < high);
        assert_eq!((found[1].similarities[0].unwrap().interval, found[0].similarities[2]), (None, None));
        assert_eq!(pairs(&[vec![&a1, &a2], vec![&b1, &b2], vec![&b1]], &[], &Progress::default()), found);
        assert_eq!((between_runs(&[&a1, &a2]), between_runs(&[&a1])), (Some(0.5), None));
    }

    // scipy.cluster.hierarchy.linkage([2/3, 0.9, 0.8], "average"): groups 0 and 1 at 2/3, then 2 at 0.85.
    #[test]
    fn the_tree_joins_the_most_alike_first_at_their_mean_similarity() {
        let (a, b, c) = (set(&[1, 2]), set(&[1, 2, 3, 4, 5, 6]), set(&[2, 7, 8, 9, 10, 11, 12, 13, 14]));
        let groups = [vec![&a], vec![&b], vec![&c]];
        let Some(Tree::Joined { similarity, trees }) = tree(&pairs(&groups, &[], &Progress::default()), 3) else {
            panic!()
        };
        assert!((similarity - 0.1_f64.midpoint(1.0 / 14.0)).abs() < 1e-12);
        assert!(matches!(&trees[0], Tree::Joined { similarity, .. } if (similarity - 1.0 / 3.0).abs() < 1e-12));
        assert_eq!((trees[1].clone(), tree(&[], 1), tree(&[], 0)), (Tree::Group(2), Some(Tree::Group(0)), None));
    }
}
