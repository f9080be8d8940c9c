#!/usr/bin/env bash
# KernelShark's library reads what hap-capture writes: it complains of nothing, and counts the events that hap-ingest counts.
set -euo pipefail
cd "$(dirname "$0")/../.."
headers=/usr/include/kernelshark
[ -f $headers/libkshark.h ] || {
    echo "kernelshark: its library is missing, installing it (apt-get, as root)"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libkshark-dev libjson-c-dev
}
source tests/prepare.sh
gcc -O2 -Wall -Wextra -Werror -isystem $headers tests/kernelshark/count.c -o "$target/kernelshark-count" -lkshark
recorded=$(mktemp -d)
trap 'rm -rf "$recorded"' EXIT
"$target/debug/hap-ingest" runs data/captures/hap-capture --out "$recorded"
"$venv/bin/python" tests/kernelshark/compare.py "$target/kernelshark-count" "$recorded" data/captures/hap-capture
