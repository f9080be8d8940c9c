//! In how many units each function was found: all that the estimators of completeness need to know.

/// Frequencies of incidence. A unit is a run, or a window of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incidence {
    /// Number of units, m.
    units: u64,
    /// Q_k at index k: the functions found in exactly k units; Q_0 is always 0.
    frequencies: Vec<u64>,
    /// What each unit holds of the rare functions; empty where that is unknown.
    rare: Vec<RareFunctions>,
}

/// How many of the functions that a unit holds are in that one alone, in exactly two units, and in exactly three.
pub type RareFunctions = [u64; 3];

impl Incidence {
    /// From the number of units that each function was found in. Functions without a unit are not seen.
    pub fn new(units: u64, counts: impl IntoIterator<Item = u64>) -> Self {
        let mut frequencies = vec![0];
        for count in counts.into_iter().filter(|count| *count > 0) {
            let index = count.min(units) as usize;
            if frequencies.len() <= index {
                frequencies.resize(index + 1, 0);
            }
            if let Some(frequency) = frequencies.get_mut(index) {
                *frequency += 1;
            }
        }
        Self { units, frequencies, rare: Vec::new() }
    }

    /// From the functions of each unit, every one once a unit, by numbers below `functions`.
    pub fn of_units<U>(functions: usize, units: impl Iterator<Item = U> + Clone) -> Self
    where
        U: IntoIterator<Item = u32>,
    {
        let (mut counts, mut number) = (vec![0_u64; functions], 0);
        for unit in units.clone() {
            number += 1;
            for function in unit {
                if let Some(count) = counts.get_mut(function as usize) {
                    *count += 1;
                }
            }
        }
        let rare = units.map(|unit| rare_functions(unit, &counts)).collect();
        Self { rare, ..Self::new(number, counts) }
    }

    /// m: the number of units.
    pub fn units(&self) -> u64 {
        self.units
    }

    /// Q_k: the functions found in exactly k units.
    pub fn exactly(&self, k: u64) -> u64 {
        self.frequencies.get(k as usize).copied().unwrap_or(0)
    }

    /// What each unit holds of the rare functions; empty where only counts are known.
    pub fn rare(&self) -> &[RareFunctions] {
        &self.rare
    }

    /// S: the functions found in any unit.
    pub fn seen(&self) -> u64 {
        self.frequencies.iter().sum()
    }

    /// U: the incidences, the sum of k Q_k.
    pub fn total(&self) -> u64 {
        self.classes().map(|(k, functions)| k * functions).sum()
    }

    /// (k, Q_k) of every k that some function was found in.
    pub fn classes(&self) -> impl Iterator<Item = (u64, u64)> {
        (0_u64..).zip(self.frequencies.iter().copied()).filter(|(_, functions)| *functions > 0)
    }
}

fn rare_functions(unit: impl IntoIterator<Item = u32>, counts: &[u64]) -> RareFunctions {
    let mut rare = RareFunctions::default();
    for function in unit {
        let class = counts.get(function as usize).and_then(|count| count.checked_sub(1));
        if let Some(functions) = class.and_then(|class| rare.get_mut(class as usize)) {
            *functions += 1;
        }
    }
    rare
}

#[cfg(test)]
mod tests {
    use super::Incidence;

    #[test]
    fn functions_are_counted_by_the_number_of_their_units() {
        let incidence = Incidence::new(3, [1, 3, 0, 1, 2, 1]);
        assert_eq!((incidence.units(), incidence.seen(), incidence.total()), (3, 5, 8));
        assert_eq!([0, 1, 2, 3, 4].map(|k| incidence.exactly(k)), [0, 3, 1, 1, 0]);
        assert_eq!(incidence.classes().collect::<Vec<_>>(), [(1, 3), (2, 1), (3, 1)]);
    }

    #[test]
    fn units_tell_which_of_their_functions_are_rare() {
        let units = [vec![0, 1, 2, 3], vec![1, 2, 3], vec![2, 3], vec![3, 4]];
        let incidence = Incidence::of_units(6, units.iter().map(|unit| unit.iter().copied()));
        assert_eq!(incidence.rare(), [[1, 1, 1], [0, 1, 1], [0, 0, 1], [1, 0, 0]]);
        let counts = Incidence::new(4, [1, 2, 3, 4, 1]);
        assert_eq!((incidence.units(), incidence.frequencies.as_slice()), (4, counts.frequencies.as_slice()));
        assert_eq!(counts.rare(), [[0; 3]; 0]);
    }
}
