# For the tests that are not in Rust: sets target, venv (Python with the pinned packages) and dataset (of all that is bundled).
# To be sourced, from the top folder.
target=${CARGO_TARGET_DIR:-$PWD/target}
venv=$target/readers-venv
dataset=$target/bundled-dataset
# comparisons.py serves the tests of several folders.
export PYTHONPATH=$PWD/tests

requirements() {
    cat tests/readers/requirements.txt notebooks/requirements.txt
}
if ! requirements | cmp -s - "$venv/installed.txt"; then
    echo "tests: installing Polars, DuckDB, pandas, pyarrow, scipy, Altair and nbclient into $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/readers/requirements.txt -r notebooks/requirements.txt
    requirements > "$venv/installed.txt"
fi
# The same build as the tests': another selection of packages would build the dependencies anew.
cargo test --quiet --workspace --no-run
if [ ! -e "$dataset/made" ] || [ "$target/debug/hap-ingest" -nt "$dataset/made" ] || [ -n "$(find data -newer "$dataset/made" -print -quit)" ]; then
    echo "tests: making a dataset of all bundled captures in $dataset"
    data/dataset.sh "$target/debug" "$dataset" 2> "$target/bundled-dataset.log" || { cat "$target/bundled-dataset.log"; exit 1; }
    touch "$dataset/made"
fi
