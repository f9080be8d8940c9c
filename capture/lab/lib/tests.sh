# shellcheck shell=bash
# What the scripts that record share. Needs common.sh; RESULTS is the folder for fetched runs.
# shellcheck source=vm.sh
. "$LAB/lib/vm.sh"

# binaries [--release]: builds the workspace, in the tests' own profile unless the option says otherwise; or takes the folder HAP_BIN.
# shellcheck disable=SC2120 # some scripts give no option
binaries() {
    local profile=debug
    # The same build as the tests': another selection of packages would build the dependencies anew.
    local build=(test --no-run)
    if [ "${1:-}" = --release ]; then profile=release build=(build --release); fi
    if [ -z "${HAP_BIN:-}" ]; then
        (cd "$REPOSITORY" && "${CARGO:-cargo}" "${build[@]}" --quiet --workspace)
        HAP_BIN=$(cd "$REPOSITORY" && realpath "${CARGO_TARGET_DIR:-target}/$profile")
    fi
    [ -x "$HAP_BIN/hap-capture" ] || die "no hap-capture in $HAP_BIN"
}

# A virtual machine whose disk has nothing of an earlier test, with hap-capture in it.
fresh_vm() {
    vm_kill
    rm -rf "$VM"
    vm_up
    vm_put "$HAP_BIN/hap-capture" /usr/local/bin/
}

# An empty folder for fetched runs; it is left there when a test fails.
fresh_results() {
    RESULTS=$1
    rm -rf "$RESULTS"
    mkdir -p "$RESULTS"
}

# with_load RUNTIME WORKLOAD COMMAND: a sandbox under load in the virtual machine; in COMMAND, $target is how hap-capture finds it.
with_load() {
    vm_ssh "set -eu; trap 'kill \$load 2> /dev/null || true; lab-sandbox stop' EXIT; target=\$(lab-sandbox start $1 $2)
        lab-load $2 > /run/load.log 2>&1 & load=\$!
        sleep 3; kill -0 \$load; $3"
}

# record RUNTIME WORKLOAD SECONDS RUN [OPTION...]: one recording under load, fetched and checked to be whole.
record() {
    local runtime=$1 workload=$2 seconds=$3 run=$4
    shift 4
    say "recording $run"
    with_load "$runtime" "$workload" "rm -rf /out/$run; hap-capture record --runtime $runtime --workload $workload --out /out/$run --duration ${seconds}s $* \$target"
    fetch "$run"
}

fetch() {
    rm -rf "${RESULTS:?}/$1"
    vm_get "/out/$1" "$RESULTS/"
}

# check RUN ARGUMENT...: see check.py
check() {
    local run=$1
    shift
    python3 "$LAB/check.py" "$RESULTS/$run" "$@"
}

# ingest RUN...: hap-ingest must find nothing amiss.
ingest() {
    "$HAP_BIN/hap-ingest" runs "${@/#/$RESULTS/}" --strict --out "$RESULTS/dataset"
}

# killed_recording RUNTIME WORKLOAD RUN: a recorder that gets SIGKILL in the middle, and what recover makes of it.
killed_recording() {
    local runtime=$1 workload=$2 run=$3
    say "killing the recorder of $run"
    # SIGKILL goes to the recorder alone; it has none but threads, else those would be left behind and the test of processes fails.
    with_load "$runtime" "$workload" "rm -rf /out/$run
        hap-capture record --runtime $runtime --workload $workload --out /out/$run --duration 600s \$target & recorder=\$!
        until [ \"\$(cat /out/$run/cpu* /dev/shm/hap-*/cpu* 2> /dev/null | wc -c)\" -gt 1000000 ]; do kill -0 \$recorder; sleep 0.2; done
        sleep 4
        kill -9 \$recorder; wait \$recorder || [ \$? -eq 137 ]
        code=0; hap-capture recover /out/$run || code=\$?
        [ \$code -le 1 ]"
    fetch "$run"
}

# late_child: the functions of a process's child's child that comes while it is recorded are in the result, and so is the child.
late_child() {
    local target
    for target in pid cgroup; do
        say "recording a child that comes late, found by $target"
        vm_ssh "lab-late $target /out/late-$target"
        fetch "late-$target"
        check "late-$target" --roles app --has do_linkat --late ln
    done
}
