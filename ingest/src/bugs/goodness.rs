//! How well a fit describes the files: numbers of files by their number of bugs, observed and expected.
//!
//! Statistic: Pearson's sum of (observed - expected)^2 / expected over the classes 0, (0, 1], (1, 2], (2, 4], (4, 8] and
//! more, where neighbours are joined until 1 file is expected in each. Its distribution is that of the same statistic on
//! data drawn from the fit, each fitted anew (parametric bootstrap; Efron & Tibshirani, An Introduction to the Bootstrap,
//! 1993, ch. 6 and 16), since neither the few expected files nor the two fitted parameters leave a chi-square.

use super::gamma_poisson::{Count, Fit, fit};

/// Upper ends of the classes but the last.
const CLASSES: [f64; 5] = [0.0, 1.0, 2.0, 4.0, 8.0];
/// Fewest expected files of a class.
const MIN_EXPECTED: f64 = 1.0;
/// Data sets drawn.
const DRAWS: u32 = 199;
/// Seed of the draws.
const SEED: u64 = 0x6861_7020_6275_6773;
/// No file has so many bugs.
const MAX_BUGS: u32 = 100_000;

/// Goodness of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Goodness {
    /// The statistic.
    pub(super) statistic: f64,
    /// Share of draws whose statistic is at least as large: (1 + those) / (1 + draws).
    pub(super) p: f64,
}

/// Compares a fit with its data; none where it expects no bug at all.
pub(super) fn goodness(counts: &[Count], fitted: &Fit) -> Option<Goodness> {
    if fitted.mean <= 0.0 {
        return None;
    }
    let observed = statistic(counts, fitted);
    let mut random = SplitMix(SEED);
    let mut as_large = 0;
    for _ in 0..DRAWS {
        let drawn = draw(counts, fitted, &mut random);
        as_large += u32::from(statistic(&drawn, &fit(&drawn)) >= observed);
    }
    Some(Goodness { statistic: observed, p: f64::from(1 + as_large) / f64::from(1 + DRAWS) })
}

fn statistic(counts: &[Count], fitted: &Fit) -> f64 {
    let mut observed = [0.0; CLASSES.len() + 1];
    let mut expected = [0.0; CLASSES.len() + 1];
    for count in counts {
        add(&mut observed, count.bugs, 1.0);
        let mut rest = 1.0;
        for (bugs, probability) in probabilities(fitted, count.lines).take_while(|(bugs, _)| *bugs <= 8) {
            add(&mut expected, f64::from(bugs), probability);
            rest -= probability;
        }
        add(&mut expected, f64::INFINITY, rest);
    }
    pearson(&observed, &expected)
}

/// Adds to the class of a number of bugs.
fn add(classes: &mut [f64], bugs: f64, weight: f64) {
    let class = CLASSES.iter().position(|&end| bugs <= end).unwrap_or(CLASSES.len());
    if let Some(sum) = classes.get_mut(class) {
        *sum += weight;
    }
}

/// The sum over classes, joined from the first on until each expects enough; what is left joins the last.
fn pearson(observed: &[f64], expected: &[f64]) -> f64 {
    let mut joined: Vec<(f64, f64)> = Vec::new();
    for (&observed, &expected) in observed.iter().zip(expected) {
        match joined.last_mut() {
            Some(last) if last.1 < MIN_EXPECTED => *last = (last.0 + observed, last.1 + expected),
            _ => joined.push((observed, expected)),
        }
    }
    if let Some(tail) = joined.pop_if(|last| last.1 < MIN_EXPECTED) {
        match joined.last_mut() {
            Some(last) => *last = (last.0 + tail.0, last.1 + tail.1),
            None => joined.push(tail),
        }
    }
    let terms = joined.iter().filter(|(_, expected)| *expected > 0.0);
    terms.map(|(observed, expected)| (observed - expected).powi(2) / expected).sum()
}

/// Probabilities of 0, 1, 2, .. bugs in a file, by recurrence.
fn probabilities(fitted: &Fit, lines: f64) -> impl Iterator<Item = (u32, f64)> {
    let expected = fitted.mean * lines;
    let (first, ratio): (f64, Box<dyn Fn(f64) -> f64>) = match fitted.gamma {
        Some(gamma) => {
            let share = lines / (gamma.b + lines);
            let first = (-gamma.a * (lines / gamma.b).ln_1p()).exp();
            (first, Box::new(move |n| (n + gamma.a) / (n + 1.0) * share))
        }
        None => ((-expected).exp(), Box::new(move |n| expected / (n + 1.0))),
    };
    let mut probability = first;
    (0..MAX_BUGS).map(move |bugs| {
        let now = probability;
        probability *= ratio(f64::from(bugs));
        (bugs, now)
    })
}

/// Draws the bugs of all files from a fit.
fn draw(counts: &[Count], fitted: &Fit, random: &mut SplitMix) -> Vec<Count> {
    let bugs = |lines: f64| {
        let mut left = random.uniform();
        let number = probabilities(fitted, lines).find(|(_, probability)| {
            left -= probability;
            // A probability that has died out will not use up what rounding has left.
            left < 0.0 || *probability <= f64::MIN_POSITIVE
        });
        number.map_or(0.0, |(bugs, _)| f64::from(bugs))
    };
    counts
        .iter()
        .map(|count| count.lines)
        .map({
            let mut bugs = bugs;
            move |lines| Count { bugs: bugs(lines), lines }
        })
        .collect()
}

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
struct SplitMix(u64);

impl SplitMix {
    /// A number of [0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{Count, Fit, SplitMix, draw, fit, goodness, pearson, probabilities};
    use crate::bugs::gamma_poisson::Gamma;

    fn model(gamma: Option<Gamma>, mean: f64) -> Fit {
        Fit { gamma, mean, log_likelihood: 0.0, poisson_log_likelihood: 0.0 }
    }

    #[test]
    fn probabilities_add_up_to_one_and_have_the_mean() {
        for gamma in [Some(Gamma { a: 0.5, b: 250.0 }), None] {
            let all: Vec<_> = probabilities(&model(gamma, 0.002), 1000.0).take(500).collect();
            let (sum, mean) = all.iter().fold((0.0, 0.0), |(sum, mean), &(n, p)| (sum + p, mean + p * f64::from(n)));
            assert!((sum - 1.0_f64).abs() < 1e-12 && (mean - 2.0_f64).abs() < 1e-9, "{sum} {mean}");
        }
    }

    #[test]
    fn classes_that_expect_less_than_one_file_are_joined() {
        // 5 of 4, 1 of 0.5 and 2 of 0.6 joined, 0 of 0.1 joins them at the end.
        let found = pearson(&[5.0, 1.0, 2.0, 0.0], &[4.0, 0.5, 0.6, 0.1]);
        assert!((found - (0.25 + 1.8 * 1.8 / 1.2)).abs() < 1e-12, "{found}");
    }

    #[test]
    fn data_of_the_model_fit_and_data_of_two_kinds_of_files_do_not() {
        let lines: Vec<_> = (1..=200).map(|n| Count { bugs: 0.0, lines: f64::from(n) * 20.0 }).collect();
        let drawn = draw(&lines, &model(Some(Gamma { a: 0.8, b: 800.0 }), 0.001), &mut SplitMix(7));
        let good = goodness(&drawn, &fit(&drawn)).unwrap();
        assert!(good.p > 0.05, "{good:?}");
        let two: Vec<_> =
            lines.iter().map(|count| Count { bugs: if count.lines > 2000.0 { 3.0 } else { 0.0 }, ..*count }).collect();
        let bad = goodness(&two, &fit(&two)).unwrap();
        assert!(bad.p < 0.02, "{bad:?}");
        assert_eq!(goodness(&two, &model(None, 0.0)), None);
    }
}
