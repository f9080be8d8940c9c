//! One attempt at one run of a study: its names, its variables and its commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::definition::{Need, RuntimeDefinition, WorkloadDefinition};
use super::order::Pair;
use super::plan::Plan;
use super::script::{Script, quoted};
use crate::run_dir::RunDir;

/// Longest time for the tracer to be switched on or off, for a stop, and for what a driver adds to its time.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// One attempt at one run.
#[derive(Clone, Debug)]
pub(super) struct Attempt<'p> {
    pub(super) plan: &'p Plan,
    pub(super) runtime: &'p RuntimeDefinition,
    pub(super) workload: &'p WorkloadDefinition,
    run: String,
    repetition: u32,
    /// The run directory.
    dir: PathBuf,
    /// Folder for what snippets must remember.
    pub(super) state: PathBuf,
    /// Where the workload is served; known once the runtime has told it.
    pub(super) address: String,
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

    /// A snippet of the driver, behind its set-up.
    pub(super) fn load_script(&self, what: &'static str, drive: &str, seconds: Duration) -> Script {
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
