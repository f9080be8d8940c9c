#!/usr/bin/env bash
# Measures hap-capture beside trace-cmd: the highest rate of events without loss, with a small ring buffer and a usual one, on a disk
# that is fast and on one of 8 MB/s, and what recording costs a server.
# rate.sh [ROUNDS] prints one line of JSON for each measurement and a table at the end. Needs `make lab`; about 15 minutes a round.
set -euo pipefail
export HAP_LAB_VM=${HAP_LAB_VM:-rate}
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/tests.sh
. "$LAB/lib/tests.sh"

# What trace-cmd takes when nothing is said: 1408 KiB a CPU.
BUFFER_KIB=${HAP_LAB_BUFFER_KIB:-1408}
# Shows how soon a recorder comes to its buffer.
SMALL_BUFFER_KIB=${HAP_LAB_SMALL_BUFFER_KIB:-256}
# The slow disk, and what may wait for it in memory.
SLOW_DISK_BPS=8000000
SLOW_DISK_DIRTY=16777216

# measure DISK MEASUREMENT BUFFER-KIB: both recorders in turn, so that the machine's other work falls on both.
measure() {
    local disk=$1 measurement=$2 buffer=$3 tool dirty=
    if [ "$disk" = slow ]; then dirty=$SLOW_DISK_DIRTY; fi
    for tool in trace-cmd hap-capture; do
        vm_ssh LAB_DIRTY_BYTES=$dirty lab-rate "$measurement" "$tool" "$buffer" | sed "s/^{/{\"disk\": \"$disk\", /" | tee -a "$results" >&2
    done
}

# One function, so that the script may be changed while it runs.
main() {
    local rounds
    binaries --release
    results=$(mktemp)
    trap 'vm_kill; rm -f "$results"' EXIT
    rounds=$(seq "${1:-3}")
    fresh_vm
    for _ in $rounds; do
        measure fast sustained "$SMALL_BUFFER_KIB"
        measure fast sustained "$BUFFER_KIB"
        measure fast slowdown "$BUFFER_KIB"
    done
    export HAP_LAB_DISK_BPS=$SLOW_DISK_BPS
    fresh_vm
    for _ in $rounds; do measure slow sustained "$BUFFER_KIB"; done
    python3 "$LAB/rate_table.py" "$results"
}

{ main "$@"; exit; }
