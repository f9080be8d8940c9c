//! Line numbers of a text.

/// Where the lines of a text start.
pub(super) struct LineStarts {
    starts: Vec<usize>,
}

impl LineStarts {
    pub(super) fn new(text: &[u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self { starts: std::iter::once(0).chain(ends.map(|(place, _)| place + 1)).collect() }
    }

    /// Number of the line at a place, from 1.
    pub(super) fn line(&self, place: usize) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= place)).unwrap_or(u32::MAX)
    }
}
