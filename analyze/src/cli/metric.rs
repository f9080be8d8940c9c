//! The metrics that a command line can ask for by name.

use clap::ValueEnum;

use crate::metrics::Metric;

/// A metric of sets of functions without weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MetricArg {
    /// Source functions, clones merged
    Functions,
    /// Sum of source extents
    Lines,
    /// Distinct executable lines, own and inlined
    #[value(name = "code_lines")]
    CodeLines,
    /// Sum of McCabe numbers
    Complexity,
}

impl MetricArg {
    pub(super) fn metric(self) -> Metric {
        match self {
            Self::Functions => Metric::Functions,
            Self::Lines => Metric::Lines,
            Self::CodeLines => Metric::CodeLines,
            Self::Complexity => Metric::Complexity,
        }
    }
}
