//! How far the presence of each function in the runs of A and of B differs by more than chance.

use polars::prelude::*;

use hap_statistics::false_discovery::benjamini_hochberg;
use hap_statistics::fisher::Fisher;

/// Columns that [`with_tests`] adds, in order.
pub const COLUMNS: [&str; 4] = ["incidence_difference", "fisher_p", "fisher_q", "absence_bound"];

/// Adds to each function what its presence in the runs tells.
///
/// * `compared`: runs_a, runs_b, as [`crate::diff::compare`] gives them
/// * `runs_a`, `runs_b`: how many runs A and B have
/// * out: the same rows, and [`COLUMNS`]: share of A's runs that have it minus share of B's (the effect size, -1 to 1); p
///   of Fisher's exact test, two-sided; its Benjamini-Hochberg correction over all rows; upper bound, at 95 %, of its
///   incidence on the side that never shows it, null where both do
pub fn with_tests(compared: DataFrame, runs_a: usize, runs_b: usize) -> PolarsResult<DataFrame> {
    let counts = |name: &str| -> PolarsResult<Vec<usize>> {
        Ok(compared.column(name)?.i64()?.iter().map(|count| count.unwrap_or(0) as usize).collect())
    };
    let (present_a, present_b) = (counts("runs_a")?, counts("runs_b")?);
    let fisher = Fisher::new(runs_a, runs_b);
    let pairs = || present_a.iter().zip(&present_b);
    let p: Vec<f64> = pairs().map(|(a, b)| fisher.p(*a, *b)).collect();
    let share = |present: usize, runs: usize| if runs > 0 { present as f64 / runs as f64 } else { 0.0 };
    let difference: Vec<f64> = pairs().map(|(a, b)| share(*a, runs_a) - share(*b, runs_b)).collect();
    let bound = |(a, b): (&usize, &usize)| match (a, b) {
        (0, _) => Some(crate::diff::incidence_bound(runs_a)),
        (_, 0) => Some(crate::diff::incidence_bound(runs_b)),
        _ => None,
    };
    let bounds: Vec<Option<f64>> = pairs().map(bound).collect();
    let q = benjamini_hochberg(&p);
    let mut found = compared;
    let [difference_name, p_name, q_name, bound_name] = COLUMNS;
    let columns = [
        Column::new(difference_name.into(), difference),
        Column::new(p_name.into(), p),
        Column::new(q_name.into(), q),
        Column::new(bound_name.into(), bounds),
    ];
    for column in columns {
        found.with_column(column)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::with_tests;
    use crate::testing::assert_same;
    use polars::prelude::*;

    // scipy.stats.fisher_exact of [[4, 0], [0, 4]], [[4, 0], [3, 1]] and [[2, 2], [0, 4]]: 1/35, 1 and 3/7; corrected
    // 3/35, 1 and 9/14.
    #[test]
    fn functions_have_effect_p_q_and_bound() {
        let compared = df!("runs_a" => [4_i64, 4, 2], "runs_b" => [0_i64, 3, 0]).unwrap();
        let found = with_tests(compared, 4, 4).unwrap();
        let rounded = found
            .lazy()
            .with_columns(
                ["incidence_difference", "fisher_p", "fisher_q", "absence_bound"]
                    .map(|name| (col(name) * lit(1e6) + lit(0.5)).cast(DataType::Int64).alias(name)),
            )
            .collect()
            .unwrap();
        let expected = df!(
            "runs_a" => [4_i64, 4, 2], "runs_b" => [0_i64, 3, 0],
            "incidence_difference" => [1_000_000_i64, 250_000, 500_000], "fisher_p" => [28_571_i64, 1_000_000, 428_571],
            "fisher_q" => [85_714_i64, 1_000_000, 642_857], "absence_bound" => [Some(527_129_i64), None, Some(527_129)],
        );
        assert_same(&rounded, &expected.unwrap());
    }
}
