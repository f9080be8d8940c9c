//! Interval of a mean over runs: percentile bootstrap, with the run as the sampling unit.
//!
//! Up to [`EXACT_RUNS`] runs every one of the n^n resamples is counted (as weighted multisets, so that 8
//! runs cost 6,435 sums instead of 16.7 million) and the interval is exact. Above that it is taken from
//! [`RESAMPLES`] pseudo-random resamples with the fixed seed [`super::random::SEED`], so that the same runs give the same
//! interval every time.
//!
//! Bounds are values of the resampling distribution, without interpolation: the low one is the least mean
//! with at least 2.5 % of the resamples at or below it, the high one its mirror image.

use super::random::Random;

/// Runs up to which every resample is counted.
pub const EXACT_RUNS: usize = 8;
/// Resamples drawn above [`EXACT_RUNS`].
pub const RESAMPLES: u64 = 10_000;
/// Runs below which an interval is only indicative: the percentile bootstrap is too narrow for few values.
pub const INDICATIVE_BELOW: usize = 8;
/// One in 40 resamples lies outside on each side: 95 % lie inside.
const TAIL: u64 = 40;

/// A 95 % interval, in the unit of the values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// The 95 % percentile bootstrap interval of the mean; none for fewer than two values.
pub fn interval_of_mean(values: &[f64]) -> Option<Interval> {
    match values.len() {
        0 | 1 => None,
        n if n <= EXACT_RUNS => bounds(every_resample(values), n),
        n => bounds(random_resamples(values), n),
    }
}

/// The sample standard deviation (divisor n - 1); none for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The mean; none without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sums of resamples of one size, each with the number of resamples that have it.
type Sums = Vec<(f64, u64)>;

fn bounds(mut sums: Sums, size: usize) -> Option<Interval> {
    sums.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tail = sums.iter().map(|(_, count)| count).sum::<u64>().div_ceil(TAIL);
    let low = value_of_rank(sums.iter(), tail)?;
    let high = value_of_rank(sums.iter().rev(), tail)?;
    Some(Interval { low: low / size as f64, high: high / size as f64 })
}

/// The value whose copies cover the given rank, counted from 1.
fn value_of_rank<'a>(sums: impl Iterator<Item = &'a (f64, u64)>, rank: u64) -> Option<f64> {
    let mut passed = 0;
    for (value, count) in sums {
        passed += count;
        if passed >= rank {
            return Some(*value);
        }
    }
    None
}

fn every_resample(values: &[f64]) -> Sums {
    let mut sums = Vec::new();
    draw(values, values.len() as u64, 0.0, 1, &mut sums);
    sums
}

/// Draws the first value 0 to `left` times and the rest from the other values.
fn draw(values: &[f64], left: u64, sum: f64, ways: u64, sums: &mut Sums) {
    match values {
        [] => {}
        [last] => sums.push((sum + last * left as f64, ways)),
        [first, rest @ ..] => {
            for times in 0..=left {
                draw(rest, left - times, sum + first * times as f64, ways * choose(left, times), sums);
            }
        }
    }
}

/// The binomial coefficient; small, since `n` is at most [`EXACT_RUNS`].
fn choose(n: u64, k: u64) -> u64 {
    (0..k).fold(1, |product, i| product * (n - i) / (i + 1))
}

fn random_resamples(values: &[f64]) -> Sums {
    let mut random = Random::default();
    let resample = |_| (values.iter().map(|_| values[random.below(values.len())]).sum(), 1);
    (0..RESAMPLES).map(resample).collect()
}

#[cfg(test)]
mod tests {
    use super::{Interval, interval_of_mean, mean, standard_deviation};

    /// Published unique-function counts of docker and gVisor under python-tornado, and others.
    const TEN: [f64; 10] = [292.0, 523.0, 536.0, 520.0, 335.0, 438.0, 150.0, 171.0, 310.0, 402.0];

    fn assert_interval(values: &[f64], low: f64, high: f64) {
        let Interval { low: found_low, high: found_high } = interval_of_mean(values).unwrap();
        assert!((found_low - low).abs() < 1e-9 && (found_high - high).abs() < 1e-9, "{found_low} {found_high}");
    }

    // scipy 1.x: scipy.stats.bootstrap((values,), numpy.mean, n_resamples=100_000, method="percentile", random_state=1)
    // gives 335 to 520, 292 to 536, 11.8 to 24.6 and 1.857142857142857 to 5.714285714285714; the sorted means of
    // itertools.product(values, repeat=n) have the same values at ranks ceil(n^n / 40) from either end.
    #[test]
    fn up_to_eight_runs_the_interval_is_that_of_all_resamples() {
        assert_interval(&[520.0, 335.0], 335.0, 520.0);
        assert_interval(&[292.0, 523.0, 536.0], 292.0, 536.0);
        assert_interval(&[10.0, 12.0, 15.0, 19.0, 31.0], 11.8, 24.6);
        assert_interval(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0], 13.0 / 7.0, 40.0 / 7.0);
    }

    // scipy with n_resamples=1_000_000 gives 283.6 to 448.4; SplitMix64 with this seed, written down again in Python, 283.2 to 447.9.
    #[test]
    fn above_eight_runs_the_interval_is_near_the_limit_and_the_same_every_time() {
        assert_interval(&TEN, 283.2, 447.9);
        assert_eq!(interval_of_mean(&TEN), interval_of_mean(&TEN));
    }

    #[test]
    fn one_run_has_a_mean_but_no_spread() {
        assert_eq!((mean(&[7.0]), standard_deviation(&[7.0]), interval_of_mean(&[7.0])), (Some(7.0), None, None));
        assert_eq!((mean(&[]), standard_deviation(&[]), interval_of_mean(&[])), (None, None, None));
    }

    // numpy.std(values, ddof=1) = 130.8147545195113 and 140.62167526933945
    #[test]
    fn the_standard_deviation_is_that_of_a_sample() {
        assert!((standard_deviation(&[520.0, 335.0]).unwrap() - 130.814_754_519_511_3).abs() < 1e-9);
        assert!((standard_deviation(&TEN).unwrap() - 140.621_675_269_339_45).abs() < 1e-9);
    }

    #[test]
    fn equal_runs_have_an_interval_of_one_value() {
        assert_interval(&[5.0; 8], 5.0, 5.0);
    }
}
