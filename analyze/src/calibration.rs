//! How often the interval of Chao2 holds the truth, where the truth is known: all windows of a run are the population, and
//! so many of them, drawn without replacement, the sample.

use polars::prelude::*;
use rayon::prelude::*;

use crate::statistics::chao2::chao2;
use crate::statistics::incidence::Incidence;
use crate::statistics::random::Random;

/// Samples drawn of each size.
pub const DRAWS: usize = 500;
/// Sizes of the samples, as shares of the windows.
pub const SHARES: [f64; 4] = [0.1, 0.25, 0.5, 0.75];
/// Fewest windows of a population, and of a sample.
const LEAST: (usize, usize) = (20, 4);

/// What samples of one size tell of the windows of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Position of the run.
    pub run: usize,
    /// Windows of the run.
    pub windows: usize,
    /// Position of the sample's size in [`SHARES`].
    pub size: usize,
    /// Windows of a sample.
    pub sample: usize,
    /// Functions that all windows hold.
    pub truth: usize,
    /// Mean number of functions that a sample holds.
    pub mean_seen: f64,
    /// Mean of the estimates.
    pub mean_estimate: f64,
    /// Samples whose interval holds the truth.
    pub covered: usize,
    /// Samples whose interval lies below the truth: the rest lies above it.
    pub below: usize,
}

/// Draws samples of the windows of every run with at least 20.
///
/// `runs`: the functions of each window of each run
pub fn calibrate(runs: &[&[Vec<u32>]]) -> Vec<Calibration> {
    let cases: Vec<Case> = runs.iter().enumerate().flat_map(|(run, windows)| cases(run, windows)).collect();
    cases.into_par_iter().map(calibration).collect()
}

/// A size of sample of the windows of a run.
struct Case<'a> {
    run: usize,
    windows: &'a [Vec<u32>],
    size: usize,
    sample: usize,
}

fn cases(run: usize, windows: &[Vec<u32>]) -> Vec<Case<'_>> {
    let sample = |share: f64| (share * windows.len() as f64).round() as usize;
    let sizes = SHARES.into_iter().map(sample).enumerate();
    let cases = sizes.map(|(size, sample)| Case { run, windows, size, sample });
    cases.filter(|case| case.windows.len() >= LEAST.0 && case.sample >= LEAST.1).collect()
}

fn calibration(Case { run, windows, size, sample }: Case) -> Calibration {
    let functions = windows.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    let mut order: Vec<usize> = (0..windows.len()).collect();
    let truth = incidence(windows, &order, functions).seen() as usize;
    let mut random = Random::stream((run * windows.len() + sample) as u64);
    let mut found = Calibration {
        run,
        windows: windows.len(),
        size,
        sample,
        truth,
        mean_seen: 0.0,
        mean_estimate: 0.0,
        covered: 0,
        below: 0,
    };
    for _ in 0..DRAWS {
        random.shuffle_front(&mut order, sample);
        let incidence = incidence(windows, order.get(..sample).unwrap_or_default(), functions);
        let Some(richness) = chao2(&incidence) else { continue };
        found.mean_seen += incidence.seen() as f64 / DRAWS as f64;
        found.mean_estimate += richness.estimate / DRAWS as f64;
        let truth = truth as f64;
        // Functions are whole: an interval from 199.6 to 203.2 is one from 199 to 204.
        let (low, high) = (richness.low.floor(), richness.high.ceil());
        found.covered += usize::from(low <= truth && truth <= high);
        found.below += usize::from(high < truth);
    }
    found
}

fn incidence(windows: &[Vec<u32>], chosen: &[usize], functions: usize) -> Incidence {
    let mut counts = vec![0_u64; functions];
    for function in chosen.iter().filter_map(|window| windows.get(*window)).flatten() {
        if let Some(count) = counts.get_mut(*function as usize) {
            *count += 1;
        }
    }
    Incidence::new(chosen.len() as u64, counts)
}

/// One row a run and size of sample: run, windows, sample, draws, truth, mean_seen, mean_estimate, covered, below, above;
/// the last three as shares of the draws.
pub fn frame(rows: &[Calibration], ids: &[&str]) -> PolarsResult<DataFrame> {
    let counts = |value: &dyn Fn(&Calibration) -> usize| rows.iter().map(|row| value(row) as i64).collect::<Vec<_>>();
    let share = |value: &dyn Fn(&Calibration) -> usize| {
        rows.iter().map(|row| value(row) as f64 / DRAWS as f64).collect::<Vec<_>>()
    };
    df!(
        "run" => rows.iter().map(|row| ids.get(row.run).copied()).collect::<Vec<_>>(),
        "windows" => counts(&|row| row.windows),
        "sample" => counts(&|row| row.sample),
        "draws" => counts(&|_| DRAWS),
        "truth" => counts(&|row| row.truth),
        "mean_seen" => rows.iter().map(|row| row.mean_seen).collect::<Vec<_>>(),
        "mean_estimate" => rows.iter().map(|row| row.mean_estimate).collect::<Vec<_>>(),
        "covered" => share(&|row| row.covered),
        "below" => share(&|row| row.below),
        "above" => share(&|row| DRAWS - row.covered - row.below),
    )
}

#[cfg(test)]
mod tests {
    use super::{DRAWS, calibrate};
    use crate::statistics::random::Random;

    /// Windows that hold each of 200 functions with the same probability.
    fn windows(count: usize) -> Vec<Vec<u32>> {
        let mut random = Random::stream(3);
        (0..count).map(|_| (0..200).filter(|_| random.unit() < 0.12).collect()).collect()
    }

    #[test]
    fn intervals_of_alike_windows_hold_the_truth_nine_times_of_ten() {
        let windows = windows(120);
        let found = calibrate(&[&windows, &windows[..10]]);
        assert_eq!(
            found.iter().map(|row| (row.run, row.sample, row.truth)).collect::<Vec<_>>(),
            [(0, 12, 200), (0, 30, 200), (0, 60, 200), (0, 90, 200),]
        );
        assert!(found.iter().all(|row| row.covered * 10 >= 9 * DRAWS), "{found:?}");
        assert!(found.iter().all(|row| row.mean_seen <= row.mean_estimate && row.covered + row.below <= DRAWS));
    }
}
