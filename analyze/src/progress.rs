//! A sign of life on the terminal, for a command that takes long.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A command that ends within this time shows nothing.
const QUIET: Duration = Duration::from_secs(2);
/// Between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(100);

/// A line on stderr that tells how long a command has been at work. Not there on anything but a terminal.
///
/// A query runs as one piece and tells nothing of how far it is, so there is no bar.
#[derive(Debug)]
pub struct SignOfLife {
    ended: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl SignOfLife {
    /// Starts the clock.
    pub fn start(command: &'static str) -> Self {
        Self::on(ProgressDrawTarget::stderr(), command, QUIET)
    }

    fn on(target: ProgressDrawTarget, command: &'static str, quiet: Duration) -> Self {
        let (ended, end) = channel();
        // Without a thread there is no sign of life, and the work goes on.
        let thread = thread::Builder::new().spawn(move || show(target, command, quiet, &end)).ok();
        Self { ended, thread }
    }

    /// Takes the line away.
    pub fn end(self) {
        drop(self.ended);
        // A panic of the spinner is nobody's loss.
        let _ = self.thread.map(JoinHandle::join);
    }
}

fn show(target: ProgressDrawTarget, command: &'static str, quiet: Duration, end: &Receiver<()>) {
    if end.recv_timeout(quiet) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let line = ProgressBar::with_draw_target(None, target).with_elapsed(quiet).with_message(command);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}: {elapsed}") {
        line.set_style(style);
    }
    while end.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        line.tick();
    }
    line.finish_and_clear();
}

#[cfg(test)]
mod tests {
    use super::SignOfLife;
    use indicatif::{ProgressDrawTarget, TermLike};
    use std::io;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    /// A terminal that sends away what is written to it.
    #[derive(Debug)]
    struct Terminal(Sender<String>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            // Nobody listens any more once a test has seen what it wants.
            let _ = self.0.send(text.to_owned());
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_long_command_is_named_with_its_time() {
        let (sender, receiver) = channel();
        let target = ProgressDrawTarget::term_like(Box::new(Terminal(sender)));
        let sign = SignOfLife::on(target, "hap", Duration::ZERO);
        let shown = receiver.iter().find(|text| text.contains("hap")).unwrap();
        sign.end();
        assert!(shown.ends_with(" hap: 0s"), "{shown:?}");
    }

    #[test]
    fn a_short_command_shows_nothing_and_does_not_wait() {
        let (sender, receiver) = channel();
        let target = ProgressDrawTarget::term_like(Box::new(Terminal(sender)));
        SignOfLife::on(target, "hap", Duration::from_hours(1)).end();
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [""; 0]);
    }
}
