//! A plan, as it is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::definition::{RuntimeDefinition, WorkloadDefinition, merged, runtimes, workloads};
use crate::error::{CaptureError, Result};

/// A study.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// First word of every run id, so that runs of several studies fit into one dataset; none without it.
    pub name: Option<String>,
    /// Runtimes, in the order of the plan.
    pub runtimes: Vec<RuntimeDefinition>,
    /// Workloads, in the order of the plan.
    pub workloads: Vec<WorkloadDefinition>,
    /// Repetitions of each pair.
    pub repetitions: u32,
    /// Seed of the order, where the plan has one.
    pub seed: Option<u64>,
    /// Load before the recording.
    pub warm_up: Duration,
    /// Load that is recorded.
    pub window: Duration,
    /// Longest time for a sandbox to come up.
    pub start_timeout: Duration,
    /// Times that a run is tried.
    pub attempts: u32,
    /// Connections of the load driver.
    pub connections: u32,
    /// Runs in front of each load, in the same shell.
    pub driver_setup: String,
    /// Further arguments of `hap-capture record`.
    pub record: Vec<String>,
    /// Variables of the snippets: `rootfs` becomes `HAP_ROOTFS`.
    pub settings: BTreeMap<String, String>,
    /// Hash of the text.
    pub hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanText {
    name: Option<String>,
    runtimes: Vec<String>,
    workloads: Vec<String>,
    repetitions: u32,
    seed: Option<u64>,
    #[serde(default = "default_warm_up")]
    warm_up: String,
    #[serde(default = "default_window")]
    window: String,
    #[serde(default = "default_start_timeout")]
    start_timeout: String,
    #[serde(default = "default_attempts")]
    attempts: u32,
    #[serde(default = "default_connections")]
    connections: u32,
    #[serde(default)]
    driver_setup: String,
    #[serde(default)]
    record: Vec<String>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    runtime: Vec<RuntimeDefinition>,
    #[serde(default)]
    workload: Vec<WorkloadDefinition>,
}

fn default_warm_up() -> String {
    "5s".to_owned()
}

fn default_window() -> String {
    "20s".to_owned()
}

fn default_start_timeout() -> String {
    "5m".to_owned()
}

const fn default_attempts() -> u32 {
    2
}

const fn default_connections() -> u32 {
    4
}

/// Settings that snippets rely on.
const DEFAULT_SETTINGS: [(&str, &str); 5] =
    [("address", "10.77.0.2"), ("gateway", "10.77.0.1"), ("rootfs", ""), ("image", "hap"), ("network", "bridge")];

impl Plan {
    /// Reads a plan.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| CaptureError::io(path, source))?;
        Self::parse(&text).map_err(|detail| CaptureError::Plan { path: path.to_owned(), detail })
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let plan: PlanText = toml::from_str(text).map_err(|error| error.to_string())?;
        let built_in = (runtimes(), workloads());
        let known_runtimes = merged(built_in.0.map_err(|error| error.to_string())?, plan.runtime);
        let known_workloads = merged(built_in.1.map_err(|error| error.to_string())?, plan.workload);
        let mut settings: BTreeMap<String, String> =
            DEFAULT_SETTINGS.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        for (key, value) in plan.settings {
            if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!("setting {key:?} must be letters, digits and '_'"));
            }
            settings.insert(key, value);
        }
        if plan.repetitions == 0 || plan.attempts == 0 || plan.connections == 0 {
            return Err("repetitions, attempts and connections must be at least 1".to_owned());
        }
        let plan = Self {
            name: plan.name,
            runtimes: pick("runtime", &plan.runtimes, &known_runtimes)?,
            workloads: pick("workload", &plan.workloads, &known_workloads)?,
            repetitions: plan.repetitions,
            seed: plan.seed,
            warm_up: duration("warm_up", &plan.warm_up)?,
            window: duration("window", &plan.window)?,
            start_timeout: duration("start_timeout", &plan.start_timeout)?,
            attempts: plan.attempts,
            connections: plan.connections,
            driver_setup: plan.driver_setup,
            record: plan.record,
            settings,
            hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
        };
        plan.check()
    }

    /// Whether every runtime and workload has what a run needs.
    fn check(self) -> std::result::Result<Self, String> {
        for runtime in &self.runtimes {
            if runtime.start.is_none() || runtime.target.is_none() || runtime.stop.is_none() {
                return Err(format!("runtime {:?} needs start, target and stop", runtime.name));
            }
        }
        for workload in &self.workloads {
            if workload.command.as_ref().is_none_or(Vec::is_empty) {
                return Err(format!("workload {:?} needs a command", workload.name));
            }
        }
        if self.window < Duration::from_secs(1) {
            return Err("the window must be at least 1s".to_owned());
        }
        Ok(self)
    }
}

fn pick<D: Clone>(kind: &str, names: &[String], known: &BTreeMap<String, D>) -> std::result::Result<Vec<D>, String> {
    if names.is_empty() {
        return Err(format!("the plan names no {kind}"));
    }
    for (place, name) in names.iter().enumerate() {
        let is_file_name = !name.is_empty() && !name.contains(['/', '\0']) && !name.starts_with('.');
        if !is_file_name || names.iter().skip(place + 1).any(|other| other == name) {
            return Err(format!("{kind} {name:?} is named twice or cannot be a file name"));
        }
    }
    let find = |name: &String| {
        let all: Vec<_> = known.keys().cloned().collect();
        known.get(name).cloned().ok_or_else(|| format!("there is no {kind} {name:?}: one of {}", all.join(", ")))
    };
    names.iter().map(find).collect()
}

fn duration(key: &str, text: &str) -> std::result::Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{key} = {text:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Plan;

    const PLAN: &str = r#"
        runtimes = ["runc", "mine"]
        workloads = ["redis-bench-set", "idle"]
        repetitions = 8
        seed = 7
        window = "30s"
        record = ["--buffer", "80M"]
        [settings]
        rootfs = "/images/rootfs"
        [[runtime]]
        name = "mine"
        start = "a"
        target = "echo --pid 1"
        stop = "b"
        [[workload]]
        name = "idle"
        command = ["/app/serve", "idle"]
    "#;

    #[test]
    fn a_plan_names_what_is_built_in_changes_it_and_adds_to_it() {
        let plan = Plan::parse(PLAN).unwrap();
        let runtimes: Vec<_> = plan.runtimes.iter().map(|runtime| runtime.name.as_str()).collect();
        assert_eq!(runtimes, ["runc", "mine"]);
        assert_eq!(plan.workloads[1].command.as_ref().unwrap(), &["/app/serve", "idle"]);
        assert_eq!((plan.seed, plan.window, plan.warm_up), (Some(7), Duration::from_secs(30), Duration::from_secs(5)));
        assert_eq!(
            (plan.settings["rootfs"].as_str(), plan.settings["gateway"].as_str()),
            ("/images/rootfs", "10.77.0.1")
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_choices() {
        let error = |change: (&str, &str)| Plan::parse(&PLAN.replace(change.0, change.1)).unwrap_err();
        assert!(error(("\"runc\",", "\"rnc\",")).starts_with("there is no runtime \"rnc\": one of docker,"));
        assert!(error(("seed = 7", "sead = 7")).contains("sead"));
        assert_eq!(error(("target = \"echo --pid 1\"", "")), "runtime \"mine\" needs start, target and stop");
        assert!(error(("repetitions = 8", "repetitions = 0")).contains("at least 1"));
        assert!(error(("\"30s\"", "\"30 parsecs\"")).starts_with("window = "));
        assert!(error(("\"runc\", \"mine\"", "\"mine\", \"mine\"")).contains("named twice"));
    }
}
