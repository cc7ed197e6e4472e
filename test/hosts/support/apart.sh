#!/bin/sh -eu
# Runs a command where it may change the system: apart.sh FOLDER COMMAND... ; FOLDER is where its writes go.
# Runs in namespaces of its own (unshare -m -u -n), so everything it did vanishes with it.
folder=$1
shift
mkdir -p "$folder"
mount -t tmpfs tmpfs "$folder"
for part in etc usr var home root; do
  mkdir "$folder/$part.upper" "$folder/$part.work"
  mount -t overlay overlay -o "lowerdir=/$part,upperdir=$folder/$part.upper,workdir=$folder/$part.work" "/$part"
done
mkdir "$folder/at" "$folder/bin"
mkdir -p /srv/stars
mount --bind "$folder/at" /srv/stars
ip link set lo up
hostname apart
echo apart >/etc/hostname
# A kernel of which the tests know what is in it: its modules are names in a file.
cat >"$folder/bin/modprobe" <<'PROGRAM'
#!/bin/sh
case "$*" in *nonexistent*) echo 'modprobe: FATAL: Module nonexistent not found.' >&2; exit 1;; *-n*) exit 0;; esac
echo "modprobe $*" >>/srv/stars/modprobe.log
case $1 in
-r) sed -i "/^$2 /d" /srv/stars/modules;;
*) grep -q "^$1 " /srv/stars/modules || echo "$1 16384 0 - Live 0x0" >>/srv/stars/modules;;
esac
PROGRAM
chmod +x "$folder/bin/modprobe"
# Not every kernel that tests run on says which modules it has.
touch /srv/stars/modules
mkdir -p "/lib/modules/$(uname -r)" /etc/modules-load.d /etc/modprobe.d
touch "/lib/modules/$(uname -r)/modules.builtin"
sed -i 's#/proc/modules#/srv/stars/modules#' /usr/lib/python3/dist-packages/ansible_collections/community/general/plugins/modules/modprobe.py
PATH=$folder/bin:$PATH exec "$@"
