#!/usr/bin/env bash
# shellcheck disable=SC2317 # steps are called by name
# The laboratory's whole test of hap-capture: every runtime under load, from the first instruction, beside trace-cmd, killed and
# recovered, ended in every way, on both kernels. test.sh [KERNEL...], 6.1. and 6.12. by default; needs `make lab`.
set -euo pipefail
export HAP_LAB_VM=${HAP_LAB_VM:-test}
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/tests.sh
. "$LAB/lib/tests.sh"
# shellcheck source=lib/expected.sh
. "$LAB/lib/expected.sh"
# shellcheck source=lib/retry.sh
. "$LAB/lib/retry.sh"

read -ra RUNTIMES <<< "${HAP_LAB_RUNTIMES:-runc docker gvisor-ptrace gvisor-kvm gvisor-systrap linux-kvm}"
WORKLOAD=redis-bench-get
COMPARED_S=30
# One recording may take that long, start of the sandbox and check included.
LIMIT_S=${HAP_LAB_TIMEOUT:-900}

# recording RUNTIME: under load, nothing lost, the runtime's own functions and roles.
step_recording() {
    record "$1" "$WORKLOAD" 10 "$1"
    expect "$1" "$1"
    ingest "$1"
}

# from-start: a KVM guest from its first instruction, when what later never returns is seen to be entered.
step_from-start() {
    local functions=kvm_arch_vcpu_ioctl_run,vhost_dev_set_owner
    # On 6.1 kthreadd makes the vhost thread, which is found only when it runs already.
    if [ "$HAP_LAB_KERNEL" != 6.1. ]; then functions+=',vhost_task_fn|vhost_run_work_list'; fi
    say "recording a guest from its first instruction"
    vm_ssh "set -eu; trap 'lab-sandbox stop' EXIT; rm -rf /out/from-start; hap-capture record --runtime linux-kvm --workload idle --out /out/from-start \
        --duration 60s -- lab-sandbox foreground idle"
    fetch from-start
    check from-start --has "$functions"
}

# late-child: found by process and by a control group of version 1.
step_late-child() {
    late_child
}

# trace-cmd RUNTIME: the functions of a recording are those that trace-cmd finds before and after it, up to what its two recordings
# differ by. Long enough for what a server does every ten seconds only.
step_trace-cmd() {
    trace_cmd "$1" before
    record "$1" "$WORKLOAD" "$COMPARED_S" "trace-cmd-$1-beside"
    trace_cmd "$1" after
    python3 "$LAB/compare.py" "$RESULTS/trace-cmd-$1"-{beside,before,after}
}

trace_cmd() {
    with_load "$1" "$WORKLOAD" "lab-trace-cmd /out/trace-cmd-$1-$2 $COMPARED_S \$target"
    fetch "trace-cmd-$1-$2"
}

# killed: SIGKILL in the middle, then recover.
step_killed() {
    killed_recording runc "$WORKLOAD" killed
    expect runc killed
}

# endings: by every way but SIGKILL, each told in run.json and by the exit code.
step_endings() {
    say "ending recordings in every way"
    with_load runc "$WORKLOAD" "lab-endings \$target"
}

# no-syscalls: without raw_syscalls the functions of the observer list are gone.
step_no-syscalls() {
    record runc "$WORKLOAD" 10 no-syscalls --no-syscalls
    check no-syscalls --roles app --syscalls none --lacks syscall_trace_enter
    check runc --roles app --has syscall_trace_enter
}

# step NAME ARGUMENT...: in the virtual machine of HAP_LAB_KERNEL, which is started where it does not run.
step() { retry "$LIMIT_S" "$0" --step "$HAP_BIN" "$RESULTS" "$@"; }

test_kernel() {
    local kernel=$1 runtime
    export HAP_LAB_KERNEL=$kernel
    say "kernel $kernel"
    vm_kill
    rm -rf "$VM"
    fresh_results "$results/$kernel"
    for runtime in "${RUNTIMES[@]}"; do
        step recording "$runtime" || failed+=("$kernel recording $runtime")
    done
    step from-start || failed+=("$kernel from-start")
    step late-child || failed+=("$kernel late-child")
    step trace-cmd runc || failed+=("$kernel trace-cmd")
    step killed || failed+=("$kernel killed")
    step endings || failed+=("$kernel endings")
    step no-syscalls || failed+=("$kernel no-syscalls")
    vm_kill
}

# One function, so that the script may be changed while it runs.
main() {
    if [ "${1:-}" = --step ]; then
        HAP_BIN=$2 RESULTS=$3
        if ! vm_running; then
            vm_up || exit "$VM_DID_NOT_START"
        fi
        vm_put "$HAP_BIN/hap-capture" /usr/local/bin/
        "step_$4" "${@:5}"
        exit
    fi
    binaries
    results=$CACHE/results/$HAP_LAB_VM
    trap vm_kill EXIT
    if [[ " ${RUNTIMES[*]} " = *" docker "* ]]; then "$LAB/build/docker.sh"; fi
    failed=()
    if [ $# -eq 0 ]; then set -- 6.1. 6.12.; fi
    for kernel in "$@"; do test_kernel "$kernel"; done
    if [ ${#failed[@]} -gt 0 ]; then
        printf 'lab: FAILED: %s\n' "${failed[@]}" >&2
        say "the recordings are in $results"
        exit 1
    fi
    rm -rf "$results"
    say "all passed"
}

{ main "$@"; exit; }
