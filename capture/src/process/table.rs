//! All processes of the host.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::numbers;
use super::stat::Stat;
use crate::host::Host;

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// Its parent.
    pub parent: i32,
    /// Name of its main thread.
    pub comm: String,
    /// Path of its program, where it may be read.
    pub exe: Option<String>,
    /// Its arguments.
    pub argv: Vec<String>,
    /// Whether it is a kernel thread.
    pub is_kernel: bool,
}

/// The processes that were there when the table was refreshed last.
#[derive(Clone, Debug, Default)]
pub struct ProcessTable {
    processes: BTreeMap<i32, Process>,
}

impl Process {
    /// Reads a process; none when it has ended.
    pub fn read(host: &Host, pid: i32) -> Option<Self> {
        let stat = Stat::parse(&host.text(format!("proc/{pid}/stat"))?)?;
        // The main thread of a process may end before its others.
        if stat.is_zombie && numbers(host, &format!("proc/{pid}/task")).len() < 2 {
            return None;
        }
        let exe = fs::read_link(host.proc(format!("{pid}/exe"))).ok();
        let cmdline = host.text(format!("proc/{pid}/cmdline")).unwrap_or_default();
        let argv = cmdline.split('\0').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Some(Self {
            pid,
            parent: stat.parent,
            comm: stat.comm,
            exe: exe.map(|path| path.to_string_lossy().into_owned()),
            argv,
            is_kernel: stat.is_kernel,
        })
    }
}

impl ProcessTable {
    /// Reads the processes that came since the last time, reads those of `watched` again, since a program may have
    /// taken the place of another, and drops those that ended.
    pub fn refresh(&mut self, host: &Host, watched: &BTreeSet<i32>) {
        let pids = numbers(host, "proc");
        let old = std::mem::take(&mut self.processes);
        for pid in pids {
            let known = old.get(&pid).filter(|_| !watched.contains(&pid)).cloned();
            if let Some(process) = known.or_else(|| Process::read(host, pid)) {
                self.processes.insert(pid, process);
            }
        }
    }

    /// A process.
    pub fn get(&self, pid: i32) -> Option<&Process> {
        self.processes.get(&pid)
    }

    /// All processes, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.processes.values()
    }

    /// These processes and their descendants, as far as they are there.
    pub fn with_descendants(&self, roots: impl IntoIterator<Item = i32>) -> BTreeSet<i32> {
        let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for process in self.processes.values() {
            children.entry(process.parent).or_default().push(process.pid);
        }
        let mut found = BTreeSet::new();
        let mut open: Vec<i32> = roots.into_iter().filter(|pid| self.processes.contains_key(pid)).collect();
        while let Some(pid) = open.pop() {
            if found.insert(pid) {
                open.extend(children.get(&pid).into_iter().flatten());
            }
        }
        found
    }

    /// The parents of a process up to the first one of the host.
    pub fn ancestors(&self, pid: i32) -> Vec<&Process> {
        let mut ancestors: Vec<&Process> = Vec::new();
        let mut next = self.processes.get(&pid).map(|process| process.parent);
        while let Some(process) = next.and_then(|pid| self.processes.get(&pid)) {
            if ancestors.iter().any(|known| known.pid == process.pid) {
                break;
            }
            ancestors.push(process);
            next = Some(process.parent);
        }
        ancestors
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ProcessTable;
    use crate::process::fixture::Tree;

    #[test]
    fn descendants_include_children_of_children_and_ancestors_go_up() {
        let tree = Tree::new();
        for (pid, parent) in [(1, 0), (10, 1), (11, 10), (12, 11), (20, 1)] {
            tree.process(pid, parent, "x", "/bin/x", &["x"]);
        }
        let mut table = ProcessTable::default();
        table.refresh(&tree.host(), &BTreeSet::new());
        assert_eq!(table.with_descendants([10, 99]), BTreeSet::from([10, 11, 12]));
        let ancestors: Vec<_> = table.ancestors(12).iter().map(|process| process.pid).collect();
        assert_eq!(ancestors, [11, 10, 1]);
    }

    #[test]
    fn a_refresh_sees_new_processes_drops_ended_ones_and_reads_watched_ones_again() {
        let tree = Tree::new();
        tree.process(5, 1, "runc:[2:INIT]", "/usr/bin/runc", &["runc", "init"]);
        tree.process(6, 1, "old", "/bin/old", &["old"]);
        let mut table = ProcessTable::default();
        table.refresh(&tree.host(), &BTreeSet::new());
        tree.process(5, 1, "redis-server", "/usr/bin/redis-server", &["redis-server"]);
        tree.remove("proc/6");
        tree.process(7, 5, "late", "/bin/late", &["late", "-x"]);
        table.refresh(&tree.host(), &BTreeSet::from([5]));
        let found: Vec<_> = table.iter().map(|process| (process.pid, process.comm.as_str())).collect();
        assert_eq!(found, [(5, "redis-server"), (7, "late")]);
        assert_eq!(table.get(7).unwrap().argv, ["late", "-x"]);
    }
}
