//! The gamma-Poisson (negative binomial) model of the number of bugs in a file, and its fit by maximum likelihood.
//!
//! The density of a file is gamma(a, b), its number of bugs n Poisson(density x L) with L its lines, so that
//!
//! ```text
//! log p(n | L) = lnG(n + a) - lnG(a) - lnG(n + 1) + a ln(b / (b + L)) + n ln(L / (b + L))        (G: gamma function)
//! ```
//!
//! (Lawless, Negative binomial and mixed Poisson regression, Canad. J. Statist. 15, 1987; Clayton & Kaldor, Biometrics
//! 43, 1987, for the same model of rare diseases by district.) Counts may be fractions, as a bug is shared by its files;
//! on whole numbers this is the negative binomial's probability. With mu = a / b and a held, the likelihood is greatest
//! where the sum of (n - mu L) / (a + mu L) is zero, a decreasing function of mu; along that curve its derivative by a is
//! the sum of psi(n + a) - psi(a) + ln(a / (a + mu L)).

use libm::lgamma;

/// Range of ln a that is searched.
const LN_A: (f64, f64) = (-9.0, 9.0);
/// Steps of the search.
const STEPS: u32 = 36;
/// A gain of log-likelihood over Poisson below this is no spread.
const MIN_GAIN: f64 = 1e-6;

/// A file: its bugs and its lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// Bugs; a fraction where a bug is shared.
    pub bugs: f64,
    /// Lines; positive.
    pub lines: f64,
}

/// Shape and rate of the densities of a part of the source tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    /// Shape, in bugs.
    pub a: f64,
    /// Rate, in lines.
    pub b: f64,
}

/// A fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// The spread of densities; none: none beyond Poisson, the limit of a and b without bounds.
    pub gamma: Option<Gamma>,
    /// Mean density: a / b, or bugs / lines.
    pub mean: f64,
    /// Log-likelihood of this fit.
    pub log_likelihood: f64,
    /// Log-likelihood of one density for all.
    pub poisson_log_likelihood: f64,
}

/// Fits by maximum likelihood.
pub fn fit(counts: &[Count]) -> Fit {
    let (bugs, lines) = counts.iter().fold((0.0, 0.0), |(n, l), count| (n + count.bugs, l + count.lines));
    let mean = if lines > 0.0 { bugs / lines } else { 0.0 };
    let poisson = poisson_log_likelihood(counts, mean);
    let none = Fit { gamma: None, mean, log_likelihood: poisson, poisson_log_likelihood: poisson };
    if bugs <= 0.0 {
        return none;
    }
    let best = maximum(counts, mean);
    let log_likelihood = log_likelihood(counts, best);
    if log_likelihood < poisson + MIN_GAIN {
        return none;
    }
    Fit { gamma: Some(best), mean: best.a / best.b, log_likelihood, poisson_log_likelihood: poisson }
}

/// Log-likelihood under gamma-distributed densities.
pub fn log_likelihood(counts: &[Count], Gamma { a, b }: Gamma) -> f64 {
    let one = |&Count { bugs: n, lines }: &Count| {
        let ln_lines = if n > 0.0 { n * (lines / (b + lines)).ln() } else { 0.0 };
        lgamma(n + a) - lgamma(a) - lgamma(n + 1.0) - a * (lines / b).ln_1p() + ln_lines
    };
    counts.iter().map(one).sum()
}

fn poisson_log_likelihood(counts: &[Count], mean: f64) -> f64 {
    let one = |&Count { bugs: n, lines }: &Count| {
        let expected = mean * lines;
        let ln_power = if n > 0.0 { n * expected.ln() } else { 0.0 };
        ln_power - expected - lgamma(n + 1.0)
    };
    counts.iter().map(one).sum()
}

/// The greatest likelihood: the best step of ln a, then the zero of the derivative between its neighbours.
fn maximum(counts: &[Count], mean: f64) -> Gamma {
    let (low, high) = LN_A;
    let width = (high - low) / f64::from(STEPS);
    let mut density = mean;
    let mut best = (f64::NEG_INFINITY, low);
    for step in 0..=STEPS {
        let ln_a = low + width * f64::from(step);
        density = best_mean(counts, ln_a.exp(), density);
        let value = log_likelihood(counts, Gamma { a: ln_a.exp(), b: ln_a.exp() / density });
        if value > best.0 {
            best = (value, ln_a);
        }
    }
    let (mut low, mut high) = (best.1 - width, best.1 + width);
    // 52 halvings use up the digits of a double.
    for _ in 0..52 {
        let middle = f64::midpoint(low, high);
        density = best_mean(counts, middle.exp(), density);
        if slope(counts, middle.exp(), density) > 0.0 { low = middle } else { high = middle }
    }
    let a = f64::midpoint(low, high).exp();
    Gamma { a, b: a / best_mean(counts, a, density) }
}

/// Derivative of the log-likelihood by a, where the mean is the best one.
fn slope(counts: &[Count], a: f64, mean: f64) -> f64 {
    let one = |&Count { bugs: n, lines }: &Count| digamma(n + a) - digamma(a) - (mean * lines / a).ln_1p();
    counts.iter().map(one).sum()
}

/// The best mean density at a shape: Newton's steps on the decreasing function, kept within what brackets its zero.
fn best_mean(counts: &[Count], a: f64, start: f64) -> f64 {
    let highest = counts.iter().map(|count| count.bugs / count.lines).fold(0.0, f64::max);
    let (mut low, mut high, mut mean) = (0.0, highest, start.min(highest));
    for _ in 0..100 {
        let (value, change) = counts.iter().fold((0.0, 0.0), |(value, change), &Count { bugs: n, lines }| {
            let weight = a + mean * lines;
            (value + (n - mean * lines) / weight, change - lines * (a + n) / (weight * weight))
        });
        if value > 0.0 {
            low = mean;
        } else {
            high = mean;
        }
        let newton = mean - value / change;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        let is_still = (next - mean).abs() <= 1e-15 * mean;
        mean = next;
        if is_still {
            break;
        }
    }
    mean
}

/// Derivative of ln gamma: recurrence up to 20, then the asymptotic series (Abramowitz & Stegun 6.3.5, 6.3.18).
fn digamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 20.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = square
        * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - square * (1.0 / 240.0 - square / 132.0))));
    shift + x.ln() - 0.5 / x - series
}

#[cfg(test)]
mod tests {
    use super::{Count, Gamma, digamma, fit, log_likelihood};

    fn counts(pairs: &[(f64, f64)]) -> Vec<Count> {
        pairs.iter().map(|&(bugs, lines)| Count { bugs, lines }).collect()
    }

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{found} is not {expected}");
    }

    #[test]
    fn digamma_has_its_known_values() {
        close(digamma(1.0), -0.577_215_664_901_532_9, 1e-14);
        close(digamma(0.5), -1.963_510_026_021_423_5, 1e-14);
        close(digamma(100.25), 100.25_f64.ln() - 0.5 / 100.25 - 1.0 / (12.0 * 100.25 * 100.25), 1e-9);
    }

    #[test]
    fn whole_numbers_have_the_probability_of_the_negative_binomial() {
        // scipy.stats.nbinom(1.5, 300 / 400).pmf(2) = C(2.5, 2) 0.75^1.5 0.25^2
        let expected = (1.5 * 2.5 / 2.0 * 0.75_f64.powf(1.5) * 0.25 * 0.25).ln();
        close(log_likelihood(&counts(&[(2.0, 100.0)]), Gamma { a: 1.5, b: 300.0 }), expected, 1e-14);
        let total: f64 =
            (0..200).map(|n| log_likelihood(&counts(&[(f64::from(n), 100.0)]), Gamma { a: 1.5, b: 300.0 }).exp()).sum();
        close(total, 1.0, 1e-12);
    }

    #[test]
    fn the_fit_is_a_maximum() {
        let data =
            counts(&[(0.0, 100.0), (0.5, 200.0), (7.0, 300.0), (0.0, 900.0), (1.0, 50.0), (12.5, 1500.0), (0.0, 10.0)]);
        let found = fit(&data);
        let best = found.gamma.unwrap();
        for (da, db) in [(1.01, 1.0), (0.99, 1.0), (1.0, 1.01), (1.0, 0.99), (1.01, 1.01), (0.99, 0.99)] {
            assert!(log_likelihood(&data, Gamma { a: best.a * da, b: best.b * db }) < found.log_likelihood);
        }
        assert!(found.log_likelihood > found.poisson_log_likelihood);
        close(found.mean, best.a / best.b, 1e-12);
    }

    #[test]
    fn counts_in_step_with_lines_have_no_spread() {
        let found = fit(&counts(&[(1.0, 100.0), (2.0, 200.0), (3.0, 300.0)]));
        assert_eq!((found.gamma, found.mean), (None, 0.01));
        close(found.log_likelihood, found.poisson_log_likelihood, 0.0);
    }

    #[test]
    fn without_bugs_the_density_is_zero() {
        let found = fit(&counts(&[(0.0, 100.0), (0.0, 200.0)]));
        assert_eq!((found.gamma, found.mean, found.log_likelihood), (None, 0.0, 0.0));
        close(fit(&[]).mean, 0.0, 0.0);
    }
}
