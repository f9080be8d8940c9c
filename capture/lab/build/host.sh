# shellcheck shell=bash
# What the machine itself must have. Needs common.sh and apt.sh.

# Before 8.1 the first function trace hangs the virtual machine (README, trap 1).
qemu_is_new_enough() {
    local version
    command -v qemu-system-x86_64 qemu-img > /dev/null || return 1
    version=$(qemu-system-x86_64 --version | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p')
    [ "$(printf '%s\n' 8.1 "$version" | sort -V | head -1)" = 8.1 ]
}

install_host_packages() {
    local missing=() package
    while read -r package; do
        dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2> /dev/null | grep -qx installed || missing+=("$package")
    done < <(list "$LAB/packages/host.txt")
    if [ ${#missing[@]} -gt 0 ]; then
        say "installing ${missing[*]}"
        private_apt install -y --no-install-recommends "${missing[@]}" > /dev/null
    fi
    if ! qemu_is_new_enough; then
        say "installing QEMU of bookworm-backports"
        private_apt install -y --no-install-recommends -t bookworm-backports qemu-system-x86 qemu-utils > /dev/null
    fi
}
