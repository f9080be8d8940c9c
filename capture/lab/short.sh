#!/usr/bin/env bash
# Records the short captures of data/captures/hap-capture: short.sh [FOLDER]
#
# One second of every runtime on 6.1, and of two on 6.12, under load and checked. Needs `make lab`.
set -euo pipefail
export HAP_LAB_VM=${HAP_LAB_VM:-short}
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/tests.sh
. "$LAB/lib/tests.sh"
# shellcheck source=lib/expected.sh
. "$LAB/lib/expected.sh"

# short RUNTIME WORKLOAD: on the kernel of HAP_LAB_KERNEL
short() {
    local name=$1
    [ "$HAP_LAB_KERNEL" = 6.1. ] || name+=-${HAP_LAB_KERNEL%.}
    record "$1" "$2" 1 "$name" --run "recorded-$name" --label set=recorded
    expect "$1" "$name"
}

main() {
    binaries --release
    RESULTS=$(realpath -m "${1:-$REPOSITORY/data/captures/hap-capture}")
    mkdir -p "$RESULTS"
    "$LAB/build/docker.sh"
    trap vm_kill EXIT
    export HAP_LAB_KERNEL=6.1.
    fresh_vm
    short runc redis-bench-get
    short docker node-express
    short gvisor-ptrace redis-bench-set
    short gvisor-kvm python-tornado
    short gvisor-systrap redis-bench-get
    short linux-kvm node-express
    export HAP_LAB_KERNEL=6.12.
    fresh_vm
    short runc redis-bench-set
    short linux-kvm python-tornado
}

{ main "$@"; exit; }
