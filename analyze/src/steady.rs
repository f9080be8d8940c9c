//! Steady state of a run: from which window on the discovery of new functions shows no trend.

use hap_statistics::mann_kendall::{MannKendall, mann_kendall};
use hap_statistics::mser::transient_end;

/// Fewest windows that can show a steady state: the truncation leaves at least half of them, and the normal
/// approximation of Mann-Kendall needs ten.
pub const LEAST_WINDOWS: usize = 20;
/// Level of the test for a trend.
pub const LEVEL: f64 = 0.05;

/// Whether a run gets steady, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steady {
    /// From this window on.
    From {
        /// Index of the first window.
        window: usize,
        /// The test of the windows from there on.
        trend: MannKendall,
    },
    /// The discovery of functions still has a trend after the transient.
    Trend(MannKendall),
    /// The transient takes half of the windows or more.
    LongTransient,
    /// There are fewer than [`LEAST_WINDOWS`] windows.
    FewWindows,
    /// The run has no table of windows.
    NoWindows,
}

impl Steady {
    /// Judges the number of new functions in each window.
    pub fn of(new_functions: &[u32]) -> Self {
        if new_functions.len() < LEAST_WINDOWS {
            return if new_functions.is_empty() { Self::NoWindows } else { Self::FewWindows };
        }
        let series: Vec<f64> = new_functions.iter().map(|count| f64::from(*count)).collect();
        let Some(window) = transient_end(&series) else { return Self::LongTransient };
        let trend = mann_kendall(series.get(window..).unwrap_or_default());
        if trend.p < LEVEL { Self::Trend(trend) } else { Self::From { window, trend } }
    }

    /// The first window of steady state.
    pub fn window(self) -> Option<usize> {
        match self {
            Self::From { window, .. } => Some(window),
            _ => None,
        }
    }

    /// The test for a trend, where it was made.
    pub fn trend(self) -> Option<MannKendall> {
        match self {
            Self::From { trend, .. } | Self::Trend(trend) => Some(trend),
            _ => None,
        }
    }

    /// The verdict in a word, for tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::From { .. } => "steady",
            Self::Trend(_) => "trend",
            Self::LongTransient => "long transient",
            Self::FewWindows => "too few windows",
            Self::NoWindows => "no windows",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Steady;

    #[test]
    fn a_run_is_steady_from_the_end_of_its_transient() {
        let series: Vec<u32> = [vec![90, 60, 30, 20, 10], [0, 1, 0, 0, 1].repeat(5)].concat();
        let found = Steady::of(&series);
        assert_eq!((found.window(), found.name()), (Some(5), "steady"));
        assert!(found.trend().unwrap().p > 0.05);
    }

    #[test]
    fn discovery_that_goes_on_falling_is_a_trend() {
        let series: Vec<u32> = (0..40).map(|window| 100 - 2 * window).collect();
        assert!(matches!(Steady::of(&series), Steady::LongTransient | Steady::Trend(_)));
        let slow: Vec<u32> = (0..100).map(|window| if window < 50 { 2 + window % 2 } else { 2 - window % 2 }).collect();
        assert_eq!(Steady::of(&slow).window(), None);
    }

    #[test]
    fn a_run_that_is_too_short_is_said_to_be() {
        assert_eq!((Steady::of(&[0; 19]), Steady::of(&[])), (Steady::FewWindows, Steady::NoWindows));
        assert_eq!(Steady::of(&[0; 20]).window(), Some(0));
    }
}
