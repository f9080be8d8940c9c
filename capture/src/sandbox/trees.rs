//! Process trees of known sandboxes, as recorded hosts showed them: which threads are found, and as what.

use std::collections::BTreeSet;

use hap_schemas::Role;

use super::{Sandbox, Target};
use crate::process::fixture::Tree;

const OWN: i32 = 9999;

/// A host with an engine, a shim of a neighbour, and the recorder.
fn host() -> Tree {
    let tree = Tree::new();
    tree.process(1, 0, "systemd", "/usr/lib/systemd/systemd", &["/sbin/init"]);
    tree.process(2, 0, "kthreadd", "", &[]);
    tree.process(3, 2, "kworker/0:1-events", "", &[]);
    tree.process(50, 1, "containerd", "/usr/bin/containerd", &["containerd"]);
    tree.process(
        60,
        1,
        "containerd-shim",
        "/usr/bin/containerd-shim-runc-v2",
        &["containerd-shim-runc-v2", "-id", "other"],
    );
    tree.process(61, 60, "nginx", "/usr/sbin/nginx", &["nginx"]);
    tree.process(OWN, 1, "hap-capture", "/usr/bin/hap-capture", &["hap-capture", "record"]);
    tree
}

fn roles(tree: &Tree, target: Target) -> Vec<(i32, Role)> {
    let sandbox = Sandbox::find(&tree.host(), vec![target], OWN).unwrap();
    sandbox.members().map(|member| (member.pid, member.role)).collect()
}

#[test]
fn docker_a_container_has_its_processes_its_control_group_and_its_shim() {
    let tree = host();
    tree.process(
        100,
        1,
        "containerd-shim",
        "/usr/bin/containerd-shim-runc-v2",
        &["containerd-shim-runc-v2", "-id", "abc"],
    );
    tree.thread(100, 101, "containerd-shim");
    tree.process(110, 100, "redis-server", "/usr/bin/redis-server", &["redis-server"]);
    tree.thread(110, 111, "bio_close_file");
    tree.process(112, 110, "sh", "/bin/dash", &["sh"]);
    // docker exec: the container's control group, and another parent.
    tree.process(130, 50, "runc:[2:INIT]", "/usr/bin/runc", &["runc", "init"]);
    tree.write("proc/110/cgroup", "0::/docker/abc\n");
    tree.write("sys/fs/cgroup/docker/abc/cgroup.procs", "110\n112\n130\n");
    let expected = [
        (100, Role::Shim),
        (101, Role::Shim),
        (110, Role::App),
        (111, Role::App),
        (112, Role::App),
        (130, Role::Runtime),
    ];
    assert_eq!(roles(&tree, Target::container(&tree.host(), 110)), expected);
}

#[test]
fn gvisor_sentry_gofer_and_stub_processes_although_every_thread_is_called_exe() {
    let tree = host();
    let memfd = "/memfd:runsc_exe (deleted)";
    tree.process(3178, 1, "exe", memfd, &["runsc-gofer", "--root=/run/runsc", "gofer"]);
    tree.thread(3178, 3196, "exe");
    tree.process(3182, 1, "exe", memfd, &["runsc-sandbox", "--root=/run/runsc", "boot", "sbx"]);
    tree.thread(3182, 3188, "exe");
    tree.process(3203, 3182, "exe", memfd, &["runsc-sandbox", "--root=/run/runsc", "boot", "sbx"]);
    // A stub of a stub: its arguments are gone with its memory.
    tree.process(3214, 3203, "exe", memfd, &["x"]);
    tree.write("proc/3214/cmdline", "");
    tree.write("proc/3182/cgroup", "0::/lab/sbx\n");
    tree.write("sys/fs/cgroup/lab/sbx/cgroup.procs", "3178\n3182\n");
    let expected = [
        (3178, Role::Gofer),
        (3182, Role::Sentry),
        (3188, Role::Sentry),
        (3196, Role::Gofer),
        (3203, Role::App),
        (3214, Role::App),
    ];
    assert_eq!(roles(&tree, Target::cgroup(&tree.host(), "/lab/sbx".as_ref()).unwrap()), expected);
}

#[test]
fn kata_shim_virtiofsd_vmm_virtual_cpu_and_kernel_threads() {
    let tree = host();
    tree.process(
        420,
        1,
        "containerd-shim",
        "/usr/local/bin/containerd-shim-kata-v2",
        &["containerd-shim-kata-v2", "-id", "sbx"],
    );
    tree.thread(420, 421, "tokio-rt-worker");
    tree.process(426, 420, "virtiofsd", "/usr/libexec/virtiofsd", &["virtiofsd", "--fd=3"]);
    tree.process(428, 426, "virtiofsd", "/usr/libexec/virtiofsd", &["virtiofsd", "--fd=3"]);
    tree.thread(428, 430, "vring_worker");
    tree.process(
        431,
        420,
        "qemu-system-x86",
        "/usr/bin/qemu-system-x86_64",
        &["qemu-system-x86_64", "-name", "sandbox-sbx"],
    );
    tree.thread(431, 436, "qemu-system-x86");
    tree.thread(431, 437, "qemu-system-x86");
    tree.write("proc/431/task/437/syscall", "16 0x18 0xae80 0x0 0x7f");
    tree.process(434, 2, "kvm-nx-lpage-recovery-431", "", &[]);
    tree.process(435, 2, "vhost-431", "", &[]);
    tree.process(438, 2, "kvm-pit/431", "", &[]);
    tree.process(500, 2, "vhost-61", "", &[]);
    let expected = [
        (420, Role::Shim),
        (421, Role::Shim),
        (426, Role::Virtiofsd),
        (428, Role::Virtiofsd),
        (430, Role::Virtiofsd),
        (431, Role::Vmm),
        (434, Role::Kthread),
        (435, Role::Vhost),
        (436, Role::Vmm),
        (437, Role::Kvm),
        (438, Role::Kthread),
    ];
    let container = Target::Container { pid: 420, cgroup: Vec::new() };
    assert_eq!(roles(&tree, container), expected);
    assert_eq!(
        roles(&tree, Target::Process(431))[..4],
        [(431, Role::Vmm), (434, Role::Kthread), (435, Role::Vhost), (436, Role::Vmm)]
    );
}

#[test]
fn firecracker_and_tasks_of_newer_kernels() {
    let tree = host();
    tree.process(643, 1, "firecracker", "/usr/bin/firecracker", &["firecracker", "--no-api"]);
    tree.thread(643, 646, "fc_vcpu 0");
    tree.thread(643, 647, "vhost-643");
    tree.thread(643, 648, "kvm-nx-lpage-re");
    tree.process(644, 2, "kvm-nx-lpage-recovery-643", "", &[]);
    let expected = [(643, Role::Vmm), (644, Role::Kthread), (646, Role::Kvm), (647, Role::Vhost), (648, Role::Kthread)];
    assert_eq!(roles(&tree, Target::Process(643)), expected);
}

#[test]
fn nablas_tender_is_the_application() {
    let tree = host();
    tree.process(314, 1, "nabla-run", "/nabla/nabla-run", &["/nabla/nabla-run", "--mem=512", "redis.nabla"]);
    assert_eq!(roles(&tree, Target::Process(314)), [(314, Role::App)]);
}

#[test]
fn late_threads_and_children_of_children_are_new_and_ended_ones_are_marked() {
    let tree = host();
    tree.process(100, 1, "sh", "/bin/dash", &["sh"]);
    tree.process(101, 100, "sleep", "/bin/sleep", &["sleep"]);
    let mut sandbox = Sandbox::find(&tree.host(), vec![Target::Process(100)], OWN).unwrap();
    tree.process(102, 101, "late", "/bin/late", &["late"]);
    tree.thread(102, 103, "late-thread");
    tree.process(200, 2, "vhost-102", "", &[]);
    tree.remove("proc/101");
    // 102 has lost its parent: it is new, and found no more by descent alone.
    tree.process(102, 1, "late", "/bin/late", &["late"]);
    tree.thread(102, 103, "late-thread");
    assert_eq!(sandbox.refresh(&tree.host()), [] as [i32; 0]);
    tree.process(104, 100, "child", "/bin/child", &["child"]);
    assert_eq!(sandbox.refresh(&tree.host()), [104]);
    // Once a member, always a member, whoever its parent becomes.
    tree.process(104, 1, "child", "/bin/child", &["child"]);
    tree.remove("proc/100");
    assert_eq!(sandbox.refresh(&tree.host()), [] as [i32; 0]);
    assert_eq!(sandbox.living(), [104]);
    assert!(sandbox.is_alive());
    let ended: BTreeSet<i32> = sandbox.members().filter(|member| !member.is_alive).map(|member| member.pid).collect();
    assert_eq!(ended, BTreeSet::from([100, 101]));
    tree.remove("proc/104");
    sandbox.refresh(&tree.host());
    assert!(!sandbox.is_alive());
}

#[test]
fn the_recorder_is_never_part_of_the_sandbox_and_an_empty_sandbox_is_an_error() {
    let tree = host();
    tree.process(100, OWN, "sh", "/bin/dash", &["sh"]);
    assert_eq!(roles(&tree, Target::Process(100)), [(100, Role::App)]);
    tree.write("sys/fs/cgroup/a/cgroup.procs", "100\n9999\n");
    let cgroup = Target::cgroup(&tree.host(), "/a".as_ref()).unwrap();
    assert_eq!(roles(&tree, cgroup), [(100, Role::App)]);
    let error = Sandbox::find(&tree.host(), vec![Target::Process(7777)], OWN).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no process of the sandbox: there is no process 7777; start the sandbox first, and name it as it is called now"
    );
}
