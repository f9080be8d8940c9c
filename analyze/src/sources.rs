//! Source functions: the unit that is counted. Clones of one source function (`.cold`, `.isra.0`,
//! `.constprop.0`) are one; functions of one name at other places stay apart, since names are not unique.

use polars::prelude::*;

/// Adds to each symbol its source function, by (module, source_address).
///
/// * `reached`: run, module, address, observer, function, calls
/// * `kernel_functions`: module, address, source_address, function, file, line, lines
/// * out: run, module, source, address, observer, function, file, line, lines, calls, known
///
/// `function`, `file`, `line` and `lines` are those of the source function. A symbol without a row (BPF
/// programs, unresolved call sites) is a function of its own, `known` false and `lines` null.
pub fn with_sources(reached: LazyFrame, kernel_functions: LazyFrame) -> LazyFrame {
    let symbols = kernel_functions.clone().select([col("module"), col("address"), col("source_address").alias("source")]);
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
        .select(source_columns())
}

/// The same columns where there is no kernel table: every symbol is a function of its own.
pub fn without_sources(reached: LazyFrame) -> LazyFrame {
    reached
        .with_columns([
            col("address").alias("source"),
            lit(NULL).cast(DataType::String).alias("file"),
            lit(NULL).cast(DataType::Int32).alias("line"),
            lit(NULL).cast(DataType::Int64).alias("lines"),
            lit(true).alias("known"),
        ])
        .select(source_columns())
}

fn source_columns() -> [Expr; 11] {
    let names = ["run", "module", "source", "address", "observer", "function", "file", "line", "lines", "calls", "known"];
    names.map(col)
}

/// One row per source function: module, source, function, file, line, lines.
///
/// Its own row tells, where it has one; else the clone with the lowest address, and the longest of the clones' extents.
fn source_functions(kernel_functions: LazyFrame) -> LazyFrame {
    let is_own = || col("address").eq(col("source_address"));
    let own = |name: &str| col(name).filter(is_own()).first();
    let told = |name: &str| own(name).fill_null(col(name).drop_nulls().first());
    kernel_functions
        .sort(["module", "address"], SortMultipleOptions::default())
        .group_by_stable([col("module"), col("source_address").alias("source")])
        .agg([
            told("function"),
            told("file"),
            told("line"),
            own("lines").fill_null(col("lines").max()).cast(DataType::Int64),
        ])
}
