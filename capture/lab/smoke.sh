#!/usr/bin/env bash
# The laboratory's short test: one boot, one recording of runc and one of a KVM guest, a child that
# comes late, one kill and recovery. Needs `make lab`.
set -euo pipefail
export HAP_LAB_VM=${HAP_LAB_VM:-smoke}
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/tests.sh
. "$LAB/lib/tests.sh"
# shellcheck source=lib/expected.sh
. "$LAB/lib/expected.sh"
# shellcheck source=lib/retry.sh
. "$LAB/lib/retry.sh"

smoke() {
    fresh_vm || exit "$VM_DID_NOT_START"
    local runtime
    for runtime in runc linux-kvm; do
        record "$runtime" redis-bench-get 10 "$runtime"
        expect "$runtime" "$runtime"
    done
    late_child
    killed_recording runc redis-bench-get killed
    expect runc killed
    ingest runc linux-kvm killed
    say "smoke test passed"
}

# One function, so that the script may be changed while it runs.
main() {
    if [ "${1:-}" = --once ]; then
        HAP_BIN=$2 RESULTS=$3
        smoke
        exit
    fi
    binaries
    fresh_results "$CACHE/results/$HAP_LAB_VM"
    trap vm_kill EXIT
    started=$SECONDS
    retry "${HAP_LAB_TIMEOUT:-500}" "$0" --once "$HAP_BIN" "$RESULTS"
    rm -rf "$RESULTS"
    say "took $((SECONDS - started)) s"
}

{ main "$@"; exit; }
