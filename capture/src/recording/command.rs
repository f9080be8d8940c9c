//! A command that is started stopped, so that it is traced from its first instruction.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_parent_process_death_signal, waitpid};

use crate::error::{CaptureError, Result};

/// Name of the hidden subcommand that stops itself and then becomes the command.
pub(crate) const START_STOPPED: &str = "start-stopped";
/// How long a command may take to end when asked to.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Environment variable by which a command finds the run directory: `hap-capture mark` uses it.
pub(crate) const RUN_DIR_VARIABLE: &str = "HAP_RUN_DIR";

/// A command that is stopped before its first instruction.
#[derive(Debug)]
pub struct StoppedCommand {
    child: Child,
    pid: Pid,
    ended: Option<ExitStatus>,
}

impl StoppedCommand {
    /// Starts it. The command dies with the recorder.
    pub fn start(command: &[OsString], run_dir: &Path) -> Result<Self> {
        let name = command.first().map_or_else(String::new, |word| word.to_string_lossy().into_owned());
        let fail = |source| CaptureError::Command { command: name.clone(), source };
        let own = std::env::current_exe().map_err(fail)?;
        let run_dir = std::fs::canonicalize(run_dir).unwrap_or_else(|_| run_dir.to_owned());
        let mut starter = Command::new(own);
        starter.arg(START_STOPPED).arg("--").args(command).env(RUN_DIR_VARIABLE, run_dir);
        let child = starter.spawn().map_err(fail)?;
        let pid = Pid::from_child(&child);
        // WUNTRACED: wait until it has stopped itself, without taking its end away from `Child`.
        let status = waitpid(Some(pid), WaitOptions::UNTRACED).map_err(|error| fail(error.into()))?;
        match status {
            Some((_, status)) if status.stopped() => Ok(Self { child, pid, ended: None }),
            _ => Err(CaptureError::CommandEnded(name)),
        }
    }

    /// Its process.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Lets it run.
    pub fn go(&self) -> Result<()> {
        kill_process(self.pid, Signal::CONT).map_err(|error| CaptureError::CommandEnded(error.to_string()))
    }

    /// How it ended, once it has.
    pub fn status(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Ends it: asks first, then forces.
    pub fn end(&mut self) {
        if self.status().is_some() {
            return;
        }
        // A stopped process takes the signal only when it goes on.
        let _ = kill_process(self.pid, Signal::TERM);
        let _ = kill_process(self.pid, Signal::CONT);
        let deadline = Instant::now() + PATIENCE;
        while self.status().is_none() && Instant::now() < deadline {
            std::thread::sleep(PAUSE);
        }
        if self.status().is_none() {
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }
}

impl Drop for StoppedCommand {
    fn drop(&mut self) {
        self.end();
    }
}

/// Stops this process and, when it is let go, makes it the command. Returns only when that fails.
pub fn stop_and_execute(command: &[OsString]) -> CaptureError {
    let name = command.first().map_or_else(|| OsStr::new("").to_owned(), Clone::clone);
    let fail = |source| CaptureError::Command { command: name.to_string_lossy().into_owned(), source };
    let prepared = set_parent_process_death_signal(Some(Signal::KILL))
        .and_then(|()| kill_process(rustix::process::getpid(), Signal::STOP));
    if let Err(error) = prepared {
        return fail(error.into());
    }
    let source = Command::new(&name).args(command.get(1..).unwrap_or(&[])).exec();
    fail(source)
}

/// Kills processes that a command has left behind.
pub(super) fn kill_left_behind(pids: impl IntoIterator<Item = i32>) {
    for pid in pids.into_iter().filter_map(Pid::from_raw) {
        // One that has ended meanwhile is what is wanted.
        let _ = kill_process(pid, Signal::KILL);
    }
}
