# shellcheck shell=bash
# Runs a test in the laboratory within a time limit, and once more where the virtual machine, not the test, was at fault.
# Needs common.sh and vm.sh.

# Exit code of a script whose virtual machine did not start.
VM_DID_NOT_START=3
# Exit code of timeout(1).
OUT_OF_TIME=124

# retry SECONDS SCRIPT ARGUMENT...: exit code of the last attempt. The script leaves its virtual machine running.
retry() {
    local limit=$1 attempt code
    shift
    for attempt in 1 2; do
        code=0
        # -k: a hung ssh may ignore the first signal.
        timeout -k 10 "$limit" "$@" || code=$?
        [ "$code" -ne 0 ] || return 0
        if [ "$code" -eq "$OUT_OF_TIME" ]; then
            say "attempt $attempt: not done after $limit s; end of the console:"
            tail -5 "$VM/console.log" "$VM/watchdog.log" >&2 || true
        elif [ "$code" -eq "$VM_DID_NOT_START" ]; then
            say "attempt $attempt: the virtual machine did not start"
        elif vm_has_ended; then
            say "attempt $attempt: the virtual machine has ended by itself: $(vm_end_reason)"
        else
            return "$code"
        fi
        vm_kill
    done
    unavailable "two attempts failed, see $VM"
}
