//! Set difference: functions only in A, only in B, in both.

use polars::prelude::*;

use crate::metrics::{Metric, SET_COLUMNS, distinct};
use crate::model::Model;

/// Where a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Only in A.
    OnlyA,
    /// Only in B.
    OnlyB,
    /// In both.
    Both,
}

impl Side {
    /// Every side, in the order of the output; the index is the set number in [`side_sets`].
    pub const ALL: [Self; 3] = [Self::OnlyA, Self::OnlyB, Self::Both];

    /// The value in column `side`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnlyA => "a",
            Self::OnlyB => "b",
            Self::Both => "both",
        }
    }
}

/// What makes a function one of A's, or of B's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is in any run.
    Union,
    /// It is in every run: so many of A and of B.
    Core {
        /// Runs of A.
        a: u32,
        /// Runs of B.
        b: u32,
    },
}

/// Columns of the list of functions, in order.
pub const COLUMNS: [&str; 11] =
    ["side", "module", "function", "address", "file", "line", "lines", "calls_a", "calls_b", "runs_a", "runs_b"];

/// The functions of two sets of runs, one row each, with their side.
///
/// * `a`, `b`: run, module, source, function, file, line, lines, calls
/// * out: [`COLUMNS`]; `address` is that of the source function, `calls_*` and `runs_*` count all runs of a side
///
/// Sorted by side (a, b, both), then by lines, most first, then by module and address. With
/// [`Presence::Core`] a function that neither core has is left out, and one that is only in A's core may
/// have runs of B.
pub fn compare(a: LazyFrame, b: LazyFrame, presence: Presence) -> PolarsResult<LazyFrame> {
    let both = concat([tagged(a, "a", "b"), tagged(b, "b", "a")], UnionArgs::default())?;
    let (in_a, in_b) = match presence {
        Presence::Union => (col("runs_a").gt(lit(0)), col("runs_b").gt(lit(0))),
        Presence::Core { a, b } => (col("runs_a").eq(lit(a)), col("runs_b").eq(lit(b))),
    };
    let side =
        when(in_a.clone().and(in_b.clone())).then(lit(2)).otherwise(when(in_b.clone()).then(lit(1)).otherwise(lit(0)));
    let order = SortMultipleOptions::default().with_order_descending_multi([false, true, false, false]);
    Ok(tally(both)
        .filter(in_a.or(in_b))
        .with_column(side.alias("order"))
        .sort(["order", "lines", "module", "address"], order.with_nulls_last_multi([true, true, true, true]))
        .with_column(side_name().alias("side"))
        .select(COLUMNS.map(col)))
}

fn side_name() -> Expr {
    let name = |side: Side| lit(side.name());
    when(col("order").eq(lit(0)))
        .then(name(Side::OnlyA))
        .otherwise(when(col("order").eq(lit(1))).then(name(Side::OnlyB)).otherwise(name(Side::Both)))
}

/// Puts runs and calls into the columns of one side and nothing into those of the other.
fn tagged(sources: LazyFrame, side: &str, other: &str) -> LazyFrame {
    let columns = ["module", "source", "function", "file", "line", "lines"].map(col);
    let own = [col("run").alias(format!("run_{side}")), col("calls").alias(format!("calls_{side}"))];
    let none = [
        lit(NULL).cast(DataType::String).alias(format!("run_{other}")),
        lit(0).cast(DataType::Int64).alias(format!("calls_{other}")),
    ];
    let order = ["module", "source", "function", "file", "line", "lines", "run_a", "run_b", "calls_a", "calls_b"];
    sources.select([columns.as_slice(), &own].concat()).with_columns(none).select(order.map(col))
}

/// One row per function: module, address, function, file, line, lines, calls and runs of each side.
fn tally(tagged: LazyFrame) -> LazyFrame {
    let runs = |side: &str| {
        let run = col(format!("run_{side}")).drop_nulls().n_unique();
        run.cast(DataType::Int64).alias(format!("runs_{side}"))
    };
    tagged.group_by([col("module"), col("source").alias("address")]).agg([
        col("function").min(),
        col("file").min(),
        col("line").min(),
        col("lines").max(),
        col("calls_a").sum(),
        col("calls_b").sum(),
        runs("a"),
        runs("b"),
    ])
}

/// Adds to the functions the bugs that a model expects in each, in the column named after the weighted metric, and
/// sorts by side, then by the first of these columns, most bugs first, then as [`compare`] does.
///
/// * `compared`: as [`compare`] gives it
/// * `weights`: for each model module, source, bugs, as [`crate::weights::weigh`] gives it
/// * out: [`COLUMNS`], then one column a model, null for a function without lines
pub fn with_weights(compared: LazyFrame, weights: Vec<(Model, LazyFrame)>) -> LazyFrame {
    let names: Vec<_> = weights.iter().map(|(model, _)| Metric::Weighted(*model).name()).collect();
    let Some(first) = names.first() else { return compared };
    let order = SortMultipleOptions::default()
        .with_order_descending_multi([false, true, true, false, false])
        .with_nulls_last_multi([true; 5]);
    let keys = ["side", first, "lines", "module", "address"];
    weights.into_iter().fold(compared, with_weight).sort(keys, order)
}

fn with_weight(compared: LazyFrame, (model, bugs): (Model, LazyFrame)) -> LazyFrame {
    let bugs = bugs.select([col("module"), col("source"), col("bugs").alias(Metric::Weighted(model).name())]);
    let (function, source) = ([col("module"), col("address")], [col("module"), col("source")]);
    compared.join(bugs, function, source, JoinArgs::new(JoinType::Left))
}

/// The sides as sets of functions, numbered as in [`Side::ALL`], for [`crate::metrics`].
///
/// * `compared`: as [`compare`] gives it
/// * `sources`: module, source, address, lines, complexity, of all runs of A and B
/// * out: [`SET_COLUMNS`]
pub fn side_sets(compared: LazyFrame, sources: LazyFrame) -> LazyFrame {
    let is = |side: Side| col("side").eq(lit(side.name()));
    let number = when(is(Side::OnlyA)).then(lit(0)).otherwise(when(is(Side::OnlyB)).then(lit(1)).otherwise(lit(2)));
    let sides =
        compared.select([number.cast(DataType::UInt32).alias("set"), col("module"), col("address").alias("source")]);
    let symbols = distinct(sources, &["module", "source", "address", "lines", "complexity"]);
    let key = [col("module"), col("source")];
    sides.join(symbols, &key, &key, JoinArgs::new(JoinType::Inner)).select(SET_COLUMNS.map(col))
}

/// Upper bound, at 95 % confidence, of the share of a side's runs that have a function which none of its
/// `runs` has: 1 - 0.05^(1/runs).
pub fn incidence_bound(runs: usize) -> f64 {
    1.0 - 0.05_f64.powf(1.0 / runs as f64)
}

#[cfg(test)]
mod tests {
    use super::{Presence, compare, incidence_bound, side_sets, with_weights};
    use crate::model::Model;
    use crate::testing::{assert_rows, assert_same};
    use polars::prelude::*;

    fn sources(rows: &[(&str, i64, &str, Option<i64>, i64)]) -> LazyFrame {
        df!(
            "run" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "module" => vec!["vmlinux"; rows.len()],
            "source" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "address" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "function" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            "file" => vec!["f.c"; rows.len()],
            "line" => vec![1; rows.len()],
            "lines" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
            "complexity" => vec![1_i64; rows.len()],
            "calls" => rows.iter().map(|row| row.4).collect::<Vec<_>>(),
        )
        .unwrap()
        .lazy()
    }

    fn a() -> LazyFrame {
        sources(&[
            ("a1", 10, "read", Some(5), 3),
            ("a2", 10, "read", Some(5), 4),
            ("a1", 20, "small", Some(2), 1),
            ("a1", 30, "long", Some(9), 1),
            ("a1", 40, "bpf", None, 1),
        ])
    }

    fn b() -> LazyFrame {
        sources(&[("b1", 10, "read", Some(5), 8), ("b1", 20, "small", Some(2), 2), ("b1", 50, "write", Some(3), 6)])
    }

    /// Side, function, address, lines, and calls of A and B and runs of A and B.
    type Listed = (&'static str, &'static str, i64, Option<i64>, [i64; 4]);

    fn expected(rows: &[Listed]) -> DataFrame {
        df!(
            "side" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "module" => vec!["vmlinux"; rows.len()],
            "function" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "address" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            "file" => vec!["f.c"; rows.len()],
            "line" => vec![1; rows.len()],
            "lines" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
            "calls_a" => rows.iter().map(|row| row.4[0]).collect::<Vec<_>>(),
            "calls_b" => rows.iter().map(|row| row.4[1]).collect::<Vec<_>>(),
            "runs_a" => rows.iter().map(|row| row.4[2]).collect::<Vec<_>>(),
            "runs_b" => rows.iter().map(|row| row.4[3]).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    #[test]
    fn unions_differ_by_what_no_run_of_the_other_side_has() {
        let found = compare(a(), b(), Presence::Union).unwrap().collect().unwrap();
        assert_same(
            &found,
            &expected(&[
                ("a", "long", 30, Some(9), [1, 0, 1, 0]),
                ("a", "bpf", 40, None, [1, 0, 1, 0]),
                ("b", "write", 50, Some(3), [0, 6, 0, 1]),
                ("both", "read", 10, Some(5), [7, 8, 2, 1]),
                ("both", "small", 20, Some(2), [1, 2, 1, 1]),
            ]),
        );
    }

    #[test]
    fn cores_differ_by_what_not_every_run_of_the_other_side_has() {
        let found = compare(a(), b(), Presence::Core { a: 2, b: 1 }).unwrap().collect().unwrap();
        assert_same(
            &found,
            &expected(&[
                ("b", "write", 50, Some(3), [0, 6, 0, 1]),
                ("b", "small", 20, Some(2), [1, 2, 1, 1]),
                ("both", "read", 10, Some(5), [7, 8, 2, 1]),
            ]),
        );
    }

    #[test]
    fn functions_are_sorted_by_the_bugs_of_the_first_model_within_their_side() {
        let bugs = |bugs: [Option<f64>; 5]| {
            df!("module" => ["vmlinux"; 5], "source" => [10_i64, 20, 30, 40, 50], "bugs" => bugs).unwrap().lazy()
        };
        let weights = vec![
            (Model::Epss, bugs([Some(0.1), Some(0.3), Some(0.2), None, Some(0.4)])),
            (Model::Cve, bugs([Some(9.0), Some(8.0), Some(7.0), None, Some(6.0)])),
        ];
        let found = with_weights(compare(a(), b(), Presence::Union).unwrap(), weights);
        let found = found.select(["side", "function", "weighted_epss", "weighted_cve"].map(col)).collect().unwrap();
        assert_same(
            &found,
            &df!(
                "side" => ["a", "a", "b", "both", "both"], "function" => ["long", "bpf", "write", "small", "read"],
                "weighted_epss" => [Some(0.2), None, Some(0.4), Some(0.3), Some(0.1)],
                "weighted_cve" => [Some(7.0), None, Some(6.0), Some(8.0), Some(9.0)],
            )
            .unwrap(),
        );
    }

    #[test]
    fn sides_are_numbered_sets_with_every_symbol_of_a_function() {
        let all = concat([a(), b()], UnionArgs::default()).unwrap();
        let compared = compare(a(), b(), Presence::Union).unwrap();
        assert_rows(
            side_sets(compared, all),
            &df!(
                "set" => [0_u32, 0, 1, 2, 2], "source" => [30_i64, 40, 50, 10, 20],
                "lines" => [Some(9_i64), None, Some(3), Some(5), Some(2)],
            )
            .unwrap(),
        );
    }

    #[test]
    fn ten_runs_bound_the_incidence_by_26_percent() {
        assert!((incidence_bound(10) - 0.258_866).abs() < 1e-6);
        assert!((incidence_bound(1) - 0.95).abs() < 1e-12);
    }
}
