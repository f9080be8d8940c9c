//! The progress line.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};

/// How a recording stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Time since its start.
    pub elapsed: Duration,
    /// Events so far, lost ones included.
    pub events: u64,
    /// Events a second since the last look.
    pub rate: f64,
    /// Bytes read from the ring buffers.
    pub raw_bytes: u64,
    /// Bytes on the disk.
    pub stored_bytes: u64,
    /// Events lost.
    pub lost: u64,
}

impl Standing {
    /// The line.
    pub fn text(&self) -> String {
        let ratio = if self.stored_bytes == 0 { 0.0 } else { self.raw_bytes as f64 / self.stored_bytes as f64 };
        format!(
            "{:.1} s, {:.0} events/s, {:.1} MB, compression {ratio:.1}, lost {}",
            self.elapsed.as_secs_f64(),
            self.rate,
            self.stored_bytes as f64 / 1e6,
            self.lost,
        )
    }
}

/// The line on stderr, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    line: ProgressBar,
}

impl Default for Progress {
    fn default() -> Self {
        Self { line: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()) }
    }
}

impl Progress {
    /// Shows what is being done.
    pub fn step(&self, text: &str) {
        self.line.set_style(indicatif::ProgressStyle::default_spinner());
        self.line.set_message(text.to_owned());
        self.line.tick();
    }

    /// Shows how the recording stands.
    pub fn show(&self, standing: &Standing) {
        self.step(&standing.text());
    }

    /// Removes the line.
    pub fn clear(&self) {
        self.line.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Standing;

    #[test]
    fn the_line_has_time_rate_size_compression_and_loss() {
        let standing = Standing {
            elapsed: Duration::from_millis(12_340),
            events: 5,
            rate: 150_000.4,
            raw_bytes: 56_000_000,
            stored_bytes: 10_000_000,
            lost: 7,
        };
        assert_eq!(standing.text(), "12.3 s, 150000 events/s, 10.0 MB, compression 5.6, lost 7");
        assert_eq!(Standing::default().text(), "0.0 s, 0 events/s, 0.0 MB, compression 0.0, lost 0");
    }
}
