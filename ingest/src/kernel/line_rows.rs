//! The line table of a unit as address ranges.

use std::ops::Range;

use gimli::Unit;

use super::debug_data::Slice;

/// Code that belongs to one source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineRow {
    pub(super) range: Range<u64>,
    /// File, by its number in the unit's line table.
    pub(super) file: u64,
    /// Line, not zero.
    pub(super) line: u32,
}

/// Rows sorted by address.
#[derive(Debug, Default)]
pub(super) struct LineRows {
    rows: Vec<LineRow>,
}

impl LineRows {
    /// Runs the unit's line program. Rows without a line (line 0: code of no line) and rows without code (several views
    /// of one address: the last one counts) are left out; whether a row is a statement's start does not matter.
    pub(super) fn read(unit: &Unit<Slice<'_>>) -> gimli::Result<Self> {
        let Some(program) = unit.line_program.clone() else { return Ok(Self::default()) };
        let mut rows = Vec::new();
        let mut open: Option<(u64, u64, Option<u32>)> = None;
        let mut program = program.rows();
        while let Some((_, row)) = program.next_row()? {
            if let Some((start, file, Some(line))) = open
                && start < row.address()
            {
                rows.push(LineRow { range: start..row.address(), file, line });
            }
            let line = row.line().and_then(|line| u32::try_from(line.get()).ok());
            open = (!row.end_sequence())
                .then(|| (row.address(), row.file_index(), line.filter(|line| i32::try_from(*line).is_ok())));
        }
        rows.sort_by_key(|row| row.range.start);
        Ok(Self { rows })
    }

    /// Rows that overlap a range.
    pub(super) fn overlapping(&self, range: &Range<u64>) -> &[LineRow] {
        let first = self.rows.partition_point(|row| row.range.start < range.start);
        // The row before may reach into the range; rows of one unit do not overlap each other.
        let first = match first.checked_sub(1).and_then(|before| self.rows.get(before)) {
            Some(before) if before.range.end > range.start => first - 1,
            _ => first,
        };
        let last = self.rows.partition_point(|row| row.range.start < range.end);
        self.rows.get(first..last).unwrap_or_default()
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{LineRow, LineRows};

    #[test]
    fn a_row_that_reaches_into_the_range_counts() {
        let row = |start, end| LineRow { range: start..end, file: 1, line: 1 };
        let rows = LineRows { rows: vec![row(0, 4), row(4, 8), row(8, 12)] };
        assert_eq!(rows.overlapping(&(5..8)), &[row(4, 8)]);
        assert_eq!(rows.overlapping(&(4..9)), &[row(4, 8), row(8, 12)]);
        assert_eq!(rows.overlapping(&(12..20)), &[]);
    }
}
