//! Mann-Kendall: whether a series has a monotone trend (Mann 1945; Kendall 1975), with the correction for ties.

/// The test of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// S: pairs that rise minus pairs that fall.
    pub score: i64,
    /// S over its standard deviation, with continuity correction; 0 for a constant series.
    pub z: f64,
    /// Two-sided p-value by the normal distribution, which is good from ten values on.
    pub p: f64,
}

/// Tests a series; of fewer than two values nothing can be said, p is 1.
pub fn mann_kendall(series: &[f64]) -> MannKendall {
    let (ranks, ties) = ranks(series);
    let score = score(&ranks, ties.len());
    let n = series.len() as f64;
    let weight = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let variance = (weight(n) - ties.iter().map(|count| weight(*count as f64)).sum::<f64>()) / 18.0;
    let z = if variance > 0.0 { (score - score.signum()) as f64 / variance.sqrt() } else { 0.0 };
    MannKendall { score, z, p: libm::erfc(z.abs() / std::f64::consts::SQRT_2) }
}

/// The rank of each value among the distinct ones, and how often each of these occurs.
fn ranks(series: &[f64]) -> (Vec<usize>, Vec<usize>) {
    let mut distinct = series.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let ranks: Vec<_> = series.iter().map(|value| distinct.partition_point(|other| other < value)).collect();
    let mut ties = vec![0; distinct.len()];
    for rank in &ranks {
        if let Some(count) = ties.get_mut(*rank) {
            *count += 1;
        }
    }
    (ranks, ties)
}

/// S in n log n steps: for each value the smaller ones before it minus the larger ones, counted in a Fenwick tree.
fn score(ranks: &[usize], distinct: usize) -> i64 {
    let mut tree = vec![0_i64; distinct + 1];
    let mut score = 0;
    for (before, rank) in (0_i64..).zip(ranks) {
        let (smaller, up_to) = (prefix(&tree, *rank), prefix(&tree, rank + 1));
        score += smaller - (before - up_to);
        let mut index = rank + 1;
        while let Some(count) = tree.get_mut(index) {
            *count += 1;
            index += index & index.wrapping_neg();
        }
    }
    score
}

/// How many values of a rank below `rank` are in the tree.
fn prefix(tree: &[i64], rank: usize) -> i64 {
    let (mut index, mut sum) = (rank, 0);
    while index > 0 {
        sum += tree.get(index).copied().unwrap_or(0);
        index &= index - 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{MannKendall, mann_kendall};
    use crate::oracle::{near, rows};

    // Each row: S, z and p of pymannkendall's original_test, and the series.
    #[test]
    fn trends_are_those_of_pymannkendall() {
        for row in rows(include_str!("../tests/oracle/mann_kendall.csv"), 28) {
            let found = mann_kendall(&row[3..]);
            assert!(near(&[found.score as f64, found.z, found.p], &row[..3]), "{row:?} {found:?}");
        }
    }

    #[test]
    fn a_constant_or_empty_series_has_no_trend() {
        let none = MannKendall { score: 0, z: 0.0, p: 1.0 };
        assert_eq!((mann_kendall(&[4.0; 12]), mann_kendall(&[])), (none, none));
    }
}
