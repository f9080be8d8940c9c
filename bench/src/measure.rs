//! Runs a command and tells what it took.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use wait4::Wait4;

/// What one run of a command took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    /// Largest resident set in bytes, mapped files included.
    pub(crate) peak: u64,
}

/// The cores that a command may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    One,
    Two,
}

impl Cores {
    /// The command on these cores; on any where there is no `taskset`.
    fn command(self, program: &std::ffi::OsStr) -> Command {
        if !crate::machine::has("taskset") {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.arg("-c").arg(if self == Self::One { "0" } else { "0,1" }).arg(program);
        command
    }
}

/// Runs a command; gives what it took and what it said on standard error. Its standard output goes nowhere.
pub(crate) fn measure(
    cores: Cores,
    program: impl AsRef<std::ffi::OsStr>,
    arguments: &[&std::ffi::OsStr],
) -> anyhow::Result<(Sample, String)> {
    // A file, not a pipe: it needs nobody who reads while the command runs.
    let mut messages = tempfile::tempfile()?;
    let mut command = cores.command(program.as_ref());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(messages.try_clone()?);
    let start = Instant::now();
    let used = command.spawn().context("cannot start it")?.wait4()?;
    let wall = start.elapsed();
    let mut said = String::new();
    std::io::Seek::rewind(&mut messages)?;
    std::io::Read::read_to_string(&mut messages, &mut said)?;
    ensure!(used.status.success(), "{}: {said}", used.status);
    let sample = Sample { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss };
    Ok((sample, said))
}
