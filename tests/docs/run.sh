#!/usr/bin/env bash
# Runs every command of README.md, docs and --help and compares with what is printed there; checks every link and the book's
# summary; looks at colours and broken pipes. UPDATE_DOCS=1 writes outputs and reference pages anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/prepare.sh
"$venv/bin/python" tests/docs/check_rules.py
"$venv/bin/python" tests/docs/links.py
"$venv/bin/python" tests/docs/blocks.py "$target/debug" "$venv/bin" "$dataset"
"$venv/bin/python" tests/docs/help.py "$target/debug" "$dataset"
"$venv/bin/python" tests/docs/terminal.py "$target/debug" "$dataset"
