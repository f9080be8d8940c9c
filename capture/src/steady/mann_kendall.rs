//! Whether a series has a trend.

use std::collections::BTreeMap;

/// The statistic of Mann (1945) and Kendall (1975), standard normal without a trend: negative for a falling series.
/// With the correction for ties, and for continuity. 0 for a series of one value.
pub fn mann_kendall_z(values: &[u32]) -> f64 {
    let mut score = 0.0;
    for (place, left) in values.iter().enumerate() {
        for right in values.get(place + 1..).unwrap_or(&[]) {
            score += match right.cmp(left) {
                std::cmp::Ordering::Less => -1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => 1.0,
            };
        }
    }
    let mut ties: BTreeMap<u32, usize> = BTreeMap::new();
    for &value in values {
        *ties.entry(value).or_default() += 1;
    }
    let term = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0)
    };
    let variance = (term(values.len()) - ties.values().map(|&count| term(count)).sum::<f64>()) / 18.0;
    if variance <= 0.0 || score == 0.0 {
        return 0.0;
    }
    (score - f64::signum(score)) / variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::mann_kendall_z;

    fn near(values: &[u32], expected: f64) {
        let z = mann_kendall_z(values);
        assert!((z - expected).abs() < 1e-9, "{z} {expected}");
    }

    #[test]
    fn values_worked_out_by_hand() {
        // S = 10, variance 5 x 4 x 15 / 18 = 50 / 3.
        near(&[1, 2, 3, 4, 5], 9.0 / (50.0_f64 / 3.0).sqrt());
        near(&[5, 4, 3, 2, 1], -9.0 / (50.0_f64 / 3.0).sqrt());
        // S = -5 + 0 (a tie of two): pairs 3-2, 3-2, 3-1, 2-1, 2-1; variance (4 x 3 x 13 - 2 x 1 x 9) / 18 = 138 / 18.
        near(&[3, 2, 2, 1], -4.0 / (138.0_f64 / 18.0).sqrt());
        near(&[7, 7, 7, 7], 0.0);
        near(&[], 0.0);
    }
}
