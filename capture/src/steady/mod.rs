//! Whether the discovery of functions has flattened: decided while a recording runs.
//!
//! Time is cut into windows. `new[i]` is the number of call sites in task context that were seen in window i and not
//! before. After each window, once there are at least [`SteadyRule::min_windows`] of them:
//!
//! 1. MSER-5 (White, Simulation 69, 1997) over `new` gives the warm-up to cut off; where it would take half of all
//!    windows or more, nothing can be said yet.
//! 2. Behind the cut, the test of Mann and Kendall must show no falling trend (one-sided, 5 %).
//! 3. Behind the cut, a window brings at most [`SteadyRule::max_new_share`] of the functions known on average: without
//!    this, discovery at a constant high rate, which has no trend either, would count as flat.

mod discovery;

pub use discovery::{Discovery, SharedSites, SteadyState};

use std::time::Duration;

use hap_statistics::mann_kendall::mann_kendall;
use hap_statistics::mser::transient_end;

/// One-sided 5 % bound of the standard normal distribution.
const FALLING: f64 = -1.644_853_626_951_472_2;

/// When discovery counts as flat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SteadyRule {
    /// Length of a window.
    pub window: Duration,
    /// Fewest windows that say anything.
    pub min_windows: usize,
    /// Largest share of the functions known that a window may bring on average behind the warm-up.
    pub max_new_share: f64,
}

impl Default for SteadyRule {
    fn default() -> Self {
        Self { window: Duration::from_secs(1), min_windows: 20, max_new_share: 0.002 }
    }
}

impl SteadyRule {
    /// Whether discovery has flattened, by the number of new functions in each window so far.
    pub fn is_steady(&self, new: &[u32]) -> bool {
        if new.len() < self.min_windows {
            return false;
        }
        let new: Vec<f64> = new.iter().map(|&count| f64::from(count)).collect();
        let Some(behind) = transient_end(&new).and_then(|end| new.get(end..)) else { return false };
        let known: f64 = new.iter().sum();
        let mean = behind.iter().sum::<f64>() / behind.len().max(1) as f64;
        mean <= known * self.max_new_share && mann_kendall(behind).z > FALLING
    }
}

#[cfg(test)]
mod tests {
    use super::SteadyRule;

    #[test]
    fn discovery_that_ends_is_steady_and_discovery_that_goes_on_is_not() {
        let rule = SteadyRule::default();
        let mut new = vec![400, 120, 40, 10, 5, 2, 1];
        new.resize(19, 0);
        assert!(!rule.is_steady(&new), "too few windows");
        new.resize(29, 0);
        assert!(!rule.is_steady(&new), "the warm-up is not less than half of the whole batches");
        new.push(0);
        assert!(rule.is_steady(&new));
        let constant = vec![30; 40];
        assert!(!rule.is_steady(&constant), "no trend, but far from flat");
        let slow: Vec<u32> = (0..40).map(|window| 400 / (window + 1)).collect();
        assert!(!rule.is_steady(&slow), "still falling");
    }

    #[test]
    fn a_rare_new_function_does_not_unsettle_it() {
        let mut new = vec![500, 100, 20, 5, 1];
        new.extend([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
        assert!(SteadyRule::default().is_steady(&new));
    }
}
