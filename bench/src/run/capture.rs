//! Generated captures, checked against what they were made of.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use super::measure::{Cores, measure};
use crate::note;

/// A generated capture.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) path: PathBuf,
    /// Bytes of its sub-buffers.
    pub(super) raw_bytes: u64,
    pub(super) events: u64,
}

/// Captures to repeat.
pub(super) struct Original {
    paths: Vec<PathBuf>,
    /// Events of all together, as hap-ingest counts them.
    events: u64,
}

impl Original {
    pub(super) fn new(ingest: &Path, paths: Vec<PathBuf>, dir: &Path) -> anyhow::Result<Self> {
        let out = dir.join("original");
        let mut arguments: Vec<&OsStr> = vec!["runs".as_ref(), "--out".as_ref(), out.as_ref()];
        arguments.extend(paths.iter().map(|path| path.as_os_str()));
        let (_, said) = measure(Cores::Two, ingest, &arguments)?;
        Ok(Self { paths, events: events_told(&said)? })
    }

    /// Repeats the captures in a process of its own: what a process measures as its peak starts at its parent's.
    pub(super) fn repeat(&self, mib: u64, path: &Path) -> anyhow::Result<Capture> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("generate").arg("--raw-mib").arg(mib.to_string()).arg("--out").arg(path).args(&self.paths);
        let output = command.stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "cannot make {}", path.display());
        let told = String::from_utf8(output.stdout)?;
        let mut numbers = told.split_whitespace().map(str::parse::<u64>);
        let mut next = || numbers.next().context("the generator told too little")?.map_err(anyhow::Error::from);
        let (repetitions, raw_bytes, events) = (next()?, next()?, next()?);
        let expected = self.events * repetitions;
        ensure!(events == expected, "{}: {events} events instead of {expected}", path.display());
        note(format_args!("{}: {repetitions} times, {raw_bytes} bytes, {events} events", path.display()));
        Ok(Capture { path: path.to_owned(), raw_bytes, events })
    }
}

impl Capture {
    /// trace-cmd must print a line for each event.
    pub(super) fn check_with_trace_cmd(&self) -> anyhow::Result<()> {
        let mut command = Command::new("trace-cmd");
        command.arg("report").arg("-i").arg(&self.path).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let output = child.stdout.take().context("no output of trace-cmd")?;
        let lines = BufReader::new(output).split(b'\n').try_fold(0, |lines, line| line.map(|_| lines + 1_u64))?;
        ensure!(child.wait()?.success(), "trace-cmd cannot read {}", self.path.display());
        // The first line tells the number of CPUs.
        let events = lines.saturating_sub(1);
        ensure!(events == self.events, "trace-cmd sees {events} events of {}", self.events);
        note(format_args!("trace-cmd report prints the {events} events of {}", self.path.display()));
        Ok(())
    }
}

/// The number of events in the last line that hap-ingest says.
pub(super) fn events_told(said: &str) -> anyhow::Result<u64> {
    let number = said.lines().find_map(|line| {
        let (before, _) = line.split_once(" events, ")?;
        before.rsplit(' ').next()?.parse().ok()
    });
    number.with_context(|| format!("hap-ingest tells no number of events: {said}"))
}
