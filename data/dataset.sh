#!/usr/bin/env bash
# Makes a dataset of everything that is bundled: data/dataset.sh FOLDER-OF-HAP-INGEST DATASET
set -euo pipefail
bin=$1 dataset=$2 data=$(dirname "$0")
rm -rf "$dataset"
mkdir -p "$dataset/kernels" "$dataset/bugs"
cp -r "$data"/kernels/build_id=* "$dataset/kernels/"
cp -r "$data"/bugs/source=* "$dataset/bugs/"
captures=$data/captures
"$bin/hap-ingest" runs "$captures"/{firecracker,gvisor-kvm,gvisor-ptrace,kata-qemu,linux-kvm,nabla,runc} --label set=study --out "$dataset"
# Exit code 1 means: done, but the capture itself is incomplete. The lossy captures are meant to be.
"$bin/hap-ingest" runs "$captures/special" --metadata "$captures/special/overrun/trace.dat" --accept-failed --label set=special --out "$dataset" || [ $? -eq 1 ]
