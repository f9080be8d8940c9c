#!/usr/bin/env bash
# Executes every notebook from start to end on the bundled data.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/prepare.sh
HAP_ANALYZE=$(realpath "$target/debug/hap-analyze") HAP_DATASET=$(realpath "$dataset") "$venv/bin/python" tests/notebooks/execute.py
