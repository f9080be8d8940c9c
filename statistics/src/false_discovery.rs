//! Benjamini-Hochberg: p-values of many tests, corrected so that a threshold bounds the expected share of false findings
//! (J. R. Statist. Soc. B 57, 1995).

/// The corrected p-values (q-values), in the order of the tests.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let value = |index: usize| p.get(index).copied().unwrap_or(1.0);
    order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
    let mut corrected = vec![1.0; p.len()];
    let mut least: f64 = 1.0;
    for (rank, index) in order.iter().enumerate().rev() {
        least = least.min(value(*index) * p.len() as f64 / (rank + 1) as f64);
        if let Some(q) = corrected.get_mut(*index) {
            *q = least;
        }
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::benjamini_hochberg;
    use crate::oracle::{near, rows};

    // Columns: p, and q of statsmodels' multipletests(p, method="fdr_bh"). The p-values are the 15 of the example in
    // Benjamini and Hochberg (1995) and 25 more.
    #[test]
    fn q_values_are_those_of_statsmodels() {
        let table = rows(include_str!("../tests/oracle/benjamini_hochberg.csv"), 2);
        let (p, q): (Vec<f64>, Vec<f64>) = table.iter().map(|row| (row[0], row[1])).unzip();
        assert!(near(&benjamini_hochberg(&p), &q));
    }

    // Benjamini and Hochberg (1995), section 4.1: at 5 % four of the 15 hypotheses are rejected.
    #[test]
    fn the_published_example_rejects_four_hypotheses() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        assert_eq!(benjamini_hochberg(&p).iter().filter(|q| **q <= 0.05).count(), 4);
        assert_eq!(benjamini_hochberg(&[]), [0.0; 0]);
    }
}
