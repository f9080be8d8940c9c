#!/usr/bin/env bash
# Measures hap-capture beside trace-cmd: the highest rate of events without loss, and what recording costs a server.
# rate.sh [ROUNDS] prints one line of JSON for each measurement and a table at the end. Needs `make lab`; about 15 minutes a round.
set -euo pipefail
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export HAP_LAB_VM=${HAP_LAB_VM:-rate}
VM=$CACHE/vm/$HAP_LAB_VM
# shellcheck source=lib/vm.sh
. "$LAB/lib/vm.sh"
# shellcheck source=lib/tests.sh
. "$LAB/lib/tests.sh"

# What trace-cmd takes when nothing is said: 1408 KiB a CPU.
BUFFER_KIB=${HAP_LAB_BUFFER_KIB:-1408}

# One function, so that the script may be changed while it runs.
main() {
    binaries --release
    results=$(mktemp)
    trap 'vm_kill; rm -f "$results"' EXIT
    fresh_vm
    for _ in $(seq "${1:-3}"); do
        for measurement in sustained slowdown; do
            # In turn, so that the machine's other work falls on both.
            for tool in trace-cmd hap-capture; do
                vm_ssh lab-rate "$measurement" "$tool" "$BUFFER_KIB" | tee -a "$results" >&2
            done
        done
    done
    python3 "$LAB/rate_table.py" "$results"
}

{ main "$@"; exit; }
