//! Metrics over sets of functions.
//!
//! A frame of sets has one row per (set, symbol): set (number of the set), module, source, address, lines.

use polars::prelude::*;

/// What is measured of a set of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Number of source functions.
    Functions,
    /// Sum of source extents.
    Lines,
    /// Distinct executable lines.
    CodeLines,
    /// Sum of source extents times a bug density.
    Weighted,
}

impl Metric {
    /// The name in tables and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Lines => "lines",
            Self::CodeLines => "code_lines",
            Self::Weighted => "weighted",
        }
    }

    /// The unit of its figures.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Lines => "lines of code",
            Self::CodeLines => "code lines",
            Self::Weighted => "bugs",
        }
    }

    /// What it counts, in a line.
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Functions => "distinct source functions, clones merged",
            Self::Lines => "sum of source extents, from declaration line to closing brace",
            Self::CodeLines => "distinct executable (file, line) pairs, own and inlined",
            Self::Weighted => "lines times a uniform bug density",
        }
    }

    /// Whether it needs a kernel table.
    pub fn needs_kernel(self) -> bool {
        self != Self::Functions
    }
}

/// Number of source functions of each set: set, value.
pub fn functions(sets: LazyFrame) -> LazyFrame {
    source_lines(sets).group_by([col("set")]).agg([len().cast(DataType::Int64).alias("value")])
}

/// Sum of the source extents of each set, in lines: set, value. Functions without a known extent add nothing.
pub fn lines(sets: LazyFrame) -> LazyFrame {
    source_lines(sets).group_by([col("set")]).agg([col("lines").sum().cast(DataType::Int64).alias("value")])
}

/// Distinct executable (file, line) pairs of the symbols of each set: set, value.
///
/// `kernel_lines`: module, address, file, line. A line that is inlined into several functions counts once.
pub fn code_lines(sets: LazyFrame, kernel_lines: LazyFrame) -> LazyFrame {
    let symbol = [col("module"), col("address")];
    let symbols = distinct(sets, &["set", "module", "address"]);
    let used = distinct(symbols.clone(), &["module", "address"]);
    let local = kernel_lines.join(used, &symbol, &symbol, JoinArgs::new(JoinType::Semi));
    let held = local.join(symbols, &symbol, &symbol, JoinArgs::new(JoinType::Inner));
    distinct(held, &["set", "file", "line"])
        .group_by([col("set")])
        .agg([len().cast(DataType::Int64).alias("value")])
}

/// One row per (set, source function): set, module, source, lines.
fn source_lines(sets: LazyFrame) -> LazyFrame {
    sets.group_by([col("set"), col("module"), col("source")]).agg([col("lines").max()])
}

/// The distinct rows of some columns.
pub(crate) fn distinct(frame: LazyFrame, columns: &[&str]) -> LazyFrame {
    let columns: Vec<_> = columns.iter().map(|name| col(*name)).collect();
    frame.select(columns).unique(None, UniqueKeepStrategy::Any)
}
