//! Processes and threads, as `/proc` shows them.

mod stat;
mod table;

pub use table::{Process, ProcessTable};

use std::collections::BTreeMap;

use crate::host::Host;

/// `ioctl` on x86-64 and on the generic table of newer architectures.
const IOCTL_NUMBERS: [&str; 2] = ["16", "29"];
/// The request `KVM_RUN`.
const KVM_RUN: &str = "0xae80";

/// Numbered entries of a directory of `/proc`, sorted.
pub(crate) fn numbers(host: &Host, directory: &str) -> Vec<i32> {
    let entries = std::fs::read_dir(host.path(directory)).into_iter().flatten().flatten();
    let mut numbers: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// The threads of a process with their names; none when it has ended.
pub(crate) fn threads(host: &Host, tgid: i32) -> BTreeMap<i32, String> {
    let name = |&tid: &i32| Some((tid, host.text(format!("proc/{tgid}/task/{tid}/comm"))?));
    numbers(host, &format!("proc/{tgid}/task")).iter().filter_map(name).collect()
}

/// Whether the thread is inside ioctl(KVM_RUN) right now. One that runs guest code at this moment does not show it.
pub(crate) fn runs_vcpu(host: &Host, process: i32, thread: i32) -> bool {
    let text = host.text(format!("proc/{process}/task/{thread}/syscall")).unwrap_or_default();
    let mut words = text.split(' ');
    let number = words.next().is_some_and(|number| IOCTL_NUMBERS.contains(&number));
    number && words.nth(1) == Some(KVM_RUN)
}

#[cfg(test)]
pub(crate) mod fixture {
    //! `/proc` trees made by hand.

    use std::fs;
    use std::path::Path;

    use crate::host::Host;

    /// A host of plain files.
    pub(crate) struct Tree {
        root: tempfile::TempDir,
    }

    impl Tree {
        pub(crate) fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir_all(root.path().join("proc")).unwrap();
            Self { root }
        }

        pub(crate) fn host(&self) -> Host {
            Host::at(self.root.path())
        }

        pub(crate) fn write(&self, path: &str, text: &str) {
            let path = self.root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        pub(crate) fn remove(&self, path: &str) {
            fs::remove_dir_all(self.root.path().join(path)).unwrap();
        }

        /// A process with one thread. An empty command line makes a kernel thread.
        pub(crate) fn process(&self, pid: i32, parent: i32, comm: &str, exe: &str, argv: &[&str]) {
            let flags = if argv.is_empty() { 0x20_8040 } else { 0x40_0100 };
            let stat = format!("{pid} ({comm}) S {parent} {pid} {pid} 0 -1 {flags} 0 0 0");
            self.write(&format!("proc/{pid}/stat"), &stat);
            self.write(&format!("proc/{pid}/cmdline"), &argv.iter().flat_map(|word| [word, "\0"]).collect::<String>());
            self.write(&format!("proc/{pid}/comm"), &format!("{comm}\n"));
            if !exe.is_empty() {
                let link = self.root.path().join(format!("proc/{pid}/exe"));
                let _ = fs::remove_file(&link);
                std::os::unix::fs::symlink(Path::new(exe), link).unwrap();
            }
            self.thread(pid, pid, comm);
        }

        pub(crate) fn thread(&self, process: i32, thread: i32, comm: &str) {
            self.write(&format!("proc/{process}/task/{thread}/comm"), &format!("{comm}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::Tree;
    use super::{runs_vcpu, threads};

    #[test]
    fn threads_have_names_and_an_ended_process_has_none() {
        let tree = Tree::new();
        tree.process(7, 1, "qemu-system-x86", "/usr/bin/qemu-system-x86_64", &["qemu"]);
        tree.thread(7, 9, "CPU 0/KVM");
        let found: Vec<_> = threads(&tree.host(), 7).into_iter().collect();
        assert_eq!(found, [(7, "qemu-system-x86".to_owned()), (9, "CPU 0/KVM".to_owned())]);
        assert!(threads(&tree.host(), 8).is_empty());
    }

    #[test]
    fn a_thread_inside_kvm_run_runs_a_virtual_cpu() {
        let tree = Tree::new();
        for (tid, text) in [(1, "16 0x1b 0xae80 0x0 0x0 0x0 0x0 0x7f 0x7f"), (2, "16 0x1b 0xae41 0x0"), (3, "running")]
        {
            tree.write(&format!("proc/1/task/{tid}/syscall"), text);
        }
        assert_eq!([1, 2, 3, 4].map(|tid| runs_vcpu(&tree.host(), 1, tid)), [true, false, false, false]);
    }
}
