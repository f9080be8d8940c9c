//! Fixture tables that tests/oracle/make.py made with scipy, statsmodels and pymannkendall.

/// The rows below the heading, as numbers.
pub(crate) fn rows(table: &str, columns: usize) -> Vec<Vec<f64>> {
    let numbers = |line: &str| line.split(',').map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>();
    let rows: Vec<_> = table.lines().skip(1).map(numbers).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.len() == columns));
    rows
}

/// Whether all numbers agree to nine digits.
pub(crate) fn near(found: &[f64], expected: &[f64]) -> bool {
    let close = |(found, expected): (&f64, &f64)| (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3);
    found.len() == expected.len() && found.iter().zip(expected).all(close)
}
