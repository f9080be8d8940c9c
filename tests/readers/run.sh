#!/usr/bin/env bash
# Reads a dataset with Polars, DuckDB, pandas and pyarrow: what they see must be what trace-cmd counted. Fits the densities
# of bugs with scipy: they must be what hap fitted.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
venv=$target/readers-venv
if ! cmp -s tests/readers/requirements.txt "$venv/installed.txt"; then
    echo "readers: installing Polars, DuckDB, pandas, pyarrow and scipy into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/readers/requirements.txt
    cp tests/readers/requirements.txt "$venv/installed.txt"
fi
# The same build as the tests': another selection of packages would build the dependencies anew.
cargo test --quiet --workspace --no-run
dataset=$(mktemp -d)
trap 'rm -rf "$dataset"' EXIT
"$target/debug/hap-ingest" runs data/captures/runc data/captures/nabla --events --label set=readers --out "$dataset"
cp -r data/kernels "$dataset/kernels"
"$venv/bin/python" tests/readers/read.py "$dataset" data/captures
"$venv/bin/python" tests/readers/bugs.py "$target/debug/hap-ingest"
