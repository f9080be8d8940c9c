//! Intervals of the coverage, and of the units that it still needs.
//!
//! The bootstrap of Chao et al., Ecological Monographs 84 (2014), appendix G: an assemblage with as many functions as
//! Chao2 estimates, whose incidence probabilities give the estimated coverage, is sampled anew. A function found in k of
//! m units has the probability (k / m)(1 - w (1 - k / m)^m), the unseen ones share what is not covered. The intervals are
//! the estimate plus and minus 1.96 standard deviations over the samples, as in that paper: the samples themselves are
//! off to one side where there are few units.

use super::bootstrap::standard_deviation;
use super::chao2::{Z_95, unseen};
use super::coverage::{Needed, coverage, units_for};
use super::incidence::Incidence;
use super::random::Random;

/// Samples drawn from the assemblage.
pub const SAMPLES: usize = 200;
/// Samples that may need more units than any number before the upper bound is out of reach: 2.5 %.
const TAIL: usize = SAMPLES / 40;

/// 95 % interval of the number of units still needed; an upper bound of none is not within reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeededInterval {
    /// Fewest units.
    pub low: Option<f64>,
    /// Most units.
    pub high: Option<f64>,
}

/// Samples of an assemblage.
#[derive(Clone, Debug)]
pub struct CoverageSamples {
    /// The estimate.
    coverage: f64,
    samples: Vec<Incidence>,
}

impl CoverageSamples {
    /// Draws the samples; none where the coverage itself is unknown.
    pub fn draw(incidence: &Incidence) -> Option<Self> {
        let covered = coverage(incidence)?;
        let mut random = Random::default();
        let mut counts = vec![Vec::new(); SAMPLES];
        for (probability, functions) in assemblage(incidence, covered) {
            let units = Binomial::new(incidence.units(), probability);
            for sample in &mut counts {
                sample.extend((0..functions).map(|_| units.draw(&mut random)));
            }
        }
        let samples = counts.into_iter().map(|counts| Incidence::new(incidence.units(), counts)).collect();
        Some(Self { coverage: covered, samples })
    }

    /// 95 % interval of the coverage, within 0 and 1.
    pub fn coverage(&self) -> Option<(f64, f64)> {
        let values: Vec<_> = self.samples.iter().filter_map(coverage).collect();
        let half = Z_95 * standard_deviation(&values)?;
        Some(((self.coverage - half).max(0.0), (self.coverage + half).min(1.0)))
    }

    /// 95 % interval of the units that a coverage still needs; none where it is reached.
    pub fn needed(&self, estimate: Needed, target: f64) -> Option<NeededInterval> {
        let samples = self.samples.iter().filter_map(|sample| units_for(sample, target));
        let (finite, never): (Vec<_>, Vec<_>) = samples.map(Needed::units).partition(Option::is_some);
        let half = Z_95 * standard_deviation(&finite.into_iter().flatten().collect::<Vec<_>>())?;
        let Some(units) = estimate.units() else { return Some(NeededInterval { low: None, high: None }) };
        let high = (never.len() <= TAIL).then(|| (units + half).ceil());
        Some(NeededInterval { low: Some((units - half).floor().max(0.0)), high })
    }
}

/// Incidence probabilities, each with the number of functions that have it.
fn assemblage(incidence: &Incidence, covered: f64) -> Vec<(f64, u64)> {
    let units = incidence.units() as f64;
    let missing = incidence.total() as f64 / units * (1.0 - covered);
    let missed = |k: u64| (1.0 - k as f64 / units).powf(units);
    let rare: f64 = incidence.classes().map(|(k, n)| n as f64 * k as f64 / units * missed(k)).sum();
    let weight = if rare > 0.0 { missing / rare } else { 0.0 };
    let seen = incidence.classes().map(|(k, n)| (k as f64 / units * (1.0 - weight * missed(k)), n));
    let hidden = unseen(incidence).ceil();
    let mut assemblage: Vec<_> = seen.collect();
    if hidden > 0.0 {
        assemblage.push((missing / hidden, hidden as u64));
    }
    assemblage
}

/// A binomial distribution as a table of cumulated probabilities.
struct Binomial {
    cumulated: Vec<f64>,
}

impl Binomial {
    fn new(trials: u64, probability: f64) -> Self {
        let probability = probability.clamp(0.0, 1.0);
        let n = trials as f64;
        let log_odds = probability.ln() - (-probability).ln_1p();
        let mut cumulated = Vec::with_capacity(trials as usize + 1);
        // ln of the probability of k successes, by the ratio of neighbours; kept as a logarithm against underflow.
        let (mut log_mass, mut sum) = (n * (-probability).ln_1p(), 0.0);
        for k in 0..=trials {
            sum += if probability >= 1.0 { f64::from(k == trials) } else { log_mass.exp() };
            cumulated.push(sum);
            log_mass += (n - k as f64).ln() - (k as f64 + 1.0).ln() + log_odds;
        }
        Self { cumulated }
    }

    fn draw(&self, random: &mut Random) -> u64 {
        let at = random.unit();
        let index = self.cumulated.partition_point(|sum| *sum <= at);
        index.min(self.cumulated.len().saturating_sub(1)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{Binomial, CoverageSamples, assemblage};
    use crate::coverage::{coverage, units_for};
    use crate::incidence::Incidence;
    use crate::oracle::{near, rows};
    use crate::random::Random;

    /// The ants at 500 m of Longino and Colwell (2011), but for the frequencies above ten, which are not published.
    fn ants() -> Incidence {
        let published = [71, 34, 12, 14, 9, 11, 8, 4, 7, 5];
        let counts = (1_u64..).zip(published).flat_map(|(k, n)| (0..n).map(move |_| k));
        Incidence::new(230, counts.chain((0..66).map(|i| 11 + i % 60)))
    }

    #[test]
    fn probabilities_are_those_of_the_oracle() {
        let incidence = Incidence::new(6, [1, 1, 1, 1, 2, 2, 3, 6]);
        let covered = coverage(&incidence).unwrap();
        let found = assemblage(&incidence, covered);
        let expected = rows(include_str!("../tests/oracle/assemblage.csv"), 2);
        assert_eq!(found.len(), expected.len());
        for ((probability, functions), row) in found.iter().zip(expected) {
            assert!(near(&[*probability, *functions as f64], &row), "{probability} {functions} {row:?}");
        }
    }

    #[test]
    fn cumulated_probabilities_are_those_of_scipy() {
        for row in rows(include_str!("../tests/oracle/binomial.csv"), 4) {
            let [trials, probability, k, expected] = row[..] else { unreachable!() };
            let found = Binomial::new(trials as u64, probability).cumulated[k as usize];
            assert!((found - expected).abs() < 1e-9, "{row:?} {found}");
        }
    }

    #[test]
    fn a_certain_function_is_in_every_unit_and_an_impossible_one_in_none() {
        let mut random = Random::default();
        assert_eq!((Binomial::new(9, 1.0).draw(&mut random), Binomial::new(9, 0.0).draw(&mut random)), (9, 0));
    }

    #[test]
    fn the_interval_holds_the_coverage_and_is_the_same_every_time() {
        let incidence = ants();
        let samples = CoverageSamples::draw(&incidence).unwrap();
        let (low, high) = samples.coverage().unwrap();
        let covered = coverage(&incidence).unwrap();
        assert!(low < covered && covered < high && high - low < 0.02, "{low} {covered} {high}");
        let again = CoverageSamples::draw(&incidence).unwrap();
        let needed = units_for(&incidence, 0.99).unwrap();
        let interval = samples.needed(needed, 0.99).unwrap();
        let (fewest, most) = (interval.low.unwrap(), interval.high.unwrap());
        assert!(fewest < needed.units().unwrap() && needed.units().unwrap() < most, "{interval:?}");
        assert_eq!((samples.coverage(), samples.needed(needed, 0.99)), (again.coverage(), again.needed(needed, 0.99)));
    }
}
