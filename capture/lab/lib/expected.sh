# shellcheck shell=bash
# What is known of each runtime, as arguments of check.py. Needs tests.sh.
#
# In steady state vhost_worker and kvm_arch_vcpu_ioctl_run run without returning: what they call shows them, and recordings
# from the first instruction (test.sh) show themselves.
VHOST=vhost_get_vq_desc
KVM='svm_vcpu_run|svm_vcpu_enter_exit|vmx_vcpu_run'
PTRACE=ptrace_stop

# expect RUNTIME RUN [ARGUMENT...]
expect() {
    local runtime=$1 run=$2
    shift 2
    case $runtime in
    runc | crun) check "$run" --roles app --has tcp_sendmsg --lacks "$VHOST,${KVM//|/,},$PTRACE" "$@" ;;
    docker) check "$run" --roles app,shim --has tcp_sendmsg --lacks "$VHOST,${KVM//|/,},$PTRACE" "$@" ;;
    gvisor-ptrace) check "$run" --roles sentry,gofer,app --has "$PTRACE" --lacks "$VHOST,${KVM//|/,},tcp_sendmsg" "$@" ;;
    gvisor-kvm) check "$run" --roles sentry,gofer,kthread --has "$KVM" --lacks "$VHOST,$PTRACE,tcp_sendmsg" "$@" ;;
    gvisor-systrap) check "$run" --roles sentry,gofer,app --has futex_wait --lacks "$VHOST,${KVM//|/,},$PTRACE,tcp_sendmsg" "$@" ;;
    # A VMM whose devices are in the kernel may go without a system call for seconds.
    linux-kvm) check "$run" --roles vmm,kvm,vhost,kthread --syscalls any --has "$KVM,$VHOST" --lacks "$PTRACE,tcp_sendmsg" "$@" ;;
    *) die "nothing is known of runtime $runtime" ;;
    esac
}
