#!/usr/bin/env bash
# Reads datasets with Polars, DuckDB, pandas and pyarrow: what they see must be what trace-cmd counted, their figures those of
# hap-analyze, and their types those of the schemas. Fits the densities of bugs with scipy: they must be what hap fitted.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/prepare.sh
with_events=$(mktemp -d)
trap 'rm -rf "$with_events"' EXIT
"$target/debug/hap-ingest" runs data/captures/runc data/captures/nabla --events --label set=readers --out "$with_events"
cp -r data/kernels "$with_events/kernels"
"$venv/bin/python" tests/readers/read.py "$with_events" data/captures
"$venv/bin/python" tests/readers/schemas.py "$with_events" "$dataset"
"$venv/bin/python" tests/readers/figures.py "$target/debug/hap-analyze" "$dataset"
"$venv/bin/python" tests/readers/bugs.py "$target/debug/hap-ingest"
"$venv/bin/python" tests/readers/study.py data
