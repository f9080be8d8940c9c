#!/usr/bin/env bash
# Starts, stops and kills hap-capture many times in a row (hundred.sh [CYCLES]); nothing may be left changed. Needs `make lab`.
set -euo pipefail
export HAP_LAB_VM=${HAP_LAB_VM:-hundred}
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/tests.sh
. "$LAB/lib/tests.sh"

# One function, so that the script may be changed while it runs.
main() {
    binaries
    trap vm_kill EXIT
    fresh_vm
    vm_ssh lab-hundred "${1:-100}"
}

{ main "$@"; exit; }
