//! How an attempt at a run is carried out: start, wait, warm up, record under load, stop.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::amend::amend;
use super::attempt::{Attempt, PATIENCE};
use super::load::{LoadCounts, counter};
use super::script::Ended;
use crate::error::{CaptureError, Result};
use crate::recording::StopFlag;
use crate::run_dir::{Mark, MarkLog};

/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(100);
/// Pause between tries of a `ready`.
const READY_PAUSE: Duration = Duration::from_millis(300);

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AttemptEnd {
    Done,
    Failed(String),
    Stopped,
}

impl Attempt<'_> {
    /// Carries the run out. Whatever happens, the sandbox is taken away again.
    pub(super) fn carry_out(mut self, stop: &StopFlag) -> Result<AttemptEnd> {
        let dir = self.dir().path().to_owned();
        for folder in [&dir, &self.state] {
            fs::create_dir_all(folder).map_err(|source| CaptureError::io(folder, source))?;
        }
        self.take_away();
        let end = self.measure(stop);
        self.take_away();
        if matches!(end, Ok(AttemptEnd::Stopped)) {
            // A run that was stopped early must not pass for a finished one.
            fs::remove_dir_all(&dir).map_err(|source| CaptureError::io(&dir, source))?;
        }
        end
    }

    /// Takes a sandbox of the runtime away, if there is one.
    pub(super) fn take_away(&self) {
        if let Some(text) = &self.runtime.stop {
            // What is not there cannot be stopped; what cannot be stopped shows at the next start.
            let _ = self.script("stop", text, Duration::ZERO).run(&self.log(), &self.log(), PATIENCE, None);
        }
    }

    fn log(&self) -> PathBuf {
        self.dir().path().join("study.log")
    }

    fn measure(&mut self, stop: &StopFlag) -> Result<AttemptEnd> {
        if let Err(end) = self.bring_up(stop) {
            return Ok(end);
        }
        let before = self.count(stop);
        let target = match self.ask("target", self.runtime.target.as_ref(), stop) {
            Ok(target) => target,
            Err(end) => return Ok(end),
        };
        let mut recorder = self.start_recorder(&target)?;
        let load = self.record_load(&mut recorder, stop);
        let ending = end_recorder(&mut recorder);
        let (counts, failure) = match load {
            Ok(counts) => (counts, None),
            Err(AttemptEnd::Failed(reason)) => (LoadCounts::default(), Some(reason)),
            Err(end) => return Ok(end),
        };
        if !self.dir().run_json().exists() {
            let reason = failure.unwrap_or_else(|| "the recorder ended without a run".to_owned());
            return Ok(AttemptEnd::Failed(format!("{reason}{}", self.last_words())));
        }
        let counted = before.zip(self.count(stop)).map(|(before, after)| after - before);
        let counts = LoadCounts { requests: counts.requests.or(counted), ..counts };
        let run = amend(&self.dir(), counts, self.workload.min_requests, failure)?;
        Ok(match run.failure().or_else(|| ending.err()) {
            Some(reason) => AttemptEnd::Failed(reason),
            None => AttemptEnd::Done,
        })
    }

    /// Start, wait until healthy, warm up.
    fn bring_up(&mut self, stop: &StopFlag) -> std::result::Result<(), AttemptEnd> {
        self.step("start", self.runtime.start.as_ref(), self.plan.start_timeout, stop)?;
        if self.runtime.address.is_some() {
            self.address = self.ask("address", self.runtime.address.as_ref(), stop)?.join(" ");
        }
        self.wait_until_ready("sandbox", self.runtime.ready.as_ref(), stop)?;
        self.wait_until_ready("workload", self.workload.ready.as_ref(), stop)?;
        self.step("prepare", self.workload.prepare.as_ref(), PATIENCE, stop)?;
        self.load("warm up", self.plan.warm_up, stop).map(drop)
    }

    fn step(
        &self,
        what: &'static str,
        text: Option<&String>,
        limit: Duration,
        stop: &StopFlag,
    ) -> std::result::Result<(), AttemptEnd> {
        let Some(text) = text else { return Ok(()) };
        let ended = self.script(what, text, Duration::ZERO).run(&self.log(), &self.log(), limit, Some(stop));
        self.judge(what, ended)
    }

    fn judge(&self, what: &str, ended: Ended) -> std::result::Result<(), AttemptEnd> {
        match ended {
            Ended::Well => Ok(()),
            Ended::Stopped => Err(AttemptEnd::Stopped),
            Ended::Late => Err(AttemptEnd::Failed(format!("{what} took too long{}", self.last_words()))),
            Ended::Badly(how) => Err(AttemptEnd::Failed(format!("{what}: {how}{}", self.last_words()))),
        }
    }

    /// The last line of the log, to be put behind a reason.
    fn last_words(&self) -> String {
        let text = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .map_or_else(String::new, |line| format!(" ({})", line.trim()))
    }

    /// The words that a snippet prints.
    fn ask(
        &self,
        what: &'static str,
        text: Option<&String>,
        stop: &StopFlag,
    ) -> std::result::Result<Vec<String>, AttemptEnd> {
        let Some(text) = text else { return Ok(Vec::new()) };
        let answer = self.state.join("answer");
        let _ = fs::remove_file(&answer);
        let ended = self.script(what, text, Duration::ZERO).run(&answer, &self.log(), PATIENCE, Some(stop));
        self.judge(what, ended)?;
        let words = fs::read_to_string(&answer).unwrap_or_default();
        Ok(words.split_ascii_whitespace().map(str::to_owned).collect())
    }

    fn wait_until_ready(
        &self,
        what: &str,
        text: Option<&String>,
        stop: &StopFlag,
    ) -> std::result::Result<(), AttemptEnd> {
        let Some(text) = text else { return Ok(()) };
        let deadline = Instant::now() + self.plan.start_timeout;
        let script = self.script("ready", text, Duration::ZERO);
        loop {
            match script.run(&self.log(), &self.log(), self.plan.start_timeout, Some(stop)) {
                Ended::Well => return Ok(()),
                Ended::Stopped => return Err(AttemptEnd::Stopped),
                _ if Instant::now() >= deadline => {
                    return Err(AttemptEnd::Failed(format!("the {what} did not come up{}", self.last_words())));
                }
                _ => std::thread::sleep(READY_PAUSE),
            }
        }
    }

    /// Load for a time, or, without a driver, only the time.
    fn load(&self, what: &'static str, time: Duration, stop: &StopFlag) -> std::result::Result<LoadCounts, AttemptEnd> {
        let Some(drive) = &self.workload.drive else {
            return if pause(time, stop) { Ok(LoadCounts::default()) } else { Err(AttemptEnd::Stopped) };
        };
        let answer = self.state.join("answer");
        let _ = fs::remove_file(&answer);
        let ended = self.load_script(what, drive, time).run(&answer, &self.log(), time + PATIENCE, Some(stop));
        self.judge(what, ended)?;
        Ok(LoadCounts::parse(&fs::read_to_string(&answer).unwrap_or_default()))
    }

    fn count(&self, stop: &StopFlag) -> Option<i64> {
        let words = self.ask("count", Some(self.workload.count.as_ref()?), stop).ok()?;
        counter(&words.join(" "))
    }

    fn start_recorder(&self, target: &[String]) -> Result<Child> {
        let fail = |source| CaptureError::Command { command: "hap-capture record".to_owned(), source };
        let log = fs::File::options().append(true).create(true).open(self.log()).map_err(fail)?;
        let own = std::env::current_exe().map_err(fail)?;
        let mut command = Command::new(own);
        command.args(self.record_words()).args(target).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // A signal to the terminal must not end the recorder before the study has told the sandbox's end.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(fail)
    }

    /// Waits for the recording to begin, then makes the load that is to be recorded.
    fn record_load(&self, recorder: &mut Child, stop: &StopFlag) -> std::result::Result<LoadCounts, AttemptEnd> {
        let deadline = Instant::now() + PATIENCE;
        while !MarkLog::read(&self.dir()).has("start") {
            if matches!(recorder.try_wait(), Ok(Some(_)) | Err(_)) {
                return Err(AttemptEnd::Failed("the recorder ended before it recorded".to_owned()));
            }
            if Instant::now() >= deadline || !pause(PAUSE, stop) {
                return Err(if stop.is_raised() {
                    AttemptEnd::Stopped
                } else {
                    AttemptEnd::Failed("the recording did not begin".to_owned())
                });
            }
        }
        let marked = Mark::phase("load").append(&self.dir());
        marked.map_err(|error| AttemptEnd::Failed(error.to_string()))?;
        self.load("load", self.plan.window, stop)
    }
}

/// Ends the recorder and waits for its run. Exit code 1, lost events, is a result.
fn end_recorder(recorder: &mut Child) -> std::result::Result<(), String> {
    let _ = kill_process(Pid::from_child(recorder), Signal::INT);
    match recorder.wait() {
        Ok(status) if matches!(status.code(), Some(0 | 1)) => Ok(()),
        Ok(status) => Err(format!("the recorder ended with {status}")),
        Err(error) => Err(format!("the recorder is gone: {error}")),
    }
}

/// Waits; false when the study is being stopped.
fn pause(time: Duration, stop: &StopFlag) -> bool {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if stop.is_raised() {
            return false;
        }
        std::thread::sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now())));
    }
    !stop.is_raised()
}
