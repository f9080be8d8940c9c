//! What a long job tells while it runs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Hears how far a job has got; called from several threads.
pub trait Progress: Sync {
    /// The job has this many further steps. One that does not know how many it has never says so.
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

/// A line on stderr; nothing is drawn when that is no terminal.
#[derive(Debug)]
pub struct ProgressLine {
    bar: ProgressBar,
}

impl ProgressLine {
    /// A bar, for a job that says how many steps it has. `steps` names them, in the plural.
    pub fn bar(steps: &str) -> Self {
        Self::new(Some(0), &format!("{{elapsed_precise}} {{bar:40}} {{pos}}/{{len}} {steps}"))
    }

    /// A counter, for a job that does not know how many steps it has.
    pub fn counter(steps: &str) -> Self {
        Self::new(None, &format!("{{elapsed_precise}} {{pos}} {steps}"))
    }

    fn new(length: Option<u64>, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
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
