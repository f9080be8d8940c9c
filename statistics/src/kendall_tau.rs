//! Kendall's tau-b: how far two orders of the same things agree.

/// tau-b of two lists of figures of the same things; none when one of them has no two different figures.
pub fn kendall_tau(a: &[f64], b: &[f64]) -> Option<f64> {
    let things: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).collect();
    let (mut score, mut untied_a, mut untied_b) = (0.0, 0.0, 0.0);
    for (index, (a, b)) in things.iter().enumerate() {
        for (other_a, other_b) in things.iter().skip(index + 1) {
            let (in_a, in_b) = (sign(other_a - a), sign(other_b - b));
            score += in_a * in_b;
            untied_a += in_a.abs();
            untied_b += in_b.abs();
        }
    }
    let pairs: f64 = untied_a * untied_b;
    (pairs > 0.0).then(|| score / pairs.sqrt())
}

fn sign(number: f64) -> f64 {
    if number > 0.0 { 1.0 } else { -f64::from(u8::from(number < 0.0)) }
}

#[cfg(test)]
mod tests {
    use super::kendall_tau;
    use crate::oracle::{near, rows};

    // Each row: scipy.stats.kendalltau, and the two lists of six.
    #[test]
    fn taus_are_those_of_scipy() {
        for row in rows(include_str!("../tests/oracle/kendall_tau.csv"), 13) {
            assert!(near(&[kendall_tau(&row[1..7], &row[7..]).unwrap()], &row[..1]), "{row:?}");
        }
    }

    #[test]
    fn equal_figures_have_no_order() {
        assert_eq!(kendall_tau(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(kendall_tau(&[1.0], &[1.0]), None);
    }
}
