//! MSER-m: where the transient of a series ends (White, Simulation 69, 1997).
//!
//! The series is averaged in batches of m values. Of the numbers d of leading batches to leave out, up to half of them, the
//! one with the least squared standard error of the mean of the rest, sum (y - mean)^2 / (n - d)^2, is taken. Where that
//! is the last one, the transient may be longer: the series is too short for it. (A search beyond the half would end in any
//! constant stretch at the end of the series, which has no spread at all.)

/// Values in a batch: MSER-5.
pub const BATCH: usize = 5;

/// Index of the first value after the transient, a multiple of [`BATCH`]; none when the transient takes half of the series
/// or more, or there are fewer than two batches.
pub fn transient_end(series: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    let statistics = statistics(&batches);
    let searched = statistics.get(..=batches.len() / 2).filter(|_| batches.len() > 1)?;
    let least = searched.iter().copied().fold(f64::INFINITY, f64::min);
    // Of statistics that are equal but for rounding the least truncation stands.
    let truncated = searched.iter().position(|statistic| *statistic <= least * (1.0 + 1e-9) + 1e-12)?;
    (truncated < batches.len() / 2).then_some(truncated * BATCH)
}

/// The statistic of every truncation, from the end on, so that each follows from the one before.
fn statistics(batches: &[f64]) -> Vec<f64> {
    let (mut sum, mut squares) = (0.0, 0.0);
    let statistic = |(count, value): (usize, &f64)| {
        sum += value;
        squares += value * value;
        let n = (count + 1) as f64;
        (squares - sum * sum / n).max(0.0) / (n * n)
    };
    let mut statistics: Vec<f64> = batches.iter().rev().enumerate().map(statistic).collect();
    statistics.reverse();
    statistics
}

#[cfg(test)]
mod tests {
    use super::transient_end;
    use crate::oracle::rows;

    #[test]
    fn the_transient_ends_where_the_mean_of_the_rest_is_surest() {
        let series: Vec<f64> = [vec![40.0; 5], vec![12.0; 5], [1.0, 0.0, 2.0, 1.0, 1.0].repeat(8)].concat();
        assert_eq!(transient_end(&series), Some(10));
        assert_eq!(transient_end(&[3.0; 20]), Some(0));
    }

    #[test]
    fn a_transient_of_half_of_the_series_or_no_two_batches_give_none() {
        let series: Vec<f64> = (0..30).map(|window| f64::from(64 >> (window / 5))).collect();
        assert_eq!(transient_end(&series), None);
        assert_eq!(transient_end(&[1.0; 9]), None);
    }

    // Each row: the end, or -1, and 60 values; the oracle evaluates the definition for every truncation.
    #[test]
    fn ends_are_those_of_the_definition() {
        for row in rows(include_str!("../tests/oracle/mser.csv"), 61) {
            let expected = usize::try_from(row[0] as i64).ok();
            assert_eq!(transient_end(&row[1..]), expected, "{row:?}");
        }
    }
}
