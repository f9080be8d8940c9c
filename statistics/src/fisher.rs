//! Fisher's exact test on presence counts.

/// Relative slack within which two probabilities count as equal, as in scipy and R.
const SLACK: f64 = 1e-7;

/// Two-sided p-values of all tables with `runs_a` and `runs_b` runs, from logarithms of factorials made once.
#[derive(Clone, Debug)]
pub struct Fisher {
    runs_a: usize,
    runs_b: usize,
    log_factorials: Vec<f64>,
}

impl Fisher {
    /// For sides of so many runs.
    pub fn new(runs_a: usize, runs_b: usize) -> Self {
        let mut log_factorials = vec![0.0];
        let mut sum = 0.0;
        for number in 1..=runs_a + runs_b {
            sum += (number as f64).ln();
            log_factorials.push(sum);
        }
        Self { runs_a, runs_b, log_factorials }
    }

    /// The p-value of a function that `present_a` runs of A and `present_b` runs of B have: the probability, under equal
    /// incidence, of all tables that are at most as probable as this one.
    pub fn p(&self, present_a: usize, present_b: usize) -> f64 {
        let present = present_a + present_b;
        let least = present.saturating_sub(self.runs_b);
        let most = present.min(self.runs_a);
        let observed = self.log_probability(present_a, present) + SLACK;
        let tables = (least..=most).map(|count| self.log_probability(count, present));
        tables.filter(|log| *log <= observed).map(f64::exp).sum::<f64>().min(1.0)
    }

    /// The least p-value that any function can have with these numbers of runs.
    pub fn least_p(&self) -> f64 {
        self.p(self.runs_a, 0).min(self.p(0, self.runs_b))
    }

    /// Logarithm of the hypergeometric probability that `count` of the `present` runs are of A.
    fn log_probability(&self, count: usize, present: usize) -> f64 {
        let (a, b) = (self.log_choose(self.runs_a, count), self.log_choose(self.runs_b, present.saturating_sub(count)));
        a + b - self.log_choose(self.runs_a + self.runs_b, present)
    }

    fn log_choose(&self, n: usize, k: usize) -> f64 {
        let log = |number: usize| self.log_factorials.get(number).copied().unwrap_or(f64::INFINITY);
        log(n) - log(k) - log(n.saturating_sub(k))
    }
}

#[cfg(test)]
mod tests {
    use super::Fisher;
    use crate::oracle::{near, rows};

    #[test]
    fn p_values_are_those_of_scipy() {
        for row in rows(include_str!("../tests/oracle/fisher.csv"), 5) {
            let [runs_a, runs_b, present_a, present_b, expected] = row[..] else { unreachable!() };
            let found = Fisher::new(runs_a as usize, runs_b as usize).p(present_a as usize, present_b as usize);
            assert!(near(&[found], &[expected]), "{row:?} {found}");
        }
    }

    // The lady tasting tea (Fisher 1935): 3 of 4 right has two-sided p = 34/70, all right 2/70.
    #[test]
    fn the_lady_tasting_tea_is_not_sure_with_three_of_four() {
        let tea = Fisher::new(4, 4);
        assert!(near(&[tea.p(3, 1), tea.p(4, 0), tea.least_p()], &[34.0 / 70.0, 2.0 / 70.0, 2.0 / 70.0]));
    }
}
