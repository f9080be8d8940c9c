//! Sample coverage: the share of all incidences that belongs to functions already found.
//!
//! Chao and Jost, Ecology 93 (2012): C = 1 - (Q1 / U) A with A = (m - 1) Q1 / ((m - 1) Q1 + 2 Q2), and, after m* more
//! units, C(m + m*) = 1 - (Q1 / U) A^(m* + 1).

use super::incidence::Incidence;

/// Units to add until a coverage is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Needed {
    /// So many; 0 when it is reached.
    More(f64),
    /// The extrapolation never gets there: no function was found in exactly two units.
    Never,
}

impl Needed {
    /// The number of whole units; none when they never suffice.
    pub fn units(self) -> Option<f64> {
        match self {
            Self::More(units) => Some(units.ceil()),
            Self::Never => None,
        }
    }
}

/// The coverage of the units; none below two units, or where no function was found.
pub fn coverage(incidence: &Incidence) -> Option<f64> {
    coverage_after(incidence, 0.0)
}

/// The coverage that so many more units are expected to reach.
pub fn coverage_after(incidence: &Incidence, more: f64) -> Option<f64> {
    if incidence.units() < 2 || incidence.total() == 0 {
        return None;
    }
    let share_once = incidence.exactly(1) as f64 / incidence.total() as f64;
    Some(1.0 - share_once * decay(incidence).powf(more + 1.0))
}

/// How many more units reach a coverage; none where there is none to begin with.
pub fn units_for(incidence: &Incidence, target: f64) -> Option<Needed> {
    if coverage(incidence)? >= target {
        return Some(Needed::More(0.0));
    }
    let decay = decay(incidence);
    if decay >= 1.0 {
        return Some(Needed::Never);
    }
    let share_once = incidence.exactly(1) as f64 / incidence.total() as f64;
    Some(Needed::More(((1.0 - target) / share_once).ln() / decay.ln() - 1.0))
}

/// A: the factor by which each further unit shrinks what is not covered.
fn decay(incidence: &Incidence) -> f64 {
    let others = incidence.units().saturating_sub(1) as f64;
    let (once, twice) = (incidence.exactly(1) as f64, incidence.exactly(2) as f64);
    if once > 0.0 { others * once / (others * once + 2.0 * twice) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::{Needed, coverage, coverage_after, units_for};
    use crate::incidence::Incidence;

    /// Units, incidences, Q1, Q2: the rest of the incidences in functions of at least three.
    fn incidence(units: u64, total: u64, once: u64, twice: u64) -> Incidence {
        let left = total - once - 2 * twice;
        let rest = std::iter::repeat_n(3, (left / 3) as usize - 1).chain([3 + left % 3]);
        let counts = std::iter::repeat_n(1, once as usize).chain(std::iter::repeat_n(2, twice as usize)).chain(rest);
        let incidence = Incidence::new(units, counts);
        assert_eq!((incidence.total(), incidence.exactly(1), incidence.exactly(2)), (total, once, twice));
        incidence
    }

    // iNEXT's DataInfo and iNextEst of the ants of Longino and Colwell (2011), as published with the package: T, U, Q1,
    // Q2, the coverage, and the coverage at another number of units.
    #[test]
    fn coverages_are_those_published_for_the_ants_of_costa_rica() {
        let published = [
            (599, 5976, 49, 23, 0.991_813_4, 1198.0, 0.996_800_8),
            (230, 2943, 71, 34, 0.975_975_4, 460.0, 0.990_800_5),
            (150, 1730, 28, 16, 0.983_938_2, 300.0, 0.994_894_6),
            (200, 1170, 13, 4, 0.988_923_1, 400.0, 0.994_026_5),
            (200, 271, 1, 2, 0.996_382_7, 295.0, 0.999_453_9),
        ];
        for (units, total, once, twice, now, at, then) in published {
            let incidence = incidence(units, total, once, twice);
            assert!((coverage(&incidence).unwrap() - now).abs() < 1e-6);
            assert!((coverage_after(&incidence, at - units as f64).unwrap() - then).abs() < 1e-6);
        }
    }

    // iNEXT's estimateD(ant, base = "coverage", level = 0.985), as published: t of h500m and h1070m.
    #[test]
    fn the_units_that_a_coverage_needs_are_those_published() {
        for (units, total, once, twice, at) in [(230, 2943, 71, 34, 342.8592), (150, 1730, 28, 16, 158.9508)] {
            let needed = units_for(&incidence(units, total, once, twice), 0.985).unwrap();
            let Needed::More(more) = needed else { panic!("{needed:?}") };
            assert!((more + units as f64 - at).abs() < 1e-3, "{more}");
            assert_eq!(needed.units(), Some((at - units as f64).ceil()));
        }
    }

    #[test]
    fn what_is_reached_needs_nothing_and_without_doubletons_nothing_suffices() {
        let twice_none = Incidence::new(4, [1, 1, 3, 4]);
        assert_eq!(units_for(&Incidence::new(4, [4, 4, 3]), 0.99), Some(Needed::More(0.0)));
        assert_eq!(units_for(&twice_none, 0.99), Some(Needed::Never));
        assert_eq!(coverage(&twice_none), Some(1.0 - 2.0 / 9.0));
        assert_eq!((coverage(&Incidence::new(1, [1])), coverage(&Incidence::new(3, []))), (None, None));
    }
}
