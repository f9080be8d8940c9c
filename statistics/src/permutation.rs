//! Permutation of run labels: whether |A \ B| is larger than two random sides of these runs would give.

use super::function_set::FunctionSet;
use super::random::Random;

/// Labellings up to which every one is counted.
pub const EXACT_LABELLINGS: u64 = 20_000;
/// Labellings drawn above that.
pub const LABELLINGS: u64 = 9_999;

/// The test of |A \ B| and of |B \ A|.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permutation {
    /// Share of the labellings with at least as many functions only in A.
    pub only_a: f64,
    /// Share of the labellings with at least as many functions only in B.
    pub only_b: f64,
    /// Labellings counted or drawn, the observed one included.
    pub labellings: u64,
    /// Whether these are all there are.
    pub exact: bool,
}

/// Tests the functions of the runs of A and of B; none when a side has no run.
///
/// Exact where there are at most [`EXACT_LABELLINGS`] ways to choose A's runs; else p = (1 + k) / (1 + n) of
/// [`LABELLINGS`] random ones (Davison and Hinkley 1997, section 4.3).
pub fn permutation_test(a: &[FunctionSet], b: &[FunctionSet]) -> Option<Permutation> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let runs: Vec<&FunctionSet> = a.iter().chain(b).collect();
    let mut tally = Tally::new(&runs, a.len());
    let exact = choose_at_most(runs.len() as u64, a.len() as u64, EXACT_LABELLINGS).is_some();
    if exact {
        let mut chosen = Vec::with_capacity(a.len());
        every_choice(0, runs.len(), a.len(), &mut chosen, &mut |chosen| tally.count(&order_of(chosen, runs.len())));
    } else {
        let mut random = Random::default();
        let mut order: Vec<usize> = (0..runs.len()).collect();
        tally.count(&order);
        for _ in 0..LABELLINGS {
            random.shuffle_front(&mut order, a.len());
            tally.count(&order);
        }
    }
    let share = |count: u64| count as f64 / tally.labellings as f64;
    Some(Permutation {
        only_a: share(tally.at_least.0),
        only_b: share(tally.at_least.1),
        labellings: tally.labellings,
        exact,
    })
}

/// Counts labellings whose differences are at least those observed.
struct Tally<'a> {
    runs: &'a [&'a FunctionSet],
    size_a: usize,
    observed: (usize, usize),
    at_least: (u64, u64),
    labellings: u64,
    unions: (FunctionSet, FunctionSet),
}

impl<'a> Tally<'a> {
    fn new(runs: &'a [&'a FunctionSet], size_a: usize) -> Self {
        let empty = runs.first().map_or_else(FunctionSet::default, |run| {
            let mut set = (*run).clone();
            set.clear();
            set
        });
        let unions = (empty.clone(), empty);
        let mut tally = Self { runs, size_a, observed: (0, 0), at_least: (0, 0), labellings: 0, unions };
        tally.observed = tally.differences(&(0..runs.len()).collect::<Vec<_>>());
        tally
    }

    /// Takes the runs at the front of `order` as A, the others as B.
    fn count(&mut self, order: &[usize]) {
        let (only_a, only_b) = self.differences(order);
        self.at_least.0 += u64::from(only_a >= self.observed.0);
        self.at_least.1 += u64::from(only_b >= self.observed.1);
        self.labellings += 1;
    }

    fn differences(&mut self, order: &[usize]) -> (usize, usize) {
        let (a, b) = &mut self.unions;
        a.clear();
        b.clear();
        for (position, run) in order.iter().enumerate() {
            let side = if position < self.size_a { &mut *a } else { &mut *b };
            if let Some(run) = self.runs.get(*run) {
                side.unite(run);
            }
        }
        (a.without(b), b.without(a))
    }
}

/// The chosen runs, then the others.
fn order_of(chosen: &[usize], runs: usize) -> Vec<usize> {
    chosen.iter().copied().chain((0..runs).filter(|run| !chosen.contains(run))).collect()
}

/// Calls `take` with every choice of `left` of the runs from `first` on.
fn every_choice(first: usize, runs: usize, left: usize, chosen: &mut Vec<usize>, take: &mut impl FnMut(&[usize])) {
    if left == 0 {
        return take(chosen);
    }
    for run in first..=runs.saturating_sub(left) {
        chosen.push(run);
        every_choice(run + 1, runs, left - 1, chosen, take);
        chosen.pop();
    }
}

/// The binomial coefficient; none when it is above the limit.
fn choose_at_most(n: u64, k: u64, limit: u64) -> Option<u64> {
    (0..k.min(n - k)).try_fold(1_u64, |product, i| {
        let next = u128::from(product) * u128::from(n - i) / u128::from(i + 1);
        u64::try_from(next).ok().filter(|next| *next <= limit)
    })
}

#[cfg(test)]
mod tests {
    use super::{Permutation, choose_at_most, permutation_test};
    use crate::function_set::FunctionSet;
    use crate::oracle::rows;

    fn runs(functions: &[&[u32]]) -> Vec<FunctionSet> {
        functions.iter().map(|run| FunctionSet::of(16, run.iter().copied())).collect()
    }

    #[test]
    fn few_runs_are_labelled_in_every_way() {
        let (a, b) = (runs(&[&[1, 2, 3], &[1, 2, 4]]), runs(&[&[1, 9], &[1, 9]]));
        // Only in A: 2, 3, 4, and of the six ways to choose A's runs no other one has three functions of its own. Only in B:
        // 9, and each way leaves at least one function to the other two runs.
        let expected = Permutation { only_a: 1.0 / 6.0, only_b: 1.0, labellings: 6, exact: true };
        assert_eq!(permutation_test(&a, &b), Some(expected));
        assert_eq!(permutation_test(&a, &[]), None);
    }

    // Each row: runs of A, 8 bits a run for 8 runs, p of |A \ B| and of |B \ A| over itertools.combinations.
    #[test]
    fn p_values_are_those_of_all_combinations() {
        for row in rows(include_str!("../tests/oracle/permutation.csv"), 11) {
            let sets: Vec<_> = row[1..9]
                .iter()
                .map(|bits| FunctionSet::of(8, (0..8).filter(|bit| (*bits as u32) >> bit & 1 == 1)))
                .collect();
            let (a, b) = sets.split_at(row[0] as usize);
            let found = permutation_test(a, b).unwrap();
            assert!((found.only_a - row[9]).abs() < 1e-12 && (found.only_b - row[10]).abs() < 1e-12, "{row:?}");
        }
    }

    #[test]
    fn many_runs_are_labelled_at_random_but_always_the_same_way() {
        let a: Vec<_> = (0..12).map(|run| FunctionSet::of(64, [1, 2, 3 + run])).collect();
        let b: Vec<_> = (0..12).map(|run| FunctionSet::of(64, [1, 20 + run])).collect();
        let found = permutation_test(&a, &b).unwrap();
        assert_eq!((found.labellings, found.exact), (10_000, false));
        assert_eq!(permutation_test(&a, &b), Some(found));
        // 2 is in every run of A alone: hardly any other labelling has a function more.
        assert!(found.only_a < 0.001 && found.only_b > 0.4, "{found:?}");
    }

    #[test]
    fn binomial_coefficients_above_the_limit_are_none() {
        assert_eq!((choose_at_most(4, 2, 100), choose_at_most(24, 12, 20_000)), (Some(6), None));
    }
}
