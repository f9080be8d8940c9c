#!/usr/bin/env bash
# Puts the two roots together into the disk of the virtual machine: build/image.sh CACHE, the folder with root/ and container/.
set -euo pipefail
cd "$1"
lab=$(cd "$(dirname "$0")/.." && pwd)
kernels=$(ls root/lib/modules)
# The nested guest keeps one kernel, the stable one, whatever the outer machine boots.
guest_kernel=$(grep '^6\.1\.' <<< "$kernels")

install -d container/app root/images root/out root/root/.ssh
install -m 755 "$lab/container/serve" container/app/
install -m 644 "$lab"/container/*_hello.* container/app/
install -m 755 "$lab/container/lab-init" container/sbin/
install -m 755 "$lab"/vm/lab-init root/sbin/

[ -f key ] || ssh-keygen -q -t ed25519 -N '' -C lab -f key
install -m 600 key.pub root/root/.ssh/authorized_keys
chmod 700 root/root/.ssh
printf 'UseDNS no\nUsePAM no\nPermitRootLogin prohibit-password\n' > root/etc/ssh/sshd_config.d/lab.conf

rm -rf root/images/rootfs
cp -a container root/images/rootfs
truncate -s 1G root/images/guest.ext4
mke2fs -q -F -t ext4 -O ^has_journal -d container root/images/guest.ext4
for kernel in $kernels; do
    "$lab/build/initrd.sh" root "$kernel" "initrd-$kernel"
    cp "root/boot/vmlinuz-$kernel" .
done
cp "vmlinuz-$guest_kernel" root/images/vmlinuz
cp "initrd-$guest_kernel" root/images/guest-initrd.gz

# With a journal: a virtual machine that hangs is killed, and its results must outlive that.
rm -f disk.ext4.part
truncate -s 40G disk.ext4.part
mke2fs -q -F -t ext4 -E lazy_itable_init=1 -d root disk.ext4.part
mv disk.ext4.part disk.ext4
