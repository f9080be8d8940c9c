//! What virtual machines need.

use super::Check;
use crate::host::Host;

/// KVM and vhost-net.
pub(super) fn checks(host: &Host) -> [Check; 2] {
    let kvm = if host.path("dev/kvm").exists() {
        Check::ok("kvm", "/dev/kvm")
    } else {
        let mend = "modprobe kvm_intel || modprobe kvm_amd; in a virtual machine, switch nested virtualization on";
        Check::limited("kvm", "no /dev/kvm: virtual machines and gVisor on KVM cannot run", mend)
    };
    let vhost = if host.path("dev/vhost-net").exists() {
        Check::ok("vhost", "/dev/vhost-net")
    } else {
        Check::limited("vhost", "no /dev/vhost-net", "modprobe vhost_net")
    };
    [kvm, vhost]
}

#[cfg(test)]
mod tests {
    use super::checks;
    use crate::doctor::Health;
    use crate::process::fixture::Tree;

    #[test]
    fn devices_are_there_or_their_modules_are_named() {
        let tree = Tree::new();
        tree.write("dev/kvm", "");
        let [kvm, vhost] = checks(&tree.host());
        assert_eq!((kvm.health, vhost.health), (Health::Ok, Health::Limited));
        assert_eq!(vhost.mend.as_deref(), Some("modprobe vhost_net"));
    }
}
