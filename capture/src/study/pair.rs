//! One run of a study: its commands, and how they are carried out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::amend::amend;
use super::definition::{Need, RuntimeDefinition, WorkloadDefinition};
use super::load::{LoadCounts, counter};
use super::order::Pair;
use super::plan::Plan;
use super::script::{Ended, Script, quoted};
use crate::error::{CaptureError, Result};
use crate::recording::StopFlag;
use crate::run_dir::{Mark, MarkLog, RunDir};

/// Longest time for the tracer to be switched on or off, for a stop, and for what a driver adds to its time.
const PATIENCE: Duration = Duration::from_mins(10);
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

/// One attempt at one run.
#[derive(Clone, Debug)]
pub(super) struct Attempt<'p> {
    plan: &'p Plan,
    runtime: &'p RuntimeDefinition,
    workload: &'p WorkloadDefinition,
    run: String,
    repetition: u32,
    /// The run directory.
    dir: PathBuf,
    /// Folder for what snippets must remember.
    state: PathBuf,
    address: String,
}

impl<'p> Attempt<'p> {
    /// An attempt, counted from 1, at a run of the plan in the folder of the study. None for a pair that is not of
    /// this plan.
    pub(super) fn new(plan: &'p Plan, pair: &Pair, number: u32, out: &Path, state: &Path) -> Option<Self> {
        let (runtime, workload) = (plan.runtimes.get(pair.runtime)?, plan.workloads.get(pair.workload)?);
        let suffix = if number > 1 { format!(".{number}") } else { String::new() };
        let prefix = plan.name.as_ref().map(|name| format!("{name}-")).unwrap_or_default();
        let repetition = pair.repetition;
        Some(Self {
            plan,
            runtime,
            workload,
            run: format!("{prefix}{}-{}-{repetition}{suffix}", runtime.name, workload.name),
            repetition,
            dir: out.join(&runtime.name).join(&workload.name).join(format!("{repetition}{suffix}")),
            state: state.to_owned(),
            address: plan.settings.get("address").cloned().unwrap_or_default(),
        })
    }

    pub(super) fn dir(&self) -> RunDir {
        RunDir::open(&self.dir)
    }

    /// Conditions of the host.
    pub(super) fn needs(&self) -> impl Iterator<Item = &'p Need> {
        self.runtime.needs.iter().chain(&self.workload.needs).flatten()
    }

    /// Why the runtime cannot run the workload on any host.
    pub(super) fn is_excluded(&self) -> Option<String> {
        let only = self.runtime.workloads.as_ref()?;
        let is_excluded = !only.contains(&self.workload.name);
        is_excluded.then(|| format!("runtime {} runs only {}", self.runtime.name, only.join(", ")))
    }

    /// A snippet with the variables of this run.
    pub(super) fn script(&self, what: &'static str, text: &str, seconds: Duration) -> Script {
        Script { what, text: text.to_owned(), variables: self.variables(seconds) }
    }

    fn variables(&self, seconds: Duration) -> BTreeMap<String, String> {
        let command = self.workload.command.clone().unwrap_or_default();
        let mut variables: BTreeMap<String, String> = self
            .plan
            .settings
            .iter()
            .map(|(key, value)| (format!("HAP_{}", key.to_ascii_uppercase()), value.clone()))
            .collect();
        let own = [
            ("HAP_RUNTIME", self.runtime.name.clone()),
            ("HAP_WORKLOAD", self.workload.name.clone()),
            ("HAP_REPETITION", self.repetition.to_string()),
            ("HAP_RUN_DIR", self.dir.display().to_string()),
            ("HAP_STATE", self.state.display().to_string()),
            ("HAP_ADDRESS", self.address.clone()),
            ("HAP_PORT", self.workload.port.map_or_else(String::new, |port| port.to_string())),
            ("HAP_SECONDS", seconds.as_secs().max(1).to_string()),
            ("HAP_CONNECTIONS", self.plan.connections.to_string()),
            ("HAP_COMMAND", quoted(&command)),
            ("HAP_ARGS_JSON", serde_json::to_string(&command).unwrap_or_default()),
        ];
        variables.extend(own.map(|(key, value)| (key.to_owned(), value)));
        variables
    }

    fn load_script(&self, what: &'static str, drive: &str, seconds: Duration) -> Script {
        self.script(what, &format!("{}\n{drive}", self.plan.driver_setup), seconds)
    }

    /// Words of the recording's command line, but for those that `target` prints.
    pub(super) fn record_words(&self) -> Vec<String> {
        let longest = humantime::format_duration(self.plan.window + 2 * PATIENCE).to_string();
        let mut words: Vec<String> = ["record", "--out"].map(str::to_owned).to_vec();
        words.push(self.dir.display().to_string());
        let repetition = self.repetition.to_string();
        for (option, value) in [
            ("--run", &self.run),
            ("--runtime", &self.runtime.name),
            ("--workload", &self.workload.name),
            ("--repetition", &repetition),
            ("--duration", &longest),
        ] {
            words.extend([option.to_owned(), value.clone()]);
        }
        words.extend(self.plan.record.iter().cloned());
        words
    }

    /// All commands, for somebody to read.
    pub(super) fn shown(&self) -> String {
        let (window, none) = (self.plan.window, Duration::ZERO);
        let export = |(key, value): (String, String)| format!("export {key}={}\n", quoted(&[value]));
        let exports: Vec<_> = self.variables(window).into_iter().map(export).collect();
        let text = format!("## run {}\n{}", self.run, exports.concat());
        let snippet = |what, text: &Option<String>| text.as_ref().map(|text| self.script(what, text, none).shown());
        let load = |what| self.workload.drive.as_ref().map(|drive| self.load_script(what, drive, window).shown());
        let warm_up =
            format!("# HAP_SECONDS={} for the warm-up, then {}\n", self.plan.warm_up.as_secs(), window.as_secs());
        let record = format!("# record\nhap-capture {} $(target)\n", quoted(&self.record_words()));
        let steps = [
            snippet("stop what is left over", &self.runtime.stop),
            snippet("start", &self.runtime.start),
            snippet("address", &self.runtime.address),
            snippet("sandbox ready, again and again", &self.runtime.ready),
            snippet("workload ready, again and again", &self.workload.ready),
            snippet("prepare", &self.workload.prepare),
            Some(warm_up).filter(|_| self.workload.drive.is_some()),
            load("warm up"),
            snippet("count", &self.workload.count),
            snippet("target", &self.runtime.target),
            Some(record),
            load("load, once the recording has begun"),
            snippet("count", &self.workload.count),
            snippet("stop", &self.runtime.stop),
        ];
        text + &steps.into_iter().flatten().collect::<String>() + "\n"
    }
}

impl Attempt<'_> {
    /// Carries the run out. Whatever happens, the sandbox is taken away again.
    pub(super) fn carry_out(mut self, stop: &StopFlag) -> Result<AttemptEnd> {
        for folder in [&self.dir, &self.state] {
            fs::create_dir_all(folder).map_err(|source| CaptureError::io(folder, source))?;
        }
        self.take_away();
        let end = self.measure(stop);
        self.take_away();
        if matches!(end, Ok(AttemptEnd::Stopped)) {
            // A run that was stopped early must not pass for a finished one.
            fs::remove_dir_all(&self.dir).map_err(|source| CaptureError::io(&self.dir, source))?;
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
        self.dir.join("study.log")
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
