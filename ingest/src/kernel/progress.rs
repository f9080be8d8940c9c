//! What a long job tells while it runs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Hears how far a job has got; called from several threads.
pub trait Progress: Sync {
    /// The job has this many further steps: units of debug information, then modules.
    fn expect(&self, steps: u64);
    /// One step is done.
    fn step(&self);
}

/// Says nothing.
#[derive(Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn expect(&self, _steps: u64) {}
    fn step(&self) {}
}

/// A bar on stderr; nothing is drawn when that is no terminal.
#[derive(Debug)]
pub struct ProgressLine {
    bar: ProgressBar,
}

impl ProgressLine {
    /// Starts a bar.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{elapsed_precise} {bar:40} {pos}/{len} units and modules");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Default for ProgressLine {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for ProgressLine {
    fn expect(&self, steps: u64) {
        self.bar.inc_length(steps);
    }

    fn step(&self) {
        self.bar.inc(1);
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
