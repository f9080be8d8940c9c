//! Frame in, frame out: what the tests of queries share.

use polars::prelude::*;

/// Asserts that a query gives exactly these rows, in any order unless it documents one.
pub(crate) fn assert_rows(actual: LazyFrame, expected: &DataFrame) {
    let names: Vec<_> = expected.get_column_names_owned();
    let sorted = |frame: LazyFrame| {
        let columns: Vec<_> = names.iter().map(|name| col(name.clone())).collect();
        frame.select(&columns).sort_by_exprs(columns, SortMultipleOptions::default()).collect().unwrap()
    };
    assert_same(&sorted(actual), &sorted(expected.clone().lazy()));
}

/// Asserts that two frames are equal in rows, order and types.
pub(crate) fn assert_same(actual: &DataFrame, expected: &DataFrame) {
    assert_eq!(actual.schema(), expected.schema());
    assert!(actual.equals_missing(expected), "\nactual: {actual}\nexpected: {expected}");
}
