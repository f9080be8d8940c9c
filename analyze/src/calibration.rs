//! How often the interval of Chao2 holds the truth, where the truth is known: all windows of a run are the population, and
//! so many of them the sample.
//!
//! Chao2 takes units for independent draws from a population without end, which drawing *with* replacement gives. Drawing
//! *without* replacement is told beside it: there a large sample leaves so little of the population that what Chao2 expects
//! beyond it is not there.

use polars::prelude::*;
use rayon::prelude::*;

use crate::progress::Progress;
use hap_statistics::chao2::chao2;
use hap_statistics::incidence::Incidence;
use hap_statistics::random::Random;

/// Samples drawn of each size.
pub const DRAWS: usize = 500;
/// How the windows of a sample are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// Each from all windows, so that one may come several times.
    WithReplacement,
    /// Each window at most once.
    WithoutReplacement,
}

impl Draw {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::WithReplacement, Self::WithoutReplacement];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithReplacement => "with replacement",
            Self::WithoutReplacement => "without replacement",
        }
    }

    /// Moves a sample of windows to the front of `order`, which holds every one once before the first draw.
    fn sample(self, random: &mut Random, order: &mut [usize], sample: usize) {
        let windows = order.len();
        match self {
            Self::WithReplacement => order.iter_mut().take(sample).for_each(|window| *window = random.below(windows)),
            Self::WithoutReplacement => random.shuffle_front(order, sample),
        }
    }
}

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
    /// How samples are drawn.
    pub draw: Draw,
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
pub fn calibrate(runs: &[&[Vec<u32>]], progress: &Progress) -> Vec<Calibration> {
    let cases: Vec<Case> = runs.iter().enumerate().flat_map(|(run, windows)| cases(run, windows)).collect();
    let steps = progress.begin("samples", cases.len());
    let calibration = |case| {
        let found = calibration(case);
        steps.step();
        found
    };
    cases.into_par_iter().map(calibration).collect()
}

/// A size of sample of the windows of a run.
struct Case<'a> {
    run: usize,
    windows: &'a [Vec<u32>],
    draw: Draw,
    size: usize,
    sample: usize,
}

fn cases(run: usize, windows: &[Vec<u32>]) -> Vec<Case<'_>> {
    let sample = |share: f64| (share * windows.len() as f64).round() as usize;
    let sizes = move |draw| SHARES.into_iter().map(sample).enumerate().map(move |(size, sample)| (draw, size, sample));
    let cases = Draw::ALL.into_iter().flat_map(sizes);
    let cases = cases.map(|(draw, size, sample)| Case { run, windows, draw, size, sample });
    cases.filter(|case| case.windows.len() >= LEAST.0 && case.sample >= LEAST.1).collect()
}

fn calibration(Case { run, windows, draw, size, sample }: Case) -> Calibration {
    let functions = windows.iter().flatten().max().map_or(0, |most| *most as usize + 1);
    let mut order: Vec<usize> = (0..windows.len()).collect();
    let truth = incidence(windows, &order, functions).seen() as usize;
    let mut random = Random::stream((run * windows.len() + sample) as u64);
    let mut found = Calibration {
        run,
        windows: windows.len(),
        draw,
        size,
        sample,
        truth,
        mean_seen: 0.0,
        mean_estimate: 0.0,
        covered: 0,
        below: 0,
    };
    for _ in 0..DRAWS {
        draw.sample(&mut random, &mut order, sample);
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
    let chosen = chosen.iter().filter_map(|window| windows.get(*window));
    Incidence::of_units(functions, chosen.map(|window| window.iter().copied()))
}

/// One row a run, way to draw and size of sample: run, windows, replacement, sample, draws, truth, mean_seen, mean_estimate, covered, below, above;
/// the last three as shares of the draws.
pub fn frame(rows: &[Calibration], ids: &[&str]) -> PolarsResult<DataFrame> {
    let counts = |value: &dyn Fn(&Calibration) -> usize| rows.iter().map(|row| value(row) as i64).collect::<Vec<_>>();
    let share = |value: &dyn Fn(&Calibration) -> usize| {
        rows.iter().map(|row| value(row) as f64 / DRAWS as f64).collect::<Vec<_>>()
    };
    df!(
        "run" => rows.iter().map(|row| ids.get(row.run).copied()).collect::<Vec<_>>(),
        "windows" => counts(&|row| row.windows),
        "replacement" => rows.iter().map(|row| row.draw == Draw::WithReplacement).collect::<Vec<_>>(),
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
    use super::{DRAWS, Draw, calibrate};
    use crate::progress::Progress;
    use hap_statistics::random::Random;

    /// Windows that hold each of 200 functions with the same probability.
    fn windows(count: usize) -> Vec<Vec<u32>> {
        let mut random = Random::stream(3);
        (0..count).map(|_| (0..200).filter(|_| random.unit() < 0.12).collect()).collect()
    }

    #[test]
    fn intervals_of_alike_windows_hold_the_truth_nine_times_of_ten() {
        let windows = windows(120);
        let found = calibrate(&[&windows, &windows[..10]], &Progress::default());
        let (with, without) = (Draw::WithReplacement, Draw::WithoutReplacement);
        let samples = [12, 30, 60, 90].map(|sample| (with, sample)).into_iter();
        assert_eq!(
            found.iter().map(|row| (row.run, row.draw, row.sample, row.truth)).collect::<Vec<_>>(),
            samples
                .chain([12, 30, 60, 90].map(|sample| (without, sample)))
                .map(|(draw, n)| (0, draw, n, 200))
                .collect::<Vec<_>>()
        );
        assert!(found.iter().all(|row| row.covered * 10 >= 9 * DRAWS), "{found:?}");
        assert!(found.iter().all(|row| row.mean_seen <= row.mean_estimate && row.covered + row.below <= DRAWS));
    }

    // Each window holds 100 functions, and every tenth an event of its own that brings 8 at once. The same in numpy, 500 samples
    // with replacement of 20, 50, 100 and 150 windows: 84, 73, 84 and 95 % covered; with the variance of independent functions
    // 43, 39, 49 and 53 %.
    #[test]
    fn intervals_allow_for_functions_that_come_together() {
        let event = |window: u32| if window.is_multiple_of(10) { 8 } else { 0 };
        let windows: Vec<Vec<u32>> = (0..200)
            .map(|window| (0..100).chain((0..event(window)).map(|n| 100 + 8 * (window / 10) + n)).collect())
            .collect();
        let found = calibrate(&[&windows], &Progress::default());
        let covered = found.iter().filter(|row| row.draw == Draw::WithReplacement).map(|row| row.covered);
        let covered: Vec<f64> = covered.map(|covered| covered as f64 / DRAWS as f64).collect();
        let near = covered.iter().zip([0.84, 0.73, 0.84, 0.95]).all(|(found, numpy)| (found - numpy).abs() < 0.07);
        assert!(covered.len() == 4 && near, "{covered:?}");
    }
}
