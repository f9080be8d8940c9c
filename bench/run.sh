#!/usr/bin/env bash
# Measures hap-ingest side by side with trace-cmd and zstd; one table to stdout. Options go to `hap-bench run`.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in trace-cmd zstd; do
    if ! command -v "$tool" >/dev/null; then
        echo "make bench: $tool is missing, installing it (apt-get, as root)" >&2
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$tool" >&2
    fi
done
cargo build --release --workspace
"${CARGO_TARGET_DIR:-target}/release/hap-bench" run --runs 3 --full "$@"
