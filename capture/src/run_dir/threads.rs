//! The thread table of a run: what was seen in `/proc`, filled up by what the trace tells.

use std::collections::BTreeMap;

use hap_schemas::{Role, ThreadInfo};

use super::scan::{Scan, ThreadEvent, comm_of};
use crate::process::Process;
use crate::sandbox::{ThreadFacts, role_of};

/// Threads by id: those listed, and those that they made while they were traced. `seen` is when each listed thread was
/// looked at last: it is known better than what the trace tells of the time before.
pub(super) fn merge(
    listed: Vec<ThreadInfo>,
    scan: &Scan,
    tgids: &BTreeMap<i32, i32>,
    seen: &BTreeMap<i32, u64>,
) -> Vec<ThreadInfo> {
    let mut threads: BTreeMap<i32, ThreadInfo> = listed.into_iter().map(|thread| (thread.pid, thread)).collect();
    let listed: Vec<i32> = threads.keys().copied().collect();
    for ((time, pid), event) in &scan.threads {
        match event {
            ThreadEvent::Forked { .. } if listed.contains(pid) => {}
            ThreadEvent::Forked { parent, comm } => {
                let born = born(*pid, threads.get(parent), *parent, comm, tgids);
                threads.insert(*pid, born);
            }
            ThreadEvent::Executed { .. } if seen.get(pid).is_some_and(|seen| time <= seen) => {}
            ThreadEvent::Executed { program } => {
                if let Some(thread) = threads.get_mut(pid) {
                    execute(thread, program);
                }
            }
            ThreadEvent::Exited => {
                // The list was made when the recording ended, and says what that means for the end of a command.
                if let Some(thread) = threads.get_mut(pid).filter(|_| !listed.contains(pid)) {
                    thread.at_end = Some(false);
                }
            }
        }
    }
    for pid in &scan.vcpus {
        let vmm = threads.get_mut(pid).filter(|thread| thread.role.as_deref() == Some(Role::Vmm.name()));
        if let Some(thread) = vmm {
            thread.role = Some(Role::Kvm.name().to_owned());
        }
    }
    threads.into_values().collect()
}

/// A thread that was made during the recording. It does what its parent does, but a process that gVisor's sentry
/// makes is a stub that the application runs in.
fn born(pid: i32, parent: Option<&ThreadInfo>, parent_pid: i32, comm: &str, tgids: &BTreeMap<i32, i32>) -> ThreadInfo {
    let tgid = tgids.get(&pid).copied();
    let parent_tgid = parent.and_then(|parent| parent.tgid).or_else(|| tgids.get(&parent_pid).copied());
    let is_process = tgid.is_some() && tgid != parent_tgid;
    let role = parent.and_then(|parent| parent.role.as_deref()).map_or(Role::Other, Role::from_name);
    let role = if is_process && role == Role::Sentry { Role::App } else { role };
    ThreadInfo {
        pid,
        tgid,
        comm: (!comm.is_empty()).then(|| comm.to_owned()),
        exe: parent.and_then(|parent| parent.exe.clone()),
        role: Some(role.name().to_owned()),
        at_start: Some(false),
        at_end: Some(true),
    }
}

/// The thread runs another program from now on.
fn execute(thread: &mut ThreadInfo, program: &str) {
    let comm = comm_of(program);
    let process = Process {
        pid: thread.tgid.unwrap_or(thread.pid),
        parent: 0,
        comm: comm.clone(),
        exe: Some(program.to_owned()),
        argv: Vec::new(),
        is_kernel: false,
    };
    let before = thread.role.as_deref().map(Role::from_name);
    let role = match before {
        // What a sandbox's helper starts is the sandbox's again; other roles go on.
        Some(Role::Other) | None => Role::Other,
        Some(before) => role_of(&ThreadFacts { comm: &comm, process: &process, ancestors: &[before], vcpu: false }),
    };
    thread.role = Some(role.name().to_owned());
    thread.comm = Some(comm);
    thread.exe = Some(program.to_owned());
}

/// Names of threads for the trace.dat: those that the kernel saved, better those of the table.
pub(super) fn names(threads: &[ThreadInfo], saved: BTreeMap<i32, String>) -> Vec<(i32, String)> {
    let mut names = saved;
    names.extend(threads.iter().filter_map(|thread| Some((thread.pid, thread.comm.clone()?))));
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use hap_schemas::ThreadInfo;

    use super::{merge, names};
    use crate::run_dir::scan::{Scan, ThreadEvent};

    fn listed(pid: i32, tgid: i32, comm: &str, role: &str) -> ThreadInfo {
        ThreadInfo {
            pid,
            tgid: Some(tgid),
            comm: Some(comm.to_owned()),
            exe: None,
            role: Some(role.to_owned()),
            at_start: Some(true),
            at_end: Some(true),
        }
    }

    fn forked(parent: i32, comm: &str) -> ThreadEvent {
        ThreadEvent::Forked { parent, comm: comm.to_owned() }
    }

    fn rows(threads: &[ThreadInfo]) -> Vec<(i32, Option<i32>, &str, &str, bool)> {
        threads
            .iter()
            .map(|thread| {
                let comm = thread.comm.as_deref().unwrap_or("");
                (thread.pid, thread.tgid, comm, thread.role.as_deref().unwrap(), thread.at_end.unwrap())
            })
            .collect()
    }

    #[test]
    fn children_of_children_come_from_the_trace_with_the_role_of_their_line() {
        let scan = Scan {
            threads: BTreeMap::from([
                ((10, 20), forked(7, "sh")),
                ((11, 21), forked(20, "sh")),
                ((12, 21), ThreadEvent::Executed { program: "/usr/bin/a-program-of-long-name".into() }),
                ((13, 21), ThreadEvent::Exited),
            ]),
            ..Scan::default()
        };
        let threads =
            merge(vec![listed(7, 7, "sh", "app")], &scan, &BTreeMap::from([(20, 20), (21, 21)]), &BTreeMap::new());
        let expected = [
            (7, Some(7), "sh", "app", true),
            (20, Some(20), "sh", "app", true),
            (21, Some(21), "a-program-of-lo", "app", false),
        ];
        assert_eq!(rows(&threads), expected);
    }

    #[test]
    fn a_listed_thread_is_what_it_executed_after_it_was_seen_last_and_not_before() {
        let run = |program: &str| ThreadEvent::Executed { program: program.to_owned() };
        let scan = Scan {
            threads: BTreeMap::from([((10, 7), run("/bin/first")), ((30, 8), run("/bin/later"))]),
            ..Scan::default()
        };
        let list = vec![listed(7, 7, "renamed", "app"), listed(8, 8, "sh", "app")];
        let threads = merge(list, &scan, &BTreeMap::new(), &BTreeMap::from([(7, 20), (8, 20)]));
        assert_eq!(rows(&threads), [(7, Some(7), "renamed", "app", true), (8, Some(8), "later", "app", true)]);
    }

    #[test]
    fn a_process_of_the_sentry_is_the_application_and_its_thread_is_the_sentry() {
        let scan = Scan {
            threads: BTreeMap::from([((1, 8), forked(5, "exe")), ((2, 9), forked(5, "exe"))]),
            ..Scan::default()
        };
        let threads =
            merge(vec![listed(5, 5, "exe", "sentry")], &scan, &BTreeMap::from([(8, 5), (9, 9)]), &BTreeMap::new());
        let expected = [
            (5, Some(5), "exe", "sentry", true),
            (8, Some(5), "exe", "sentry", true),
            (9, Some(9), "exe", "app", true),
        ];
        assert_eq!(rows(&threads), expected);
    }

    #[test]
    fn a_runtime_that_executes_the_application_becomes_it() {
        let scan = Scan {
            threads: BTreeMap::from([
                ((1, 8), forked(5, "runc:[1:CHILD]")),
                ((2, 8), ThreadEvent::Executed { program: "/usr/bin/redis-server".into() }),
            ]),
            ..Scan::default()
        };
        let threads = merge(vec![listed(5, 5, "runc", "runtime")], &scan, &BTreeMap::from([(8, 8)]), &BTreeMap::new());
        assert_eq!(rows(&threads)[1], (8, Some(8), "redis-server", "app", true));
    }

    #[test]
    fn a_thread_of_the_vmm_that_entered_a_guest_is_a_virtual_cpu() {
        let scan = Scan { vcpus: BTreeSet::from([6, 7]), ..Scan::default() };
        let list = vec![listed(5, 5, "qemu", "vmm"), listed(6, 5, "qemu", "vmm"), listed(7, 7, "exe", "sentry")];
        let roles: Vec<_> = merge(list, &scan, &BTreeMap::new(), &BTreeMap::new())
            .into_iter()
            .map(|thread| thread.role.unwrap())
            .collect();
        assert_eq!(roles, ["vmm", "kvm", "sentry"]);
    }

    #[test]
    fn names_of_the_table_overrule_those_that_the_kernel_saved() {
        let saved = BTreeMap::from([(1, "init".to_owned()), (7, "old".to_owned())]);
        let expected = [(1, "init".to_owned()), (7, "new".to_owned())];
        assert_eq!(names(&[listed(7, 7, "new", "app")], saved), expected);
    }
}
