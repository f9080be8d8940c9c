//! What containers need.

use std::process::Command;

use super::Check;
use crate::host::Host;
use crate::sandbox::cgroup_version;

/// Which versions of the control groups there are.
pub(super) fn cgroups(host: &Host) -> Check {
    match cgroup_version(host) {
        Some(2) => Check::ok("cgroup", "version 2"),
        Some(12) => Check::ok("cgroup", "versions 1 and 2"),
        Some(version) => Check::ok("cgroup", format!("version {version}")),
        None => Check::limited("cgroup", "none is mounted", "mount -t cgroup2 none /sys/fs/cgroup"),
    }
}

/// Docker and its runtimes; other runtimes work without it.
pub(super) fn docker() -> Vec<Check> {
    let version = ask(&["version", "--format", "{{.Server.Version}}"]);
    let runtimes = ask(&["info", "--format", "{{range $name, $_ := .Runtimes}}{{$name}} {{end}}"]);
    answered(version, runtimes)
}

/// What docker answers, or the first line of its complaint; none without a docker command.
fn ask(arguments: &[&str]) -> Option<Result<String, String>> {
    let output = Command::new("docker").args(arguments).output().ok()?;
    let first = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or("").trim().to_owned();
    Some(if output.status.success() { Ok(first(&output.stdout)) } else { Err(first(&output.stderr)) })
}

fn answered(version: Option<Result<String, String>>, runtimes: Option<Result<String, String>>) -> Vec<Check> {
    match version {
        None => vec![Check::limited("docker", "there is no docker command", "apt-get install docker.io")],
        Some(Err(reason)) => vec![Check::limited("docker", reason, "systemctl start docker")],
        Some(Ok(version)) => {
            let runtimes = runtimes.and_then(Result::ok).unwrap_or_default();
            vec![Check::ok("docker", format!("engine {version}")), Check::ok("docker runtimes", runtimes)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, answered};

    #[test]
    fn an_engine_tells_its_runtimes_and_a_silent_one_is_to_be_started() {
        let text = |text: &str| Some(Ok(text.to_owned()));
        let found = answered(text("20.10.24"), text("io.containerd.runc.v2 runc runsc"));
        let runtimes = Check::ok("docker runtimes", "io.containerd.runc.v2 runc runsc");
        assert_eq!(found, [Check::ok("docker", "engine 20.10.24"), runtimes]);
        let silent = answered(Some(Err("Cannot connect to the Docker daemon".to_owned())), None);
        let expected = Check::limited("docker", "Cannot connect to the Docker daemon", "systemctl start docker");
        assert_eq!(silent, [expected]);
        assert_eq!(answered(None, None)[0].mend.as_deref(), Some("apt-get install docker.io"));
    }
}
