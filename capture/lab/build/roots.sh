# shellcheck shell=bash
# The two roots, each whole or not there: root/ of the virtual machine and container/. Needs common.sh and apt.sh.

# make_root LIST FOLDER: Debian with the packages of a list.
make_root() {
    local packages=$1 folder=$2 pattern options=()
    while read -r pattern; do
        options+=("--dpkgopt=path-exclude=$pattern")
    done < <(list "$LAB/packages/exclude.txt")
    say "making $folder/ from $(list "$packages" | wc -l) packages and what they need"
    rm -rf "${CACHE:?}/$folder" "$CACHE/$folder.part"
    # INITRD=No: build/initrd.sh makes a smaller one, in a second instead of a minute.
    INITRD=No mmdebstrap --variant=minbase --aptopt='APT::Install-Recommends "false"' --aptopt="$APT/acquire.conf" "${options[@]}" \
        --include="$(list "$packages" | paste -sd,)" bookworm "$CACHE/$folder.part" "$APT/debian.list" > "$CACHE/$folder.log" 2>&1 ||
        { tail -20 "$CACHE/$folder.log" >&2; return 1; }
    mv "$CACHE/$folder.part" "$CACHE/$folder"
}

# Removed after the packages are set up, since their set-up needs some of it.
prune_container() {
    local tree
    while read -r tree; do
        rm -r "$CACHE/container$tree"
    done < <(list "$LAB/packages/container-prune.txt")
}

# gVisor with the systrap platform is in backports only; it stands beside Debian's own, which has ptrace and kvm.
add_runsc_of_backports() {
    local folder=$CACHE/root.deb
    rm -rf "$folder"
    mkdir -p "$folder"
    (cd "$folder" && private_apt download runsc/bookworm-backports && dpkg-deb --extract runsc_*.deb .)
    install -D -m 755 "$folder/usr/bin/runsc" "$CACHE/root/usr/local/bin/runsc-backports"
    rm -rf "$folder"
}
