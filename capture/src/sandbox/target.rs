//! What the user names as the sandbox.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::cgroup::{cgroup_of, folders, processes};
use super::docker::inspect;
use super::rules::{ThreadFacts, role_of};
use crate::error::{CaptureError, Result};
use crate::host::Host;
use crate::process::{Process, ProcessTable};
use hap_schemas::Role;

/// A way to name processes of the sandbox. Children of all of them belong to it as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A process.
    Process(i32),
    /// A control group and those below it: folders of its hierarchies.
    Cgroup(Vec<PathBuf>),
    /// A container: its first process, with its control group and its shim.
    Container {
        /// The first process.
        pid: i32,
        /// Folders of its control group; none when it has none of its own.
        cgroup: Vec<PathBuf>,
    },
}

impl Target {
    /// A control group.
    pub fn cgroup(host: &Host, path: &std::path::Path) -> Result<Self> {
        folders(host, path).map(Self::Cgroup)
    }

    /// A docker container, and the runtime that docker started it with.
    pub fn docker(host: &Host, name: &str) -> Result<(Self, String)> {
        let container = inspect(name)?;
        Ok((Self::container(host, container.pid), container.runtime))
    }

    /// A container by its first process.
    pub fn container(host: &Host, pid: i32) -> Self {
        let cgroup = cgroup_of(host, pid).and_then(|path| folders(host, &path).ok()).unwrap_or_default();
        Self::Container { pid, cgroup }
    }

    /// Folders of control groups that belong to the sandbox alone.
    pub fn cgroup_folders(&self) -> &[PathBuf] {
        match self {
            Self::Process(_) => &[],
            Self::Cgroup(folders) | Self::Container { cgroup: folders, .. } => folders,
        }
    }

    /// The processes that the target names and that are there.
    pub(super) fn processes(&self, table: &ProcessTable) -> BTreeSet<i32> {
        let mut roots: BTreeSet<i32> = self.cgroup_folders().iter().flat_map(|folder| processes(folder)).collect();
        match self {
            Self::Process(pid) | Self::Container { pid, .. } => roots.extend([*pid]),
            Self::Cgroup(_) => {}
        }
        // The shim of a container has no other children than those of the container.
        let shims: Vec<i32> = match self {
            Self::Process(_) => Vec::new(),
            _ => roots
                .iter()
                .flat_map(|&pid| table.ancestors(pid))
                .filter(|process| is_shim(process))
                .map(|shim| shim.pid)
                .collect(),
        };
        let mut found = table.with_descendants(roots);
        match self {
            Self::Container { .. } => found.extend(table.with_descendants(shims)),
            _ => found.extend(shims),
        }
        found
    }

    /// The target in an error message.
    pub(super) fn missing(&self) -> CaptureError {
        let detail = match self {
            Self::Process(pid) => format!("there is no process {pid}"),
            Self::Container { pid, .. } => format!("the container's process {pid} has ended"),
            Self::Cgroup(folders) => {
                let paths: Vec<_> = folders.iter().map(|path| path.display().to_string()).collect();
                format!("{} is empty", paths.join(", "))
            }
        };
        CaptureError::NoSandbox(detail)
    }
}

fn is_shim(process: &Process) -> bool {
    let facts = ThreadFacts { comm: &process.comm, process, ancestors: &[], vcpu: false };
    role_of(&facts) == Role::Shim
}
