//! What the function tracer needs.

use super::Check;
use crate::host::Host;
use crate::tracefs::Tracefs;

/// Tracefs, tracer, symbols and the switches that can forbid them.
pub(super) fn checks(host: &Host) -> Vec<Check> {
    let mut checks = vec![root()];
    match Tracefs::find(host) {
        Err(_) => checks.push(Check::missing("tracefs", "not mounted", "mount -t tracefs nodev /sys/kernel/tracing")),
        Ok(top) => {
            checks.push(Check::ok("tracefs", top.path("").display().to_string()));
            checks.extend([tracer(&top), instances(&top), events(&top)]);
        }
    }
    checks.extend([switch(host), symbols(host), lockdown(host)]);
    checks
}

fn root() -> Check {
    if rustix::process::geteuid().is_root() {
        Check::ok("root", "running as root")
    } else {
        Check::missing("root", "not running as root", "sudo hap-capture ...")
    }
}

fn tracer(top: &Tracefs) -> Check {
    let available = top.text("available_tracers").unwrap_or_default();
    if available.split_ascii_whitespace().any(|name| name == "function") {
        Check::ok("function tracer", available)
    } else {
        let mend = "boot a kernel built with CONFIG_FUNCTION_TRACER=y and CONFIG_DYNAMIC_FTRACE=y";
        Check::missing("function tracer", format!("available: {available}"), mend)
    }
}

fn instances(top: &Tracefs) -> Check {
    let Ok(instances) = top.entries("instances") else {
        return Check::missing("instances", "tracefs has no folder instances", "boot Linux 4.14 or later");
    };
    let left: Vec<_> = instances.into_iter().filter(|name| name.starts_with("hap-")).collect();
    if left.is_empty() {
        return Check::ok("instances", "none of hap-capture is left over");
    }
    let mend = "hap-capture recover DIR, unless a recording runs";
    Check::limited("instances", format!("of a recorder that runs or was killed: {}", left.join(", ")), mend)
}

fn events(top: &Tracefs) -> Check {
    let wanted = ["raw_syscalls/sys_enter", "raw_syscalls/sys_exit", "sched/sched_process_fork"];
    let lacking: Vec<_> = wanted.into_iter().filter(|event| !top.has(format!("events/{event}/enable"))).collect();
    if lacking.is_empty() {
        Check::ok("events", "raw_syscalls and sched_process are there")
    } else {
        let mend = "boot a kernel built with CONFIG_FTRACE_SYSCALLS=y";
        Check::missing("events", format!("lacking: {}", lacking.join(", ")), mend)
    }
}

fn switch(host: &Host) -> Check {
    match host.text("proc/sys/kernel/ftrace_enabled").as_deref() {
        Some("0") => Check::missing("ftrace_enabled", "0: function tracing is off", "sysctl kernel.ftrace_enabled=1"),
        Some(value) => Check::ok("ftrace_enabled", value),
        None => Check::missing(
            "ftrace_enabled",
            "there is no kernel.ftrace_enabled",
            "boot a kernel built with CONFIG_FUNCTION_TRACER=y",
        ),
    }
}

fn symbols(host: &Host) -> Check {
    let restrict = host.text("proc/sys/kernel/kptr_restrict").unwrap_or_default();
    let first = host.text("proc/kallsyms").unwrap_or_default();
    let is_hidden = first.lines().all(|line| line.starts_with("0000000000000000 "));
    if is_hidden {
        let found = format!("/proc/kallsyms hides all addresses (kptr_restrict {restrict})");
        return Check::missing("kptr_restrict", found, "sysctl kernel.kptr_restrict=0");
    }
    Check::ok("kptr_restrict", format!("{restrict}, addresses are visible"))
}

fn lockdown(host: &Host) -> Check {
    let text = host.text("sys/kernel/security/lockdown").unwrap_or_default();
    let mode = text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("none", |(mode, _)| mode);
    match mode {
        "confidentiality" => Check::missing(
            "lockdown",
            "confidentiality: the kernel refuses tracefs",
            "boot without lockdown=confidentiality",
        ),
        mode => Check::ok("lockdown", mode),
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, checks};
    use crate::doctor::Health;
    use crate::process::fixture::Tree;

    fn health(checks: &[Check]) -> Vec<(&'static str, Health)> {
        checks.iter().filter(|check| check.name != "root").map(|check| (check.name, check.health)).collect()
    }

    #[test]
    fn a_host_that_has_everything_is_well() {
        let tree = Tree::new();
        tree.write("sys/kernel/tracing/available_tracers", "function nop\n");
        tree.write("sys/kernel/tracing/instances/other/tracing_on", "1\n");
        for event in ["raw_syscalls/sys_enter", "raw_syscalls/sys_exit", "sched/sched_process_fork"] {
            tree.write(&format!("sys/kernel/tracing/events/{event}/enable"), "0\n");
        }
        tree.write("proc/sys/kernel/ftrace_enabled", "1\n");
        tree.write("proc/sys/kernel/kptr_restrict", "1\n");
        tree.write("proc/kallsyms", "0000000000000000 A fixed\nffffffff81000000 T _text\n");
        tree.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        let found = checks(&tree.host());
        assert!(health(&found).iter().all(|&(_, health)| health == Health::Ok), "{found:?}");
        assert_eq!(found.len(), 8);
    }

    #[test]
    fn every_lack_is_told_with_what_mends_it() {
        let tree = Tree::new();
        tree.write("sys/kernel/tracing/available_tracers", "blk nop\n");
        tree.write("sys/kernel/tracing/instances/hap-7/tracing_on", "1\n");
        tree.write("proc/sys/kernel/ftrace_enabled", "0\n");
        tree.write("proc/kallsyms", "0000000000000000 T _text\n");
        tree.write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
        let found = checks(&tree.host());
        let expected = [
            ("tracefs", Health::Ok),
            ("function tracer", Health::Missing),
            ("instances", Health::Limited),
            ("events", Health::Missing),
            ("ftrace_enabled", Health::Missing),
            ("kptr_restrict", Health::Missing),
            ("lockdown", Health::Missing),
        ];
        assert_eq!(health(&found), expected);
        let unmended = found.iter().filter(|check| check.health != Health::Ok && check.mend.is_none());
        assert_eq!(unmended.count(), 0);
        assert_eq!(checks(&Tree::new().host())[1].mend.as_deref(), Some("mount -t tracefs nodev /sys/kernel/tracing"));
    }
}
