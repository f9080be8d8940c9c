//! Control groups, versions 1 and 2.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{CaptureError, Result};
use crate::host::Host;

/// Where control groups are mounted.
const MOUNT: &str = "sys/fs/cgroup";

/// 2 for the unified hierarchy, 1 for the old ones, 12 for both side by side; none without control groups.
pub fn version(host: &Host) -> Option<u32> {
    let unified = host.path(MOUNT).join("cgroup.controllers").exists();
    let old = !hierarchies(host).is_empty();
    let hybrid = host.path(MOUNT).join("unified/cgroup.controllers").exists();
    match (unified, old, hybrid) {
        (true, ..) => Some(2),
        (false, true, true) => Some(12),
        (false, true, false) => Some(1),
        (false, false, _) => None,
    }
}

/// The mounted hierarchies of version 1: folders that list processes themselves.
fn hierarchies(host: &Host) -> Vec<PathBuf> {
    let entries = fs::read_dir(host.path(MOUNT)).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_root = |path: &PathBuf| path.join("cgroup.procs").exists() && path.join("release_agent").exists();
    let mut found: Vec<_> = entries.filter(is_root).collect();
    found.sort();
    found
}

/// The folders of a control group: given as a folder, or as the path that `/proc/PID/cgroup` shows.
pub(super) fn folders(host: &Host, path: &Path) -> Result<Vec<PathBuf>> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let mut places = vec![host.path(relative), host.path(MOUNT).join(relative)];
    places.extend(hierarchies(host).into_iter().map(|root| root.join(relative)));
    let found: Vec<_> = places.into_iter().filter(|place| place.join("cgroup.procs").exists()).collect();
    if found.is_empty() {
        let detail = format!("no control group {} below /sys/fs/cgroup", path.display());
        return Err(CaptureError::NoSandbox(detail));
    }
    Ok(found)
}

/// The processes of a control group and of those below it.
pub(super) fn processes(folder: &Path) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        found.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()).filter(|&pid| pid > 0));
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        open.extend(
            entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
        );
    }
    found
}

/// The control group of a process: that of version 2, else the longest of version 1. The root is none.
pub fn cgroup_of(host: &Host, pid: i32) -> Option<PathBuf> {
    let text = host.text(format!("proc/{pid}/cgroup"))?;
    let paths = text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let number = parts.next()?;
        Some((number == "0", parts.nth(1)?))
    });
    let path = paths.filter(|(_, path)| *path != "/").max_by_key(|(unified, path)| (*unified, path.len()));
    path.map(|(_, path)| PathBuf::from(path))
}

/// The control group of this process, when it lies within one of the folders.
pub fn own_cgroup_inside(host: &Host, folders: &[PathBuf], own: i32) -> Option<PathBuf> {
    folders.iter().find(|folder| processes(folder).contains(&own)).map(|folder| {
        // The parent of the sandbox's group has room for the recorder; the root always has.
        folder
            .parent()
            .filter(|parent| parent.starts_with(host.path(MOUNT)))
            .map_or_else(|| host.path(MOUNT), Path::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::{cgroup_of, folders, own_cgroup_inside, processes, version};
    use crate::process::fixture::Tree;

    #[test]
    fn a_group_of_version_2_has_the_processes_of_those_below_it() {
        let tree = Tree::new();
        tree.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        tree.write("sys/fs/cgroup/cgroup.procs", "1\n");
        tree.write("sys/fs/cgroup/lab/sbx/cgroup.procs", "10\n11\n");
        tree.write("sys/fs/cgroup/lab/sbx/inner/cgroup.procs", "12\n0\n");
        let host = tree.host();
        assert_eq!(version(&host), Some(2));
        for path in ["/lab/sbx", "lab/sbx", "/sys/fs/cgroup/lab/sbx"] {
            let found = folders(&host, Path::new(path)).unwrap();
            assert_eq!(found, [host.path("sys/fs/cgroup/lab/sbx")], "{path}");
            assert_eq!(processes(&found[0]), BTreeSet::from([10, 11, 12]));
        }
        assert!(folders(&host, Path::new("/nothing")).is_err());
    }

    #[test]
    fn a_group_of_version_1_is_found_in_its_hierarchies() {
        let tree = Tree::new();
        for controller in ["memory", "pids"] {
            tree.write(&format!("sys/fs/cgroup/{controller}/cgroup.procs"), "1\n");
            tree.write(&format!("sys/fs/cgroup/{controller}/release_agent"), "");
        }
        tree.write("sys/fs/cgroup/memory/docker/abc/cgroup.procs", "10\n");
        let host = tree.host();
        assert_eq!(version(&host), Some(1));
        let found = folders(&host, Path::new("/docker/abc")).unwrap();
        assert_eq!(found, [host.path("sys/fs/cgroup/memory/docker/abc")]);
    }

    #[test]
    fn the_group_of_a_process_is_that_of_version_2_and_the_root_is_none() {
        let tree = Tree::new();
        tree.write("proc/7/cgroup", "12:pids:/user.slice\n0::/docker/abc\n");
        tree.write("proc/8/cgroup", "4:memory:/docker/abc\n3:cpu:/\n");
        tree.write("proc/9/cgroup", "0::/\n");
        let host = tree.host();
        assert_eq!(cgroup_of(&host, 7), Some(PathBuf::from("/docker/abc")));
        assert_eq!(cgroup_of(&host, 8), Some(PathBuf::from("/docker/abc")));
        assert_eq!(cgroup_of(&host, 9), None);
    }

    #[test]
    fn a_recorder_inside_the_sandboxs_group_belongs_into_the_group_above() {
        let tree = Tree::new();
        tree.write("sys/fs/cgroup/a/b/cgroup.procs", "10\n99\n");
        let host = tree.host();
        let folder = host.path("sys/fs/cgroup/a/b");
        assert_eq!(own_cgroup_inside(&host, std::slice::from_ref(&folder), 99), Some(host.path("sys/fs/cgroup/a")));
        assert_eq!(own_cgroup_inside(&host, &[folder], 98), None);
    }
}
