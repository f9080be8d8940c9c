//! Runtimes and workloads, as data.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Those that come with the program.
const RUNTIMES: &str = include_str!("../../data/study/runtimes.toml");
/// See [`RUNTIMES`].
const WORKLOADS: &str = include_str!("../../data/study/workloads.toml");

/// A condition of the host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// A command that succeeds where it is met.
    pub check: String,
    /// What to say where it is not.
    pub reason: String,
}

/// How to bring a sandbox up and take it away. The data file explains the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "data/study/runtimes.toml documents them, for those who write them")]
pub struct RuntimeDefinition {
    pub name: String,
    pub needs: Option<Vec<Need>>,
    pub start: Option<String>,
    pub address: Option<String>,
    pub ready: Option<String>,
    pub target: Option<String>,
    pub stop: Option<String>,
    pub workloads: Option<Vec<String>>,
}

/// What runs in a sandbox, and what drives it. The data file explains the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "data/study/workloads.toml documents them, for those who write them")]
pub struct WorkloadDefinition {
    pub name: String,
    pub command: Option<Vec<String>>,
    pub port: Option<u16>,
    pub needs: Option<Vec<Need>>,
    pub ready: Option<String>,
    pub prepare: Option<String>,
    pub drive: Option<String>,
    pub count: Option<String>,
    pub min_requests: Option<u64>,
}

/// A definition that has a name and can be changed field by field.
pub(super) trait Definition: Clone {
    /// Its name.
    fn name(&self) -> &str;
    /// Takes the fields that the other one has.
    fn take(&mut self, other: Self);
}

impl Definition for RuntimeDefinition {
    fn name(&self) -> &str {
        &self.name
    }

    fn take(&mut self, other: Self) {
        replace(&mut self.needs, other.needs);
        replace(&mut self.start, other.start);
        replace(&mut self.address, other.address);
        replace(&mut self.ready, other.ready);
        replace(&mut self.target, other.target);
        replace(&mut self.stop, other.stop);
        replace(&mut self.workloads, other.workloads);
    }
}

impl Definition for WorkloadDefinition {
    fn name(&self) -> &str {
        &self.name
    }

    fn take(&mut self, other: Self) {
        replace(&mut self.command, other.command);
        replace(&mut self.port, other.port);
        replace(&mut self.needs, other.needs);
        replace(&mut self.ready, other.ready);
        replace(&mut self.prepare, other.prepare);
        replace(&mut self.drive, other.drive);
        replace(&mut self.count, other.count);
        replace(&mut self.min_requests, other.min_requests);
    }
}

fn replace<T>(field: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *field = value;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definitions {
    #[serde(default)]
    runtime: Vec<RuntimeDefinition>,
    #[serde(default)]
    workload: Vec<WorkloadDefinition>,
}

/// The runtimes that come with the program.
pub(super) fn runtimes() -> Result<Vec<RuntimeDefinition>, toml::de::Error> {
    toml::from_str::<Definitions>(RUNTIMES).map(|all| all.runtime)
}

/// The workloads that come with the program.
pub(super) fn workloads() -> Result<Vec<WorkloadDefinition>, toml::de::Error> {
    toml::from_str::<Definitions>(WORKLOADS).map(|all| all.workload)
}

/// The built-in definitions by name, with the fields that a plan changes.
pub(super) fn merged<D: Definition>(built_in: Vec<D>, own: Vec<D>) -> BTreeMap<String, D> {
    let mut all: BTreeMap<String, D> =
        built_in.into_iter().map(|definition| (definition.name().to_owned(), definition)).collect();
    for definition in own {
        match all.get_mut(definition.name()) {
            Some(known) => known.take(definition),
            None => {
                all.insert(definition.name().to_owned(), definition);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{RuntimeDefinition, WorkloadDefinition, merged, runtimes, workloads};

    #[test]
    fn the_runtimes_that_come_with_the_program_are_complete() {
        let all = runtimes().unwrap();
        let names: Vec<_> = all.iter().map(|runtime| runtime.name.as_str()).collect();
        let expected = [
            "runc",
            "runc-seccomp",
            "docker",
            "docker-unconfined",
            "gvisor-ptrace",
            "gvisor-kvm",
            "gvisor-systrap",
            "kata",
            "nabla",
            "linux-kvm",
        ];
        assert_eq!(names, expected);
        let complete = |runtime: &&RuntimeDefinition| {
            runtime.start.is_some() && runtime.target.is_some() && runtime.stop.is_some() && runtime.needs.is_some()
        };
        assert_eq!(all.iter().filter(complete).count(), all.len());
    }

    #[test]
    fn the_workloads_that_come_with_the_program_have_commands_and_servers_are_driven() {
        let all = workloads().unwrap();
        let names: Vec<_> = all.iter().map(|workload| workload.name.as_str()).collect();
        let expected =
            ["redis-bench-set", "redis-bench-get", "python-tornado", "node-express", "idle", "trinity", "stress-ng"];
        assert_eq!(names, expected);
        let sound = |workload: &&WorkloadDefinition| {
            let driven = workload.drive.is_some() && workload.ready.is_some();
            workload.command.is_some() && workload.port.is_some() == driven
        };
        assert_eq!(all.iter().filter(sound).count(), all.len());
    }

    #[test]
    fn a_plan_changes_single_fields_and_adds_runtimes() {
        let text = |text: &str| Some(text.to_owned());
        let built_in = vec![RuntimeDefinition {
            name: "runc".into(),
            start: text("a"),
            stop: text("b"),
            ..RuntimeDefinition::default()
        }];
        let own = vec![
            RuntimeDefinition { name: "runc".into(), start: text("c"), ..RuntimeDefinition::default() },
            RuntimeDefinition { name: "new".into(), ..RuntimeDefinition::default() },
        ];
        let all = merged(built_in, own);
        assert_eq!(all.keys().collect::<Vec<_>>(), ["new", "runc"]);
        assert_eq!((&all["runc"].start, &all["runc"].stop), (&text("c"), &text("b")));
    }
}
