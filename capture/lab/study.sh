#!/usr/bin/env bash
# Runs a plan of `hap-capture study` in the virtual machine and fetches its runs as they are finished: study.sh PLAN.toml [OUT]
#
# OUT is study/NAME-OF-THE-PLAN by default. A second call goes on where the first was stopped: runs that are in OUT are not made
# again. The exit code is that of the study.
set -euo pipefail
export HAP_LAB_VM=${HAP_LAB_VM:-study}
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=lib/tests.sh
. "$LAB/lib/tests.sh"

plan=$(realpath "${1:?give a plan: make lab-study PLAN=...}")
out=${2:-study/$(basename "$plan" .toml)}
# A virtual machine that finishes no run for so long is thought to hang.
patience=${HAP_LAB_PATIENCE:-1800}
restarts=5

start_study() {
    vm_up
    vm_put "$HAP_BIN/hap-capture" /usr/local/bin/
    vm_put "$plan" /out/plan.toml
    give_back_finished
    vm_ssh "lab-docker > /dev/null
        rm -f /run/study.code
        (code=0; hap-capture study /out/plan.toml --out /out/study || code=\$?; echo \$code > /run/study.code) \
            >> /out/study.log 2>&1 < /dev/null &"
}

# The disk of the virtual machine may be a new one: runs that are here count as finished there too, by their run.json.
give_back_finished() {
    (cd "$out" && find . -name run.json -print0 | tar --null --files-from - --create) |
        vm_ssh 'mkdir -p /out/study && tar --extract --skip-old-files --directory /out/study'
}

# The study's exit code, nothing while it runs; fails where the virtual machine does not answer.
study_code() { timeout -k 5 120 "$LAB/lab" run 'cat /run/study.code 2> /dev/null || true'; }

# Folders of the runs in the virtual machine, in the order in which they were finished.
finished_runs() {
    timeout -k 5 120 "$LAB/lab" run 'cd /out/study && find . -name run.json -printf "%T@ %P\n"' |
        sort -n | sed -n 's|^[^ ]* \(.*\)/run\.json$|\1|p'
}

# fetch_finished STUDY-CODE: copies finished runs that are not here yet; a run appears in OUT whole or not at all. The last one is
# left until the next, or the study's end (its code is known): its requests may not have been counted yet.
fetch_finished() {
    local run left=1
    if [ -n "$1" ]; then left=0; fi
    finished_runs | head -n "-$left" | while read -r run; do
        [ -f "$out/$run/run.json" ] && continue
        rm -rf "${out:?}/$run" "$out/.part"
        mkdir -p "$out/.part" "$out/$(dirname "$run")"
        vm_get "/out/study/$run" "$out/.part/" < /dev/null
        mv "$out/.part/$(basename "$run")" "$out/$run"
        say "fetched $run"
    done
    rm -rf "$out/.part"
}

count_runs() { find "$out" -name run.json | wc -l; }

# Until the study has ended (its code in $code); fails where the virtual machine has ended, or finishes no run for too long.
follow_study() {
    local runs last=$SECONDS before
    before=$(count_runs)
    while [ $((SECONDS - last)) -lt "$patience" ]; do
        sleep 15
        vm_running || return 1
        code=$(study_code) || continue
        fetch_finished "$code" || continue
        [ -z "$code" ] || return 0
        runs=$(count_runs)
        if [ "$runs" -gt "$before" ]; then
            before=$runs last=$SECONDS
        fi
    done
    return 1
}

# One function, so that the script may be changed while it runs.
main() {
    binaries --release
    mkdir -p "$out"
    "$LAB/build/docker.sh"
    trap vm_down EXIT
    for _ in $(seq "$restarts"); do
        start_study
        if follow_study; then
            vm_get /out/study.log "$out/"
            say "the study has ended with code $code: $(count_runs) runs in $out, log in $out/study.log"
            exit "$code"
        fi
        if vm_has_ended; then
            say "the virtual machine has ended by itself: $(vm_end_reason): starting it again"
        else
            say "the virtual machine finished no run in $patience s, or its kernel panicked: starting it again"
        fi
        vm_kill
    done
    die "the study does not get on"
}

main "$@"
