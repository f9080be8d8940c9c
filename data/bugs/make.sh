#!/usr/bin/env bash
# Makes the bug tables of this folder anew: data/bugs/make.sh CNA, with the folder or .tar.zst of the Linux CNA's records.
set -euo pipefail
cna=$(realpath "${1:?give the folder or .tar.zst of the records of the Linux CNA}")
cd "$(dirname "$0")/../.."
target=${CARGO_TARGET_DIR:-target}
# The same build as the tests': the tables are the same bytes from every profile.
cargo build --workspace
dataset=$(mktemp -d)
trap 'rm -rf "$dataset"' EXIT
cp -r data/kernels "$dataset/kernels"
for release in 6.1 6.1.192; do
    "$target/debug/hap-ingest" bugs --cna "$cna" --release "$release" --exploited data/bugs/exploited.csv --out "$dataset"
done
rm -rf data/bugs/source=*
cp -r "$dataset"/bugs/source=* data/bugs/
