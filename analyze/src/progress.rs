//! A sign of life on the terminal, for a command that takes long: a bar where the amount of work is known.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A command that ends within this time shows nothing.
const QUIET: Duration = Duration::from_secs(2);
/// Between two pictures of the line.
const TICK: Duration = Duration::from_millis(100);
/// The line while the amount of work is known, and while it is not.
const BAR: &str = "{spinner} {msg} {bar:30} {pos}/{len}, {elapsed}";
const SPINNER: &str = "{spinner} {msg}: {elapsed}";

/// How far a command is; clones tell of the same command.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    stage: Arc<Mutex<Stage>>,
}

/// A part of a command with a known amount of work.
#[derive(Clone, Debug, Default)]
struct Stage {
    /// What is counted.
    what: &'static str,
    total: u64,
    done: Arc<AtomicU64>,
}

/// Counts the work of one stage.
#[derive(Debug)]
pub struct Steps {
    done: Arc<AtomicU64>,
}

impl Progress {
    /// Begins a stage of so many steps, in place of the one before.
    pub fn begin(&self, what: &'static str, total: usize) -> Steps {
        let done = Arc::<AtomicU64>::default();
        let stage = Stage { what, total: total as u64, done: Arc::clone(&done) };
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = stage;
        Steps { done }
    }

    /// What is counted, how much of it is done, and how much there is; none between stages.
    fn now(&self) -> Option<(&'static str, u64, u64)> {
        let Stage { what, total, done } = self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let done = done.load(Ordering::Relaxed);
        (done < total).then_some((what, done, total))
    }
}

impl Steps {
    /// One step is done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// A line on stderr that tells how long a command has been at work, and how far it is where that is known. Not there on
/// anything but a terminal.
#[derive(Debug)]
pub struct SignOfLife {
    ended: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl SignOfLife {
    /// Starts the clock.
    pub fn start(command: &'static str, progress: &Progress) -> Self {
        Self::on(ProgressDrawTarget::stderr(), command, QUIET, progress)
    }

    fn on(target: ProgressDrawTarget, command: &'static str, quiet: Duration, progress: &Progress) -> Self {
        let (ended, end) = channel();
        let progress = progress.clone();
        // Without a thread there is no sign of life, and the work goes on.
        let thread = thread::Builder::new().spawn(move || show(target, command, (quiet, &end), &progress)).ok();
        Self { ended, thread }
    }

    /// Takes the line away.
    pub fn end(self) {
        drop(self.ended);
        // A panic of the line is nobody's loss.
        let _ = self.thread.map(JoinHandle::join);
    }
}

fn show(
    target: ProgressDrawTarget,
    command: &'static str,
    (quiet, end): (Duration, &Receiver<()>),
    progress: &Progress,
) {
    if end.recv_timeout(quiet) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let line = ProgressBar::with_draw_target(None, target).with_elapsed(quiet);
    loop {
        draw(&line, command, progress.now());
        if end.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    line.finish_and_clear();
}

fn draw(line: &ProgressBar, command: &str, now: Option<(&'static str, u64, u64)>) {
    let template = if now.is_some() { BAR } else { SPINNER };
    if let Ok(style) = ProgressStyle::with_template(template) {
        line.set_style(style);
    }
    match now {
        Some((what, done, total)) => {
            line.set_length(total);
            line.set_position(done);
            line.set_message(format!("{command}, {what}"));
        }
        None => line.set_message(command.to_owned()),
    }
    line.tick();
}

#[cfg(test)]
mod tests {
    use super::{Progress, SignOfLife};
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
        let sign = SignOfLife::on(target, "hap", Duration::ZERO, &Progress::default());
        let shown = receiver.iter().find(|text| text.contains("hap")).unwrap();
        sign.end();
        assert!(shown.ends_with(" hap: 0s"), "{shown:?}");
    }

    #[test]
    fn a_short_command_shows_nothing_and_does_not_wait() {
        let (sender, receiver) = channel();
        let target = ProgressDrawTarget::term_like(Box::new(Terminal(sender)));
        SignOfLife::on(target, "hap", Duration::from_hours(1), &Progress::default()).end();
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn known_work_has_a_bar_until_it_is_done() {
        let (sender, receiver) = channel();
        let target = ProgressDrawTarget::term_like(Box::new(Terminal(sender)));
        let progress = Progress::default();
        let steps = progress.begin("runs", 4);
        steps.step();
        let sign = SignOfLife::on(target, "hap", Duration::ZERO, &progress);
        let bar = receiver.iter().find(|text| text.contains("hap, runs")).unwrap();
        assert!(bar.contains("███████") && bar.ends_with("1/4, 0s"), "{bar:?}");
        (0..3).for_each(|_| steps.step());
        receiver.iter().find(|text| text.contains("hap: ")).unwrap();
        sign.end();
    }
}
