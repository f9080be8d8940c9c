//! The part of a kernel that no capture can show.

use crate::render::{decimal, thousands};

/// The column of results that has its share of the executable lines.
pub const BLIND_SPOT: &str = "blind_spot";

/// Executable lines of a kernel, and those that only functions hold which ftrace cannot trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlindSpot {
    code_lines: i64,
    blind_code_lines: i64,
}

impl BlindSpot {
    /// From table `kernel`, in (file, line) pairs; none where it does not tell both, as older tables do.
    pub fn new(code_lines: Option<i64>, blind_code_lines: Option<i64>) -> Option<Self> {
        let (code_lines, blind_code_lines) = (code_lines?, blind_code_lines?);
        (code_lines > 0).then_some(Self { code_lines, blind_code_lines })
    }

    /// Share of the executable lines, 0 to 1.
    pub fn share(self) -> f64 {
        self.blind_code_lines as f64 / self.code_lines as f64
    }

    /// A sentence for readers.
    pub fn text(self) -> String {
        format!(
            "{} % of the kernel's {} executable lines are in functions that ftrace cannot trace",
            decimal(100.0 * self.share(), 1),
            thousands(self.code_lines)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::BlindSpot;

    #[test]
    fn the_share_is_that_of_executable_lines() {
        let blind = BlindSpot::new(Some(1_234_567), Some(151_852)).unwrap();
        assert!((blind.share() - 0.123).abs() < 1e-6);
        assert_eq!(
            blind.text(),
            "12.3 % of the kernel's 1,234,567 executable lines are in functions that ftrace cannot trace"
        );
    }

    #[test]
    fn a_table_that_does_not_tell_both_counts_has_no_share() {
        let counts = [(None, None), (Some(5), None), (None, Some(5)), (Some(0), Some(0))];
        assert_eq!(counts.map(|(all, blind)| BlindSpot::new(all, blind)), [None; 4]);
    }
}
