//! Source functions: the unit that is counted. Clones of one source function (`.cold`, `.isra.0`,
//! `.constprop.0`) are one; functions of one name at other places stay apart, since names are not unique.

use polars::prelude::*;

/// Adds to each symbol its source function, by (module, source_address).
///
/// * `reached`: run, module, address, observer, function, calls
/// * `kernel_functions`: module, address, source_address, function, file, line, lines, complexity
/// * out: run, module, source, address, observer, function, file, line, lines, complexity, calls, known
///
/// `function`, `file`, `line`, `lines` and `complexity` are those of the source function. A symbol without a row (BPF
/// programs, unresolved call sites) is a function of its own, `known` false, `lines` and `complexity` null.
pub fn with_sources(reached: LazyFrame, kernel_functions: LazyFrame) -> LazyFrame {
    let symbols =
        kernel_functions.clone().select([col("module"), col("address"), col("source_address").alias("source")]);
    let left = || JoinArgs::new(JoinType::Left);
    let symbol = [col("module"), col("address")];
    let source = [col("module"), col("source")];
    reached
        .rename(["function"], ["symbol"], true)
        .join(symbols, &symbol, &symbol, left())
        .with_column(col("source").is_not_null().alias("known"))
        .with_column(col("source").fill_null(col("address")))
        .join(source_functions(kernel_functions), &source, &source, left())
        .with_column(col("function").fill_null(col("symbol")))
        .select(COLUMNS.map(col))
}

/// The same columns where there is no kernel table: every symbol is a function of its own.
pub fn without_sources(reached: LazyFrame) -> LazyFrame {
    reached
        .with_columns([
            col("address").alias("source"),
            lit(NULL).cast(DataType::String).alias("file"),
            lit(NULL).cast(DataType::Int32).alias("line"),
            lit(NULL).cast(DataType::Int64).alias("lines"),
            lit(NULL).cast(DataType::Int64).alias("complexity"),
            lit(true).alias("known"),
        ])
        .select(COLUMNS.map(col))
}

/// The columns that [`with_sources`] documents.
const COLUMNS: [&str; 12] = [
    "run",
    "module",
    "source",
    "address",
    "observer",
    "function",
    "file",
    "line",
    "lines",
    "complexity",
    "calls",
    "known",
];

/// One row per source function: module, source, function, file, line, lines, complexity.
///
/// Its own row tells, where it has one; else the clone with the lowest address, and the largest of the clones' extents
/// and complexities.
pub(crate) fn source_functions(kernel_functions: LazyFrame) -> LazyFrame {
    let is_own = || col("address").eq(col("source_address"));
    let own = |name: &str| col(name).filter(is_own()).first();
    let measured = |name: &str| own(name).fill_null(col(name).max()).cast(DataType::Int64);
    let told = |name: &str| own(name).fill_null(col(name).drop_nulls().first());
    kernel_functions
        .sort(["module", "address"], SortMultipleOptions::default())
        .group_by_stable([col("module"), col("source_address").alias("source")])
        .agg([told("function"), told("file"), told("line"), measured("lines"), measured("complexity")])
}

#[cfg(test)]
mod tests {
    use super::{with_sources, without_sources};
    use crate::testing::assert_rows;
    use polars::prelude::*;

    /// read with a clone; a header-static copy of one name in two places; parse, whose own code is all inlined,
    /// left with two clones; entry, which has a symbol but no extent.
    fn kernel() -> LazyFrame {
        df!(
            "module" => ["vmlinux"; 7],
            "address" => [100_i64, 500, 200, 300, 410, 420, 600],
            "source_address" => [100_i64, 100, 200, 300, 400, 400, 600],
            "function" => ["read", "read", "list_add", "list_add", "parse", "parse", "entry"],
            "file" => [Some("fs/read.c"), Some("fs/read.c"), Some("list.h"), Some("list.h"), Some("p.c"), Some("p.c"), None],
            "line" => [Some(10), Some(10), Some(5), Some(5), Some(1), Some(1), None],
            "lines" => [Some(20), Some(20), Some(4), Some(4), Some(7), Some(9), None],
            "complexity" => [Some(3), Some(3), Some(1), None, Some(2), Some(5), None],
        )
        .unwrap()
        .lazy()
    }

    fn reached(symbols: &[(&str, i64, Option<&str>)]) -> LazyFrame {
        df!(
            "run" => vec!["r"; symbols.len()],
            "module" => symbols.iter().map(|symbol| symbol.0).collect::<Vec<_>>(),
            "address" => symbols.iter().map(|symbol| symbol.1).collect::<Vec<_>>(),
            "observer" => vec![None::<&str>; symbols.len()],
            "function" => symbols.iter().map(|symbol| symbol.2).collect::<Vec<_>>(),
            "calls" => vec![1_i64; symbols.len()],
        )
        .unwrap()
        .lazy()
    }

    #[test]
    fn clones_have_the_source_function_of_their_origin() {
        let found =
            with_sources(reached(&[("vmlinux", 100, Some("read")), ("vmlinux", 500, Some("read.cold"))]), kernel());
        assert_rows(found, &df!(
            "source" => [100_i64, 100], "address" => [100_i64, 500], "function" => ["read", "read"],
            "file" => ["fs/read.c", "fs/read.c"], "line" => [10, 10], "lines" => [20_i64, 20], "complexity" => [3_i64, 3],
            "known" => [true, true],
        ).unwrap());
    }

    #[test]
    fn copies_of_one_name_at_other_addresses_stay_apart() {
        let symbols = [("vmlinux", 200, Some("list_add")), ("vmlinux", 300, Some("list_add"))];
        assert_rows(
            with_sources(reached(&symbols), kernel()),
            &df!(
                "source" => [200_i64, 300], "function" => ["list_add", "list_add"], "lines" => [4_i64, 4],
                "complexity" => [Some(1_i64), None],
            )
            .unwrap(),
        );
    }

    #[test]
    fn a_source_function_without_a_row_has_the_largest_extent_and_complexity_of_its_clones() {
        assert_rows(
            with_sources(reached(&[("vmlinux", 410, Some("parse.isra.0"))]), kernel()),
            &df!(
                "source" => [400_i64], "function" => ["parse"], "lines" => [9_i64], "complexity" => [5_i64],
                "known" => [true],
            )
            .unwrap(),
        );
    }

    #[test]
    fn a_symbol_that_the_kernel_table_does_not_have_is_a_function_without_lines() {
        let symbols = [("bpf", 100, Some("bpf_prog_1")), ("unknown", 7, None), ("vmlinux", 600, Some("entry"))];
        assert_rows(
            with_sources(reached(&symbols), kernel()),
            &df!(
                "module" => ["bpf", "unknown", "vmlinux"], "source" => [100_i64, 7, 600],
                "function" => [Some("bpf_prog_1"), None, Some("entry")], "lines" => [None::<i64>; 3],
                "complexity" => [None::<i64>; 3], "known" => [false, false, true],
            )
            .unwrap(),
        );
    }

    #[test]
    fn without_a_kernel_table_every_symbol_is_a_function() {
        let symbols = [("vmlinux", 100, Some("read")), ("vmlinux", 500, Some("read.cold"))];
        assert_rows(
            without_sources(reached(&symbols)),
            &df!(
                "source" => [100_i64, 500], "function" => ["read", "read.cold"], "lines" => [None::<i64>; 2],
                "complexity" => [None::<i64>; 2],
            )
            .unwrap(),
        );
    }
}
