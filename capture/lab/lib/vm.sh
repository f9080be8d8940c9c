# shellcheck shell=bash
# One virtual machine: start, stop, commands and files over ssh. Needs common.sh.
MEMORY=${HAP_LAB_MEMORY:-4G}

# A process id may be another's by now: only one that has this machine's files on its command line counts.
vm_running() { [ -f "$VM/qemu.pid" ] && grep -qsaF -- "$VM/qemu.pid" "/proc/$(cat "$VM/qemu.pid")/cmdline"; }

# QEMU is gone, and not because the kernel in it gave up: a panic may be the work of what is tested.
vm_has_ended() { ! vm_running && ! grep -q 'Kernel panic' "$VM/console.log"; }

# Why the machine ended by itself, as QEMU tells it. The next start forgets it.
vm_end_reason() { grep -m 1 'Triple fault' "$VM/resets.log" || echo 'no reason known'; }

# The kernel to boot: the newest whose release begins with HAP_LAB_KERNEL, 6.1 by default.
vm_kernel() {
    local found
    found=$(cd "$CACHE" && printf '%s\n' vmlinuz-"${HAP_LAB_KERNEL:-6.1.}"* | sort -V | tail -1)
    [ -f "$CACHE/$found" ] || die "no kernel $found in $CACHE"
    echo "${found#vmlinuz-}"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starts QEMU in a session of its own, so that the terminal's Ctrl-C does not reach it.
# mpx=off,pku=off: QEMU's SVM cannot pass them on, and gVisor's kvm platform dies at xrstor. la57=off: nested page tables of 4 levels.
# tsc=reliable: a clock read from an emulated device would cost an exit an event. -d cpu_reset: why an emulated machine ended by itself.
vm_start_qemu() {
    local kernel=$1 port=$2
    setsid -f qemu-system-x86_64 -name hap-lab -machine q35 -accel tcg,thread=multi,tb-size=1024 \
        -cpu max,la57=off,mpx=off,pku=off -smp 2 -m "$MEMORY" -nodefaults -no-user-config -no-reboot -display none \
        -serial "file:$VM/console.log" -monitor "unix:$VM/monitor.sock,server,nowait" -pidfile "$VM/qemu.pid" \
        -kernel "$CACHE/vmlinuz-$kernel" -initrd "$CACHE/initrd-$kernel" \
        -append "console=ttyS0 quiet panic=-1 tsc=reliable clocksource=tsc nowatchdog audit=0" \
        -drive "file=$VM/disk.qcow2,if=virtio,format=qcow2,cache=unsafe,discard=unmap${HAP_LAB_DISK_BPS:+,throttling.bps-write=$HAP_LAB_DISK_BPS}" \
        -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=net \
        -device virtio-rng-pci -d cpu_reset -D "$VM/resets.log" < /dev/null > "$VM/qemu.log" 2>&1
}

# Waits until the console says that sshd runs; fails when QEMU ends or 180 s have passed.
vm_wait_ready() {
    local waited=0
    until grep -q 'LAB READY' "$VM/console.log" 2> /dev/null; do
        sleep 0.5
        waited=$((waited + 1))
        if [ "$waited" -ge 6 ] && ! vm_running; then
            cat "$VM/qemu.log" >&2
            return 1
        fi
        [ "$waited" -lt 360 ] || return 1
    done
}

# A disk of differences, from the disk with Docker's image where there is one.
vm_disk() {
    if [ -f "$CACHE/docker.qcow2" ]; then
        qemu-img create -q -f qcow2 -F qcow2 -b "$CACHE/docker.qcow2" "$VM/disk.qcow2"
    else
        qemu-img create -q -f qcow2 -F raw -b "$CACHE/disk.ext4" "$VM/disk.qcow2"
    fi
}

vm_up() {
    local kernel port
    if vm_running; then
        say "runs already ($(cat "$VM/kernel"))"
        return 0
    fi
    [ -f "$CACHE/disk.ext4" ] || die "there is no disk in $CACHE: make lab"
    mkdir -p "$VM"
    kernel=$(vm_kernel)
    port=$(free_port)
    rm -f "$VM"/{console.log,resets.log,qemu.pid,monitor.sock}
    [ -f "$VM/disk.qcow2" ] || vm_disk
    echo "$kernel" > "$VM/kernel"
    echo "$port" > "$VM/port"
    vm_start_qemu "$kernel" "$port"
    vm_wait_ready || { vm_kill; return 1; }
    vm_put "$LAB"/tools/* /usr/local/sbin/
    vm_ssh cat /proc/kallsyms > "$VM/kallsyms"
    setsid -f python3 "$LAB/watchdog.py" "$VM/monitor.sock" "$VM/kallsyms" < /dev/null > "$VM/watchdog.log" 2>&1
    say "$(grep -o 'LAB READY.*' "$VM/console.log")"
}

# The host key is new with every build and nobody is in between: it is not checked.
ssh_options() {
    printf '%s\n' -i "$CACHE/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
        -o ServerAliveInterval=30 -o ServerAliveCountMax=20 -o ConnectTimeout=60
}

vm_ssh() {
    local options
    mapfile -t options < <(ssh_options)
    ssh "${options[@]}" -p "$(cat "$VM/port")" root@127.0.0.1 "$@"
}

# vm_put FILE... FOLDER-IN-THE-VM
vm_put() {
    local options target=${*: -1}
    mapfile -t options < <(ssh_options)
    scp -q -r "${options[@]}" -P "$(cat "$VM/port")" "${@:1:$#-1}" "root@127.0.0.1:$target"
}

# vm_get PATH-IN-THE-VM... FOLDER
vm_get() {
    local options sources=("${@:1:$#-1}")
    mapfile -t options < <(ssh_options)
    scp -q -r "${options[@]}" -P "$(cat "$VM/port")" "${sources[@]/#/root@127.0.0.1:}" "${*: -1}"
}

vm_kill() {
    local pid
    vm_running || return 0
    pid=$(cat "$VM/qemu.pid")
    kill -9 "$pid" 2> /dev/null || true
    while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
    rm -f "$VM/qemu.pid"
}

# The disk is synced first; the guest needs no other farewell.
vm_down() {
    vm_running || return 0
    vm_ssh -o ConnectTimeout=20 sync || say "could not sync the disk of the virtual machine"
    vm_kill
}
