#!/usr/bin/env bash
# Imports Docker's image once for all virtual machines that are made later: minutes under emulation, and only docker needs it.
set -euo pipefail
# shellcheck source=../lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
VM=$CACHE/vm/docker
# shellcheck source=../lib/vm.sh
. "$LAB/lib/vm.sh"

exec 9> "$CACHE/lock"
flock 9
[ ! -f "$CACHE/docker.qcow2" ] || exit 0
say "importing Docker's image"
trap 'vm_kill; rm -rf "$VM"' EXIT
vm_kill
rm -rf "$VM"
vm_up 9>&-
vm_ssh "lab-docker
    for daemon in dockerd containerd; do
        killall \$daemon
        while pidof \$daemon; do sleep 0.5; done
    done" > /dev/null
vm_down
mv "$VM/disk.qcow2" "$CACHE/docker.qcow2"
