#!/usr/bin/env bash
# Makes the virtual machine in the cache, from Debian packages alone. Each stage is done again only where its inputs have changed.
set -Eeuo pipefail
# shellcheck source=../lib/common.sh
. "$(dirname "$0")/../lib/common.sh"
# shellcheck source=../lib/vm.sh
. "$LAB/lib/vm.sh"
# shellcheck source=apt.sh
. "$LAB/build/apt.sh"
# shellcheck source=host.sh
. "$LAB/build/host.sh"
# shellcheck source=roots.sh
. "$LAB/build/roots.sh"
# Inputs are named from here.
cd "$LAB"

# stamp FILE...: a hash of inputs.
stamp() { (cd "$LAB" && sha256sum -- "$@") | sha256sum | cut -d' ' -f1; }

# up_to_date STAGE HASH
up_to_date() { [ "$(cat "$CACHE/$1.stamp" 2> /dev/null)" = "$2" ]; }

image_stamp() { stamp packages/*.txt build/*.sh initrd/* vm/* container/*; }

no_machine_runs() {
    local machine
    for machine in "$CACHE"/vm/*/; do
        VM=${machine%/} vm_running && die "the virtual machine in $machine runs: stop it before its disk is made anew"
    done
    return 0
}

build() {
    local packages image
    packages=$(stamp packages/*.txt build/roots.sh build/apt.sh)
    image=$(image_stamp)
    no_machine_runs
    rm -f "$CACHE/image.stamp"
    if ! up_to_date packages "$packages"; then
        rm -f "$CACHE/packages.stamp"
        make_root "$LAB/packages/container.txt" container
        prune_container
        make_root "$LAB/packages/vm.txt" root
        add_runsc_of_backports
        echo "$packages" > "$CACHE/packages.stamp"
    fi
    say "making the disk"
    "$LAB/build/image.sh" "$CACHE"
    # Disks of virtual machines are differences from the one that has just been replaced.
    rm -rf "$CACHE/vm" "$CACHE/docker.qcow2"
    echo "$image" > "$CACHE/image.stamp"
}

if [ "$(id -u)" -ne 0 ]; then unavailable "must be root (packages, roots, chroot)"; fi
mkdir -p "$CACHE"
exec 9> "$CACHE/lock"
flock 9
trap 'unavailable "the build failed, see the messages above and the logs in $CACHE"' ERR
started=$SECONDS
# Nothing is asked of apt, and nobody waits, where everything is there.
if [ -f "$CACHE/disk.ext4" ] && up_to_date image "$(image_stamp)" && qemu_is_new_enough; then exit 0; fi
private_sources
private_apt update
install_host_packages
if ! up_to_date image "$(image_stamp)"; then build; fi
say "ready after $((SECONDS - started)) s: $CACHE"
