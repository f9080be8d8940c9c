#!/usr/bin/env bash
# Makes the initial RAM disk of both virtual machines: busybox, the virtio modules of one kernel, and initrd/init.
# build/initrd.sh ROOT KERNEL OUT, with the root that has the kernel's modules.
set -euo pipefail
root=$1 kernel=$2 out=$3
lab=$(cd "$(dirname "$0")/.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,modules,proc,dev,root}
cp "$root/bin/busybox" "$tree/bin/"
cp "$lab/initrd/init" "$tree/init"

for module in virtio_pci virtio_blk virtio_net; do
    chroot "$root" modprobe --set-version "$kernel" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
    name=$(basename "$file" .xz)
    case $file in
    *.xz) xz --decompress --stdout "$root$file" > "$tree/modules/$name" ;;
    *) cp "$root$file" "$tree/modules/$name" ;;
    esac
    echo "$name"
done > "$tree/order"
(cd "$tree" && find . | sort | cpio --quiet --create --format=newc | gzip -1) > "$out"
