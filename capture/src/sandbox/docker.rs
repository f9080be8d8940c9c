//! What the docker command knows of a container.

use std::process::Command;

use serde::Deserialize;

use crate::error::{CaptureError, Result};

/// A container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its full id.
    pub id: String,
    /// Its first process, in the host's pid namespace.
    pub pid: i32,
    /// The runtime that docker started it with.
    pub runtime: String,
}

#[derive(Deserialize)]
struct Inspected {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "State")]
    state: State,
    #[serde(rename = "HostConfig")]
    host_config: HostConfig,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "Pid")]
    pid: i32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostConfig {
    #[serde(rename = "Runtime")]
    runtime: String,
}

/// Asks docker for a running container.
pub fn inspect(name: &str) -> Result<Container> {
    let mut command = Command::new("docker");
    command.args(["inspect", "--type", "container", "--", name]);
    let output = command.output().map_err(|error| {
        CaptureError::Docker(format!(
            "cannot run docker: {error}; install it, or name the sandbox by --cgroup or --pid"
        ))
    })?;
    if !output.status.success() {
        let answer = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(CaptureError::Docker(format!("{answer}; docker ps lists the containers that run")));
    }
    parse(name, &output.stdout)
}

fn parse(name: &str, json: &[u8]) -> Result<Container> {
    let inspected: Vec<Inspected> = serde_json::from_slice(json).map_err(|error| {
        CaptureError::Docker(format!("unexpected answer for container {name}: {error}; name it by --cgroup or --pid"))
    })?;
    let [found] = <[Inspected; 1]>::try_from(inspected).map_err(|all| {
        CaptureError::Docker(format!("{} containers are called {name}: give an id of docker ps", all.len()))
    })?;
    if found.state.pid <= 0 {
        return Err(CaptureError::Docker(format!("container {name} is not running: docker start {name}")));
    }
    Ok(Container { id: found.id, pid: found.state.pid, runtime: found.host_config.runtime })
}

#[cfg(test)]
mod tests {
    use super::{Container, parse};

    #[test]
    fn a_running_container_has_id_process_and_runtime() {
        let json = br#"[{"Id": "abc", "State": {"Pid": 42, "Running": true}, "HostConfig": {"Runtime": "runsc"}}]"#;
        let expected = Container { id: "abc".into(), pid: 42, runtime: "runsc".into() };
        assert_eq!(parse("web", json).unwrap(), expected);
    }

    #[test]
    fn a_stopped_container_and_an_answer_of_another_shape_are_errors() {
        let json = br#"[{"Id": "abc", "State": {"Pid": 0}, "HostConfig": {}}]"#;
        let error = parse("web", json).unwrap_err();
        assert_eq!(error.to_string(), "docker: container web is not running: docker start web");
        assert!(parse("web", b"[]").is_err());
        assert!(parse("web", b"{").is_err());
    }
}
