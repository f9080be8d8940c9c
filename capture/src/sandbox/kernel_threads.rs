//! Kernel threads that work for a sandbox.

use std::collections::BTreeSet;

use crate::process::ProcessTable;

/// Kernel threads whose name ends in the id of one of these threads, as in `vhost-431` and `kvm-pit/431`.
pub(super) fn kernel_threads(table: &ProcessTable, owners: &BTreeSet<i32>) -> BTreeSet<i32> {
    let is_owned = |comm: &str| owner(comm).is_some_and(|pid| owners.contains(&pid));
    table.iter().filter(|process| process.is_kernel && is_owned(&process.comm)).map(|process| process.pid).collect()
}

/// The id at the end of a name, behind `-` or `/`. Workqueue threads (`kworker/0:1-events`) carry a CPU number there.
fn owner(comm: &str) -> Option<i32> {
    let (stem, digits) = comm.rsplit_once(['-', '/'])?;
    let names_owner = stem.starts_with("vhost") || stem.starts_with("kvm");
    names_owner.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn a_kernel_thread_is_named_after_its_owner() {
        for (comm, expected) in [
            ("vhost-431", Some(431)),
            ("kvm-pit/3329", Some(3329)),
            ("kvm-nx-lpage-recovery-643", Some(643)),
            ("kworker/0:1-mm_percpu_wq", None),
            ("ksoftirqd/1", None),
            ("vhost-", None),
            ("kvm", None),
        ] {
            assert_eq!(owner(comm), expected, "{comm}");
        }
    }
}
