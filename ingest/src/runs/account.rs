//! What of a recording did not become events: losses of the recorder, damage in the file.

use super::scan::StreamId;

/// Losses that the sub-buffers tell of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Events lost by the counts in sub-buffer headers.
    pub(crate) counted: u64,
    /// Sub-buffers that say that events were lost before them but not how many.
    pub(crate) unknown: u64,
    /// Records that the kernel had discarded.
    pub(crate) discarded: u64,
}

impl Losses {
    /// Adds the losses of another part.
    pub(crate) fn add(&mut self, other: Self) {
        self.counted = self.counted.saturating_add(other.counted);
        self.unknown += other.unknown;
        self.discarded += other.discarded;
    }
}

/// Bytes that could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The stream that they belong to.
    pub(crate) stream: StreamId,
    /// How many, decompressed where that is known.
    pub(crate) bytes: u64,
    /// Where, and what is wrong.
    pub(crate) what: String,
}
