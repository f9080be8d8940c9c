//! Which of two groups of runs has the smaller mean: the share of bootstrap resamples that say so.

use super::random::Random;

/// Resamples of each group.
pub const RESAMPLES: usize = 4_000;

/// Means of resamples of a group's runs, drawn with replacement; empty without runs.
///
/// The draws depend on the number of runs and on `stream` alone, so that the same group is resampled alike in every
/// choice that is compared.
pub fn resampled_means(values: &[f64], stream: u64) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    let mut random = Random::stream(stream);
    let draw = |random: &mut Random| values.get(random.below(values.len())).copied().unwrap_or(0.0);
    (0..RESAMPLES).map(|_| (0..values.len()).map(|_| draw(&mut random)).sum::<f64>() / values.len() as f64).collect()
}

/// P(A < B): the share of pairs of resamples in which A's mean is the smaller one, ties by half; none without resamples.
pub fn probability_less(a: &[f64], b: &[f64]) -> Option<f64> {
    let pairs = a.len().min(b.len());
    let score = |(a, b): (&f64, &f64)| if a < b { 1.0 } else { 0.5 * f64::from(u8::from(a <= b)) };
    (pairs > 0).then(|| a.iter().zip(b).map(score).sum::<f64>() / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::{RESAMPLES, probability_less, resampled_means};
    use crate::oracle::rows;

    #[test]
    fn ties_count_by_half() {
        assert_eq!(probability_less(&[1.0, 2.0, 3.0, 3.0], &[2.0, 2.0, 2.0, 4.0]), Some((1.0 + 0.5 + 1.0) / 4.0));
        assert_eq!(probability_less(&[], &[1.0]), None);
    }

    #[test]
    fn separate_groups_are_sure_and_a_group_has_even_chances_against_its_like() {
        let (low, high) = (resampled_means(&[1.0, 2.0, 3.0], 1), resampled_means(&[4.0, 9.0], 2));
        assert_eq!((low.len(), probability_less(&low, &high)), (RESAMPLES, Some(1.0)));
        let other = resampled_means(&[1.0, 2.0, 3.0], 3);
        assert!((probability_less(&low, &other).unwrap() - 0.5).abs() < 0.03);
        assert_eq!(resampled_means(&[1.0, 2.0, 3.0], 1), low);
    }

    // Each row: P(A < B) over all pairs of resamples by itertools.product, four runs of A, four of B. The standard error
    // of 4,000 resamples is at most 0.008.
    #[test]
    fn shares_are_near_those_of_all_resamples() {
        for row in rows(include_str!("../tests/oracle/order.csv"), 9) {
            let found = probability_less(&resampled_means(&row[1..5], 5), &resampled_means(&row[5..], 6)).unwrap();
            assert!((found - row[0]).abs() < 0.03, "{row:?} {found}");
        }
    }
}
