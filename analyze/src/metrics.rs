//! Metrics over sets of functions.
//!
//! A frame of sets has one row per (set, symbol), with the columns [`SET_COLUMNS`].

use polars::prelude::*;

use crate::model::Model;

/// Columns of a frame of sets: set (number of the set), module, source, address, lines, complexity.
pub const SET_COLUMNS: [&str; 6] = ["set", "module", "source", "address", "lines", "complexity"];

/// What is measured of a set of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Number of source functions.
    Functions,
    /// Sum of source extents.
    Lines,
    /// Distinct executable lines.
    CodeLines,
    /// Sum of McCabe numbers.
    Complexity,
    /// Sum of source extents times a bug density.
    Weighted(Model),
    /// 1,000 x the weighted figure / the sum of source extents; no figure for a set without lines.
    PerThousandLines(Model),
}

impl Metric {
    /// The name in tables and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Lines => "lines",
            Self::CodeLines => "code_lines",
            Self::Complexity => "complexity",
            Self::Weighted(Model::Uniform) => "weighted_uniform",
            Self::Weighted(Model::Cve) => "weighted_cve",
            Self::Weighted(Model::Epss) => "weighted_epss",
            Self::Weighted(Model::Exploited) => "weighted_exploited",
            Self::PerThousandLines(Model::Uniform) => "weighted_uniform_per_1000_lines",
            Self::PerThousandLines(Model::Cve) => "weighted_cve_per_1000_lines",
            Self::PerThousandLines(Model::Epss) => "weighted_epss_per_1000_lines",
            Self::PerThousandLines(Model::Exploited) => "weighted_exploited_per_1000_lines",
        }
    }

    /// The metrics that its figures are made of: itself, unless it is a ratio of two.
    pub fn parts(self) -> Vec<Self> {
        match self {
            Self::PerThousandLines(model) => vec![Self::Weighted(model), Self::Lines],
            other => vec![other],
        }
    }

    /// The unit of its figures.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Functions => "functions",
            Self::Lines => "lines of code",
            Self::CodeLines => "code lines",
            Self::Complexity => "paths",
            Self::Weighted(_) => "bugs",
            Self::PerThousandLines(_) => "per 1,000 lines",
        }
    }

    /// What it counts, in a line.
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Functions => "distinct source functions, clones merged",
            Self::Lines => "sum of source extents, from declaration line to closing brace",
            Self::CodeLines => "distinct executable (file, line) pairs, own and inlined",
            Self::Complexity => "sum of McCabe numbers (independent paths), clones merged",
            Self::Weighted(_) => "expected bugs: sum over the functions of lines x bug density",
            Self::PerThousandLines(_) => {
                "1,000 x the weighted figure / lines of the same functions; none without lines"
            }
        }
    }

    /// Whether it needs a kernel table.
    pub fn needs_kernel(self) -> bool {
        self != Self::Functions
    }

    /// Whether its figures are whole numbers, as counts and sums of counts are.
    pub fn is_whole(self) -> bool {
        !matches!(self, Self::Weighted(_) | Self::PerThousandLines(_))
    }
}

/// Number of source functions of each set: set, value.
pub fn functions(sets: LazyFrame) -> LazyFrame {
    distinct(sets, &["set", "module", "source"])
        .group_by([col("set")])
        .agg([len().cast(DataType::Int64).alias("value")])
}

/// Sum of the source extents of each set, in lines: set, value. Functions without a known extent add nothing.
pub fn lines(sets: LazyFrame) -> LazyFrame {
    sum_over_functions(sets, "lines")
}

/// Sum of the McCabe numbers of each set: set, value. Functions without a known complexity add nothing.
pub fn complexity(sets: LazyFrame) -> LazyFrame {
    sum_over_functions(sets, "complexity")
}

/// Expected bugs of each function of each set: set, value; sorted by set, module and source function, since a sum
/// of fractions depends on their order.
///
/// `bugs`: module, source, bugs, as [`crate::weights::weigh`] gives it. Functions without a known extent add nothing.
pub fn weighted(sets: LazyFrame, bugs: LazyFrame) -> LazyFrame {
    let key = [col("module"), col("source")];
    distinct(sets, &["set", "module", "source"])
        .join(bugs, &key, &key, JoinArgs::new(JoinType::Inner))
        .sort(["set", "module", "source"], SortMultipleOptions::default())
        .select([col("set"), col("bugs").fill_null(lit(0.0)).alias("value")])
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

/// Sum of a column over the source functions of each set, clones counted once: set, value.
fn sum_over_functions(sets: LazyFrame, column: &str) -> LazyFrame {
    sets.group_by([col("set"), col("module"), col("source")])
        .agg([col(column).max()])
        .group_by([col("set")])
        .agg([col(column).sum().cast(DataType::Int64).alias("value")])
}

/// The distinct rows of some columns.
pub(crate) fn distinct(frame: LazyFrame, columns: &[&str]) -> LazyFrame {
    let columns: Vec<_> = columns.iter().map(|name| col(*name)).collect();
    frame.select(columns).unique(None, UniqueKeepStrategy::Any)
}

#[cfg(test)]
mod tests {
    use super::{code_lines, complexity, functions, lines, weighted};
    use crate::testing::assert_rows;
    use crate::testing::assert_same;
    use polars::prelude::*;

    /// Set 0: read and its clone, and write. Set 1: a function without a known extent.
    fn sets() -> LazyFrame {
        df!(
            "set" => [0_u32, 0, 0, 1], "module" => ["vmlinux"; 4], "source" => [100_i64, 100, 200, 300],
            "address" => [100_i64, 500, 200, 300], "lines" => [Some(20_i64), Some(20), Some(6), None],
            "complexity" => [Some(3_i64), Some(3), None, Some(7)],
        )
        .unwrap()
        .lazy()
    }

    #[test]
    fn clones_count_once_as_function_as_lines_and_as_complexity() {
        assert_rows(functions(sets()), &df!("set" => [0_u32, 1], "value" => [2_i64, 1]).unwrap());
        assert_rows(lines(sets()), &df!("set" => [0_u32, 1], "value" => [26_i64, 0]).unwrap());
        assert_rows(complexity(sets()), &df!("set" => [0_u32, 1], "value" => [3_i64, 7]).unwrap());
    }

    #[test]
    fn weighted_functions_come_in_order_with_clones_once_and_those_without_lines_as_0() {
        let bugs = df!(
            "module" => ["vmlinux"; 4], "source" => [900_i64, 300, 200, 100],
            "bugs" => [Some(9.0), None, Some(0.25), Some(0.5)],
        );
        let found = weighted(sets(), bugs.unwrap().lazy()).collect().unwrap();
        assert_same(&found, &df!("set" => [0_u32, 0, 1], "value" => [0.5, 0.25, 0.0]).unwrap());
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
