#!/usr/bin/env bash
# The report of the bundled captures, and one full of markup, in headless Chromium; installs npm and Chromium where they are missing.
set -euo pipefail
cd "$(dirname "$0")"
repository=$(cd ../.. && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
work=$target/report-test
captures=$repository/data/captures

missing=()
command -v npm >/dev/null || missing+=(nodejs npm)
command -v chromium >/dev/null || missing+=(chromium)
if [ ${#missing[@]} -gt 0 ]; then
    echo "report-test: missing, installing with apt-get (as root): ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
CHROMIUM=$(command -v chromium)
export CHROMIUM

# Programs and the page of markup come from the tests' own build: another selection would build the dependencies anew.
(cd "$repository" && "${CARGO:-cargo}" test --quiet --workspace --no-run && "${CARGO:-cargo}" test --workspace --test cli markup_in_any_name_stays_text)
"$repository/analyze/report/vendor/fetch.sh" --check

rm -rf "$work" && mkdir -p "$work/dataset/kernels" "$work/dataset/bugs"
cp package.json package-lock.json .npmrc ./*.mjs "$work"
cp -r "$repository"/data/kernels/build_id=* "$work/dataset/kernels/"
cp -r "$repository"/data/bugs/source=* "$work/dataset/bugs/"
export HAP=$target/debug/hap-analyze DATASET=$work/dataset REPORT=$work/report.html HOSTILE=$target/tmp/hostile-report.html
"$target/debug/hap-ingest" runs "$captures"/{firecracker,gvisor-kvm,gvisor-ptrace,kata-qemu,linux-kvm,nabla,runc} --label set=study --out "$DATASET"
"$HAP" report --dataset "$DATASET" --where set=study --bugs linux-cna-6.1 --out "$REPORT"
cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && node --test --test-reporter=spec report.test.mjs
