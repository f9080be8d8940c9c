//! Chao2: how many functions there are at least, from those found in exactly one and in exactly two units.
//!
//! Chao, Biometrics 43 (1987), with the factor (m - 1) / m of Chao et al., Ecology 90 (2009), and the log-normal
//! interval of the same papers. Where nothing is estimated to be unseen, that interval has no width; what was seen is then
//! its lower bound, and its upper bound that of EstimateS (Colwell, appendix B of its guide), from the chance exp(-U / S)
//! that a function of average incidence is missed by all units.
//!
//! The variance of these papers takes functions for independent of each other. They are not: one rare event brings dozens of
//! functions into one unit. The delete-one jackknife over units (Tukey 1958; Burnham and Overton, Biometrika 65, 1978, for
//! the number of classes) sees that; the larger of the two variances is taken.

use super::bootstrap::mean;
use super::incidence::Incidence;

/// Normal quantile of a two-sided 95 % interval.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// A lower bound of the number of functions, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Richness {
    /// Functions, seen and unseen.
    pub estimate: f64,
    /// Standard error of the estimate.
    pub standard_error: f64,
    /// Lower bound of the interval; never below what was seen.
    pub low: f64,
    /// Upper bound of the interval.
    pub high: f64,
}

/// The estimated number of functions; none below two units, or where no function was found.
pub fn chao2(incidence: &Incidence) -> Option<Richness> {
    if incidence.units() < 2 || incidence.seen() == 0 {
        return None;
    }
    let seen = incidence.seen() as f64;
    let unseen = unseen(incidence);
    let variance = variance(incidence, seen + unseen).max(jackknife_variance(incidence));
    let (low, high) = if unseen > 0.0 {
        let spread = (Z_95 * (variance / unseen.powi(2)).ln_1p().sqrt()).exp();
        (seen + unseen / spread, seen + unseen * spread)
    } else {
        interval_without_unseen(incidence)
    };
    Some(Richness { estimate: seen + unseen, standard_error: variance.max(0.0).sqrt(), low, high })
}

/// Q_0: the functions that no unit holds, as estimated; 0 without units.
pub fn unseen(incidence: &Incidence) -> f64 {
    unseen_of(incidence.units(), incidence.exactly(1), incidence.exactly(2))
}

fn unseen_of(units: u64, once: u64, twice: u64) -> f64 {
    let (once, twice) = (once as f64, twice as f64);
    let pairs = if twice > 0.0 { once.powi(2) / (2.0 * twice) } else { once * (once - 1.0) / 2.0 };
    correction(units) * pairs
}

/// (m - 1) / m.
fn correction(units: u64) -> f64 {
    let units = units as f64;
    if units > 0.0 { (units - 1.0) / units } else { 0.0 }
}

/// (m - 1) / m times the sum of squared deviations of the estimates that leave out one unit each; 0 where only counts are
/// known.
fn jackknife_variance(incidence: &Incidence) -> f64 {
    let (units, seen) = (incidence.units(), incidence.seen());
    let (once, twice) = (incidence.exactly(1), incidence.exactly(2));
    // Without a unit its functions of two units are in one, those of three in two, and those of it alone are gone.
    let without = |[alone, pairs, triples]: &[u64; 3]| {
        let (once, twice) = (once - alone + pairs, twice - pairs + triples);
        (seen - alone) as f64 + unseen_of(units - 1, once, twice)
    };
    let estimates: Vec<f64> = incidence.rare().iter().map(without).collect();
    let Some(mean) = mean(&estimates) else { return 0.0 };
    correction(units) * estimates.iter().map(|estimate| (estimate - mean).powi(2)).sum::<f64>()
}

fn variance(incidence: &Incidence, estimate: f64) -> f64 {
    let (once, twice) = (incidence.exactly(1) as f64, incidence.exactly(2) as f64);
    let a = correction(incidence.units());
    if twice > 0.0 {
        let ratio = once / twice;
        return twice * (a / 2.0 * ratio.powi(2) + a.powi(2) * ratio.powi(3) + a.powi(2) / 4.0 * ratio.powi(4));
    }
    if once > 1.0 {
        return a * once * (once - 1.0) / 2.0 + a.powi(2) * once * (2.0 * once - 1.0).powi(2) / 4.0
            - a.powi(2) * once.powi(4) / (4.0 * estimate);
    }
    let missed = missed(incidence);
    incidence.seen() as f64 * missed * (1.0 - missed)
}

/// Chance that a function of average incidence is in no unit.
fn missed(incidence: &Incidence) -> f64 {
    (-(incidence.total() as f64) / incidence.seen() as f64).exp()
}

fn interval_without_unseen(incidence: &Incidence) -> (f64, f64) {
    let (seen, missed) = (incidence.seen() as f64, missed(incidence));
    (seen, (seen + Z_95 * (seen * missed).sqrt()) / (1.0 - missed))
}

#[cfg(test)]
mod tests {
    use super::chao2;
    use crate::incidence::Incidence;
    use crate::oracle::{near, rows};

    /// m units, of which so many functions are in one, so many in two, and the rest in three.
    fn incidence(units: u64, seen: u64, once: u64, twice: u64) -> Incidence {
        let counts = [(1, once), (2, twice), (3, seen - once - twice)];
        Incidence::new(units, counts.into_iter().flat_map(|(k, n)| (0..n).map(move |_| k)))
    }

    // iNEXT's AsyEst of the ants of Longino and Colwell (2011), as published with the package: sampling units, species
    // seen, Q1, Q2, asymptotic richness. The sixth row is h1500m.
    #[test]
    fn estimates_are_those_published_for_the_ants_of_costa_rica() {
        let published = [
            (599, 227, 49, 23, 279.108_514),
            (230, 241, 71, 34, 314.810_038),
            (150, 122, 28, 16, 146.336_667),
            (200, 56, 13, 4, 77.019_375),
            (200, 14, 1, 2, 14.248_750),
        ];
        for (units, seen, once, twice, expected) in published {
            let found = chao2(&incidence(units, seen, once, twice)).unwrap();
            assert!((found.estimate - expected).abs() < 1e-6, "{found:?} {expected}");
        }
    }

    // The example of vegan's specpool: trees of Barro Colorado Island, 50 plots, 225 species, 21 in one plot and 19 in
    // two: chao 236.3732, chao.se 6.54361.
    #[test]
    fn the_standard_error_is_that_published_for_barro_colorado_island() {
        let found = chao2(&incidence(50, 225, 21, 19)).unwrap();
        assert!(
            (found.estimate - 236.3732).abs() < 1e-4 && (found.standard_error - 6.543_61).abs() < 1e-5,
            "{found:?}"
        );
    }

    #[test]
    fn estimates_and_intervals_are_those_of_the_oracle() {
        for row in rows(include_str!("../tests/oracle/chao2.csv"), 8) {
            let [units, once, twice, thrice, estimate, error, low, high] = row[..] else { unreachable!() };
            let incidence = incidence(units as u64, (once + twice + thrice) as u64, once as u64, twice as u64);
            let found = chao2(&incidence).unwrap();
            let found = [found.estimate, found.standard_error, found.low, found.high];
            assert!(near(&found, &[estimate, error, low, high]), "{row:?} {found:?}");
        }
    }

    // Each row: 12 units, 16 bits a unit for 16 functions, estimate, jackknife standard error, and interval by the larger of
    // that and the one of independent functions; units deleted one by one from the matrix itself.
    #[test]
    fn the_variance_is_that_of_leaving_out_one_unit_after_the_other() {
        for row in rows(include_str!("../tests/oracle/chao2_jackknife.csv"), 16) {
            let units = row[..12].iter().map(|bits| (0..16).filter(|function| (*bits as u32) >> function & 1 == 1));
            let incidence = Incidence::of_units(16, units);
            let found = chao2(&incidence).unwrap();
            let error = super::jackknife_variance(&incidence).sqrt();
            assert!(near(&[found.estimate, error, found.low, found.high], &row[12..]), "{row:?} {found:?} {error}");
        }
    }

    #[test]
    fn one_unit_or_nothing_found_gives_no_estimate() {
        assert_eq!(chao2(&Incidence::new(1, [1, 1])), None);
        assert_eq!(chao2(&Incidence::new(5, [])), None);
    }
}
