#!/bin/sh -eu
# Boots one host in the foreground: boot-host.sh NAME FOLDER BASE NAMESPACE.
# Runs in a mount namespace of its own (unshare -m), so its mounts vanish with it.
name=$1 folder=$2 base=$3 namespace=$4
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$namespace"
echo $$ >"/sys/fs/cgroup/$namespace/cgroup.procs"
mkdir -p /run/systemd
mount -t tmpfs -o mode=755 tmpfs /run/systemd
mkdir -p "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work,volatile" "$folder/root"
root=$folder/root
echo "$name" >"$root/etc/hostname"
echo "$namespace" | md5sum | cut -c1-32 >"$root/etc/machine-id"
cp "$folder/hosts" "$root/etc/hosts"
cp "$folder"/ssh_host_* "$root/etc/ssh/"
chmod 600 "$root"/etc/ssh/ssh_host_*_key
for user in stars:1000:home/stars pw:1001:home/pw plain:1002:home/plain root:0:root; do
  home=${user##*:} id=${user#*:}
  id=${id%%:*}
  install -d -m 700 -o "$id" -g "$id" "$root/$home/.ssh"
  install -m 600 -o "$id" -g "$id" "$folder/authorized_keys" "$root/$home/.ssh/authorized_keys"
done
# 133: the host asked for a reboot; anything else: it is off.
while :; do
  code=0
  SYSTEMD_LOG_LEVEL=warning systemd-nspawn --quiet --register=no --keep-unit --machine="$namespace" --hostname="$name" \
    -D "$root" --network-namespace-path="/run/netns/$namespace" --console=pipe --resolv-conf=off --timezone=off \
    --link-journal=no --boot || code=$?
  [ "$code" = 133 ] || exit 0
done
