//! Exit codes, the same in every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, and complete.
    Complete = 0,
    /// Done but incomplete: events lost, data undecodable or addresses unresolved; the counts are on stderr.
    Incomplete = 1,
    /// Failed, or called wrongly.
    Failed = 2,
    /// A `gate` was exceeded.
    GateExceeded = 3,
}

impl Exit {
    /// Every way to end, by its code.
    pub const ALL: [Self; 4] = [Self::Complete, Self::Incomplete, Self::Failed, Self::GateExceeded];

    /// What the code means, in a line.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Complete => "done, and complete",
            Self::Incomplete => {
                "done but incomplete: events lost, data undecodable or addresses unresolved; the counts are on stderr"
            }
            Self::Failed => "failed, or called wrongly; stderr says what to do",
            Self::GateExceeded => "a gate was exceeded",
        }
    }

    /// `--strict` turns an incomplete result into a failure.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        if strict && self == Self::Incomplete { Self::Failed } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn strict_turns_incomplete_into_failed_and_nothing_else() {
        let ends = [Exit::Complete, Exit::Incomplete, Exit::Failed, Exit::GateExceeded];
        let strict = ends.map(|exit| exit.strict(true) as u8);
        assert_eq!(strict, [0, 2, 2, 3]);
        assert_eq!(ends.map(|exit| exit.strict(false) as u8), [0, 1, 2, 3]);
    }
}
