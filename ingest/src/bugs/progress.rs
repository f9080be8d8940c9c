//! What the reading of records tells while it runs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Hears of every file that was read.
pub trait RecordProgress {
    /// One more file.
    fn step(&self);
}

/// Says nothing.
#[derive(Debug, Default)]
pub struct NoRecordProgress;

impl RecordProgress for NoRecordProgress {
    fn step(&self) {}
}

/// A counter on stderr; nothing is drawn when that is no terminal.
#[derive(Debug)]
pub struct RecordLine {
    bar: ProgressBar,
}

impl RecordLine {
    /// Starts counting.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {pos} files of records") {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Default for RecordLine {
    fn default() -> Self {
        Self::new()
    }
}

impl RecordProgress for RecordLine {
    fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for RecordLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
