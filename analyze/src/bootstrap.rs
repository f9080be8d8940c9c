//! Interval of a mean over runs: percentile bootstrap, with the run as the sampling unit.
//!
//! Up to [`EXACT_RUNS`] runs every one of the n^n resamples is counted (as weighted multisets, so that 8
//! runs cost 6,435 sums instead of 16.7 million) and the interval is exact. Above that it is taken from
//! [`RESAMPLES`] pseudo-random resamples with the fixed seed [`SEED`], so that the same runs give the same
//! interval every time.
//!
//! Bounds are values of the resampling distribution, without interpolation: the low one is the least mean
//! with at least 2.5 % of the resamples at or below it, the high one its mirror image.

/// Runs up to which every resample is counted.
pub const EXACT_RUNS: usize = 8;
/// Resamples drawn above [`EXACT_RUNS`].
pub const RESAMPLES: u64 = 10_000;
/// Seed of the pseudo-random generator (SplitMix64).
pub const SEED: u64 = 0x4841_5020_6861_7021;
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
    let mut state = SEED;
    let resample = |_| (values.iter().map(|_| values[index_below(values.len(), &mut state)]).sum(), 1);
    (0..RESAMPLES).map(resample).collect()
}

/// A pseudo-random index below `bound`.
fn index_below(bound: usize, state: &mut u64) -> usize {
    ((u128::from(next_random(state)) * bound as u128) >> 64) as usize
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
