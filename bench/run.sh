#!/usr/bin/env bash
# Measures hap-ingest side by side with trace-cmd and zstd, and on a kernel with readelf and pahole; the tables to stdout.
# Options go to `hap-bench run`. HAP_BENCH_VMLINUX: a vmlinux with DWARF; HAP_BENCH_SOURCE: its sources.
set -euo pipefail
cd "$(dirname "$0")/.."
need() { # program package
    if ! command -v "$1" >/dev/null; then
        echo "make bench: $1 is missing, installing it (apt-get, as root)" >&2
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >&2
    fi
}
need trace-cmd trace-cmd
need zstd zstd
cargo build --release --workspace
"${CARGO_TARGET_DIR:-target}/release/hap-bench" run --runs 3 --full "$@"
if [ -n "${HAP_BENCH_VMLINUX:-}" ]; then
    need readelf binutils
    need pahole dwarves
    echo
    "${CARGO_TARGET_DIR:-target}/release/hap-bench" kernel --runs 3 ${HAP_BENCH_SOURCE:+--source "$HAP_BENCH_SOURCE"} "$HAP_BENCH_VMLINUX"
else
    echo "make bench: skipped: hap-ingest kernel against readelf and pahole, for which HAP_BENCH_VMLINUX must name a vmlinux with DWARF" >&2
fi
