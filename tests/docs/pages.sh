#!/usr/bin/env bash
# Writes the manual page of every command: tests/docs/pages.sh FOLDER-OF-PROGRAMS FOLDER
set -euo pipefail
bin=$1 out=$2
mkdir -p "$out"
for program in hap-capture hap-ingest hap-analyze; do
    "$bin/$program" man > "$out/$program.1"
    # The page of the program names those of its commands, as PROGRAM-COMMAND(1).
    for page in $(grep -o "^${program//-/\\\\-}\\\\-[a-z]*(1)" "$out/$program.1" | tr -d '\\'); do
        command=${page#"$program-"}
        "$bin/$program" man "${command%(1)}" > "$out/${page%(1)}.1"
    done
done
ls "$out"
