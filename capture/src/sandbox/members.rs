//! The threads of a sandbox, from the first look to the last.

use std::collections::{BTreeMap, BTreeSet};

use hap_schemas::{Role, ThreadInfo};

use super::kernel_threads::kernel_threads;
use super::rules::{ThreadFacts, role_of};
use super::target::Target;
use crate::clock::now_ns;
use crate::error::Result;
use crate::host::Host;
use crate::process::{Process, ProcessTable, runs_vcpu, threads};

/// A thread that works for the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Thread id.
    pub pid: i32,
    /// Process id.
    pub tgid: i32,
    /// Name.
    pub comm: String,
    /// Path of the program.
    pub exe: Option<String>,
    /// What it does for the sandbox.
    pub role: Role,
    /// Whether it was there when the recording began.
    pub at_start: bool,
    /// Whether it was there at the last look.
    pub is_alive: bool,
    /// Whether it was seen running a virtual CPU.
    pub vcpu: bool,
    /// When it was looked at last, in ns of the trace clock.
    pub seen: i64,
}

/// The sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox {
    targets: Vec<Target>,
    own: i32,
    table: ProcessTable,
    members: BTreeMap<i32, Member>,
}

impl Sandbox {
    /// Finds the threads of the sandbox. `own` is the recorder's process, which never belongs to it.
    pub fn find(host: &Host, targets: Vec<Target>, own: i32) -> Result<Self> {
        let mut sandbox = Self { targets, own, table: ProcessTable::default(), members: BTreeMap::new() };
        sandbox.table.refresh(host, &BTreeSet::new());
        if let Some(empty) = sandbox.targets.iter().find(|target| target.processes(&sandbox.table).is_empty()) {
            return Err(empty.missing());
        }
        sandbox.look(host, true);
        Ok(sandbox)
    }

    /// Looks again: new threads are added, ended ones marked. Gives the ids of the new ones.
    pub fn refresh(&mut self, host: &Host) -> Vec<i32> {
        let watched = self.processes();
        self.table.refresh(host, &watched);
        self.look(host, false)
    }

    /// All threads seen so far, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Ids of the threads that were there at the last look.
    pub fn living(&self) -> Vec<i32> {
        self.members.values().filter(|member| member.is_alive).map(|member| member.pid).collect()
    }

    /// Whether a thread of the sandbox itself was there at the last look; shims outlive what they started.
    pub fn is_alive(&self) -> bool {
        self.members.values().any(|member| member.is_alive && member.role.counts_by_default())
    }

    /// The threads as `run.json` lists them.
    pub fn thread_infos(&self) -> Vec<ThreadInfo> {
        self.members.values().map(Member::info).collect()
    }

    /// When each thread was looked at last, in ns of the trace clock.
    pub fn last_seen(&self) -> BTreeMap<i32, u64> {
        self.members.values().map(|member| (member.pid, member.seen.max(0) as u64)).collect()
    }

    fn processes(&self) -> BTreeSet<i32> {
        self.members.values().filter(|member| member.is_alive).map(|member| member.tgid).collect()
    }

    fn look(&mut self, host: &Host, at_start: bool) -> Vec<i32> {
        let mut roots = self.processes();
        roots.extend(self.targets.iter().flat_map(|target| target.processes(&self.table)));
        // Threads of a shim that was found for its container do not make its other children part of the sandbox.
        let followed = roots.iter().copied().filter(|&pid| self.roles_down_to(pid, &roots).last() != Some(&Role::Shim));
        let mut processes = self.table.with_descendants(followed);
        processes.extend(roots);
        processes.retain(|&pid| self.is_foreign(pid));
        let mut found = self.threads_of(host, &processes);
        let owners = found.keys().copied().collect();
        found.extend(self.threads_of(host, &kernel_threads(&self.table, &owners)));
        self.take(found, at_start)
    }

    /// Whether the process is neither the recorder nor one that the recorder forked to ask something.
    fn is_foreign(&self, pid: i32) -> bool {
        pid != self.own && self.table.get(pid).is_some()
    }

    fn threads_of(&self, host: &Host, processes: &BTreeSet<i32>) -> BTreeMap<i32, Member> {
        let seen = now_ns();
        let mut found = BTreeMap::new();
        for process in processes.iter().filter_map(|&pid| self.table.get(pid)) {
            let mut ancestors = self.roles_down_to(process.pid, processes);
            ancestors.pop();
            for (pid, comm) in threads(host, process.pid) {
                let vcpu = self.vcpu(host, process, pid);
                let role = role_of(&ThreadFacts { comm: &comm, process, ancestors: &ancestors, vcpu });
                let (tgid, exe) = (process.pid, process.exe.clone());
                found.insert(pid, Member { pid, tgid, comm, exe, role, at_start: false, is_alive: true, vcpu, seen });
            }
        }
        found
    }

    fn vcpu(&self, host: &Host, process: &Process, pid: i32) -> bool {
        self.members.get(&pid).is_some_and(|known| known.vcpu) || runs_vcpu(host, process.pid, pid)
    }

    /// The roles, by their main threads, of the processes of the sandbox that a process descends from, the oldest
    /// first, and its own at the end.
    fn roles_down_to(&self, pid: i32, processes: &BTreeSet<i32>) -> Vec<Role> {
        let own = self.table.get(pid).into_iter();
        let line: Vec<&Process> = own.chain(self.table.ancestors(pid)).collect();
        let in_sandbox = line.into_iter().take_while(|process| processes.contains(&process.pid));
        let mut roles = Vec::new();
        for process in in_sandbox.collect::<Vec<_>>().into_iter().rev() {
            roles.push(role_of(&ThreadFacts { comm: &process.comm, process, ancestors: &roles, vcpu: false }));
        }
        roles
    }

    fn take(&mut self, found: BTreeMap<i32, Member>, at_start: bool) -> Vec<i32> {
        for member in self.members.values_mut() {
            member.is_alive = false;
        }
        let mut new = Vec::new();
        for (pid, mut member) in found {
            let known = self.members.get(&pid);
            member.at_start = known.map_or(at_start, |known| known.at_start);
            if known.is_none() {
                new.push(pid);
            }
            self.members.insert(pid, member);
        }
        new
    }
}

impl Member {
    fn info(&self) -> ThreadInfo {
        ThreadInfo {
            pid: self.pid,
            tgid: Some(self.tgid),
            comm: Some(self.comm.clone()),
            exe: self.exe.clone(),
            role: Some(self.role.name().to_owned()),
            at_start: Some(self.at_start),
            at_end: Some(self.is_alive),
        }
    }
}
