//! Which role a thread has: the rows of `data/roles.tsv`.

use std::sync::OnceLock;

use hap_schemas::Role;

use super::pattern::fits;
use crate::process::Process;

/// The table. Its columns are explained in its first lines.
const TABLE: &str = include_str!("../../data/roles.tsv");

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The role that it gives.
    pub role: Role,
    /// Kernel thread, user thread, or either.
    pub kernel: Option<bool>,
    /// Pattern of the thread's name.
    pub comm: &'static str,
    /// Pattern of the process's name.
    pub process: &'static str,
    /// Pattern of the program's file name.
    pub exe: &'static str,
    /// Pattern of one argument.
    pub argv: &'static str,
    /// Role of a process of the sandbox that the process descends from.
    pub ancestor: Option<Role>,
    /// Whether the thread must have been seen running a virtual CPU.
    pub vcpu: bool,
    /// Why.
    pub reason: &'static str,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct ThreadFacts<'f> {
    /// The thread's name.
    pub comm: &'f str,
    /// Its process.
    pub process: &'f Process,
    /// Roles of the processes of the sandbox that it descends from.
    pub ancestors: &'f [Role],
    /// Whether it was seen running a virtual CPU.
    pub vcpu: bool,
}

/// All rules, in the order in which they are tried.
pub fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
        rows.filter_map(Rule::parse).collect()
    })
}

/// The role of a thread: that of the first rule that fits.
pub fn role_of(facts: &ThreadFacts<'_>) -> Role {
    rules().iter().find(|rule| rule.fits(facts)).map_or(Role::Other, |rule| rule.role)
}

impl Rule {
    fn parse(row: &'static str) -> Option<Self> {
        let mut cells = row.split('\t');
        let mut cell = || cells.next();
        Some(Self {
            role: Role::parse(cell()?)?,
            kernel: match cell()? {
                "kernel" => Some(true),
                "user" => Some(false),
                _ => None,
            },
            comm: cell()?,
            process: cell()?,
            exe: cell()?,
            argv: cell()?,
            ancestor: Role::parse(cell()?),
            vcpu: cell()? == "yes",
            reason: cell()?,
        })
    }

    /// Whether the rule speaks of the thread.
    pub fn fits(&self, facts: &ThreadFacts<'_>) -> bool {
        let process = facts.process;
        self.kernel.is_none_or(|kernel| kernel == process.is_kernel)
            && fits(self.comm, facts.comm)
            && fits(self.process, &process.comm)
            && fits(self.exe, program(process))
            && (self.argv == "*" || process.argv.iter().any(|word| fits(self.argv, file_name(word))))
            && self.ancestor.is_none_or(|role| facts.ancestors.contains(&role))
            && (!self.vcpu || facts.vcpu)
    }
}

/// File name of the program. A program that was replaced on disk has " (deleted)" behind its path.
fn program(process: &Process) -> &str {
    let path = process.exe.as_deref().unwrap_or("");
    file_name(path.strip_suffix(" (deleted)").unwrap_or(path))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use hap_schemas::Role;

    use super::{TABLE, ThreadFacts, role_of, rules};
    use crate::process::Process;

    /// A thread that the rule of this number, and none before it, speaks of.
    struct Case {
        comm: &'static str,
        process: &'static str,
        exe: &'static str,
        argv: &'static [&'static str],
        ancestors: &'static [Role],
        vcpu: bool,
        kernel: bool,
    }

    const PLAIN: Case =
        Case { comm: "x", process: "x", exe: "/bin/x", argv: &["x"], ancestors: &[], vcpu: false, kernel: false };

    /// One thread a rule, in the order of the table.
    const CASES: [Case; 26] = [
        Case {
            comm: "exe",
            exe: "/usr/bin/runsc",
            argv: &["runsc-sandbox", "boot"],
            ancestors: &[Role::Sentry],
            ..PLAIN
        },
        Case { comm: "vhost-431", process: "vhost-431", exe: "", argv: &[], kernel: true, ..PLAIN },
        Case { comm: "kvm-pit/431", process: "kvm-pit/431", exe: "", argv: &[], kernel: true, ..PLAIN },
        Case { comm: "vhost-431", process: "qemu-system-x86", exe: "/usr/bin/qemu-system-x86_64", ..PLAIN },
        Case { comm: "kvm-nx-lpage-re", process: "exe", exe: "/usr/bin/runsc", argv: &["runsc-sandbox"], ..PLAIN },
        Case {
            comm: "exe",
            process: "exe",
            exe: "/memfd:runsc (deleted)",
            argv: &["runsc-sandbox", "--root=/run"],
            ..PLAIN
        },
        Case {
            comm: "exe",
            process: "exe",
            exe: "/usr/local/bin/runsc-backports",
            argv: &["/proc/self/exe", "boot"],
            ..PLAIN
        },
        Case { comm: "exe", process: "exe", exe: "/memfd:x", argv: &["runsc-gofer", "--log=x"], ..PLAIN },
        Case { comm: "exe", process: "exe", exe: "/usr/bin/runsc", argv: &["/proc/self/exe", "gofer"], ..PLAIN },
        Case { comm: "tokio-rt-worker", process: "containerd-shim", exe: "/usr/bin/containerd-shim-kata-v2", ..PLAIN },
        Case { comm: "a", process: "a", exe: "/usr/bin/containerd-shim-runc-v2 (deleted)", ..PLAIN },
        Case { comm: "vring_worker", process: "virtiofsd", exe: "/usr/libexec/virtiofsd", ..PLAIN },
        Case { comm: "vring_worker", process: "other", exe: "/usr/libexec/virtiofsd", ..PLAIN },
        Case { comm: "nabla-run", process: "nabla-run", exe: "/nabla/nabla-run", ..PLAIN },
        Case { comm: "tender", process: "tender", exe: "/usr/bin/solo5-spt", ..PLAIN },
        Case { comm: "CPU 0/KVM", process: "qemu-system-x86", exe: "/usr/bin/qemu-system-x86_64", ..PLAIN },
        Case { comm: "fc_vcpu 0", process: "firecracker", exe: "/usr/bin/firecracker", ..PLAIN },
        Case { comm: "vcpu0", process: "cloud-hyperviso", exe: "/usr/bin/cloud-hypervisor", ..PLAIN },
        Case { comm: "crosvm_vcpu0", process: "crosvm", exe: "/usr/bin/crosvm", ..PLAIN },
        Case {
            comm: "qemu-system-x86",
            process: "qemu-system-x86",
            exe: "/usr/bin/qemu-system-x86_64",
            vcpu: true,
            ..PLAIN
        },
        Case { comm: "qemu-system-x86", process: "qemu-system-x86", exe: "/usr/bin/qemu-system-x86_64", ..PLAIN },
        Case { comm: "renamed", process: "renamed", exe: "/usr/bin/firecracker", ..PLAIN },
        Case { comm: "swtpm", process: "swtpm", exe: "/usr/bin/swtpm", ancestors: &[Role::Vmm], ..PLAIN },
        Case { comm: "runc:[2:INIT]", process: "runc:[2:INIT]", exe: "/memfd:runc_cloned (deleted)", ..PLAIN },
        Case { comm: "exe", process: "exe", exe: "/usr/bin/runsc", argv: &["runsc", "wait"], ..PLAIN },
        Case { comm: "redis-server", process: "redis-server", exe: "/usr/bin/redis-server", ..PLAIN },
    ];

    #[test]
    fn every_row_of_the_table_is_a_rule_with_a_reason() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(rules().len(), rows);
        assert!(rules().iter().all(|rule| rule.reason.len() > 3));
    }

    #[test]
    fn each_rule_decides_the_thread_that_it_is_meant_for() {
        assert_eq!(rules().len(), CASES.len());
        for (number, (rule, case)) in rules().iter().zip(&CASES).enumerate() {
            let process = Process {
                pid: 431,
                parent: 1,
                comm: case.process.to_owned(),
                exe: (!case.exe.is_empty()).then(|| case.exe.to_owned()),
                argv: case.argv.iter().map(|&word| word.to_owned()).collect(),
                is_kernel: case.kernel,
            };
            let facts = ThreadFacts { comm: case.comm, process: &process, ancestors: case.ancestors, vcpu: case.vcpu };
            let first = rules().iter().position(|rule| rule.fits(&facts));
            assert_eq!(first, Some(number), "{} {}", case.comm, rule.reason);
            assert_eq!(role_of(&facts), rule.role);
        }
    }
}
