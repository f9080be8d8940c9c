//! Where the warm-up of a series ends.

/// Values that make a batch.
const BATCH: usize = 5;

/// How many values to cut off, by MSER-5: the cut d that minimises the sum over the batch means behind it of
/// (mean - overall mean)^2, divided by the square of their number (White 1997; White, Cobb & Spratt 2000). None where
/// the minimum lies in the second half, or where there are fewer than four batches.
pub fn mser_5(values: &[u32]) -> Option<usize> {
    // Batches count from the end, so that the newest values are never left over.
    let left_over = values.len() % BATCH;
    let batches: Vec<f64> = values.get(left_over..)?.chunks_exact(BATCH).map(mean).collect();
    if batches.len() < 4 {
        return None;
    }
    let half = batches.len() / 2;
    let statistic = |cut: usize| {
        let behind = batches.get(cut..).unwrap_or(&[]);
        let count = behind.len() as f64;
        let mean = behind.iter().sum::<f64>() / count;
        behind.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count * count)
    };
    let candidates = (0..batches.len() - 1).map(|cut| (cut, statistic(cut)));
    let (cut, _) = candidates.min_by(|left, right| left.1.total_cmp(&right.1))?;
    (cut <= half).then_some(left_over * usize::from(cut > 0) + cut * BATCH)
}

fn mean(values: &[u32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::mser_5;

    #[test]
    fn a_high_start_is_cut_off_in_batches_of_five() {
        let mut values = vec![90, 80, 70, 60, 50, 9, 8, 7, 6, 5];
        values.extend([0; 30]);
        assert_eq!(mser_5(&values), Some(10));
    }

    #[test]
    fn a_flat_series_needs_no_cut_and_a_short_one_says_nothing() {
        assert_eq!(mser_5(&[3; 40]), Some(0));
        assert_eq!(mser_5(&[3; 19]), None);
    }

    #[test]
    fn a_series_that_settles_only_in_its_second_half_says_nothing() {
        let values: Vec<u32> = (0..40).map(|i| if i < 30 { 100 - i } else { 0 }).collect();
        assert_eq!(mser_5(&values), None);
    }
}
