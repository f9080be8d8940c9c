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
    distinct(held, &["set", "file", "line"]).group_by([col("set")]).agg([len().cast(DataType::Int64).alias("value")])
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

#[cfg(test)]
mod tests {
    use super::{code_lines, functions, lines};
    use crate::testing::assert_rows;
    use polars::prelude::*;

    /// Set 0: read and its clone, and write. Set 1: a function without a known extent.
    fn sets() -> LazyFrame {
        df!(
            "set" => [0_u32, 0, 0, 1], "module" => ["vmlinux"; 4], "source" => [100_i64, 100, 200, 300],
            "address" => [100_i64, 500, 200, 300], "lines" => [Some(20_i64), Some(20), Some(6), None],
        )
        .unwrap()
        .lazy()
    }

    #[test]
    fn clones_count_once_as_function_and_as_lines() {
        assert_rows(functions(sets()), &df!("set" => [0_u32, 1], "value" => [2_i64, 1]).unwrap());
        assert_rows(lines(sets()), &df!("set" => [0_u32, 1], "value" => [26_i64, 0]).unwrap());
    }

    #[test]
    fn a_line_inlined_into_two_functions_counts_once() {
        let kernel_lines = df!(
            "module" => ["vmlinux", "vmlinux", "vmlinux", "vmlinux", "vmlinux", "vmlinux", "kvm"],
            "address" => [100_i64, 100, 200, 200, 500, 900, 100],
            "file" => ["fs/read.c", "list.h", "list.h", "fs/write.c", "fs/read.c", "never.c", "kvm.c"],
            "line" => [11, 5, 5, 11, 12, 1, 1],
        );
        // read.c:11, list.h:5, write.c:11 and the clone's read.c:12; never.c and kvm.c belong to others.
        assert_rows(
            code_lines(sets(), kernel_lines.unwrap().lazy()),
            &df!("set" => [0_u32], "value" => [4_i64]).unwrap(),
        );
    }
}
