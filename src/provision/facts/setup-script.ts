import { quote } from '../../shell/command.js';
import { SECTION_MARK } from './sections.js';

type ScriptOptions = { factPath: string; timeoutSeconds: number };

const DMI = [
  'sys_vendor product_name product_family product_version product_serial product_uuid bios_vendor bios_version bios_date',
  'board_vendor board_name board_version board_serial board_asset_tag chassis_vendor chassis_version chassis_serial',
  'chassis_asset_tag chassis_type',
]
  .flatMap((names) => names.split(' '))
  .map((name) => `/sys/class/dmi/id/${name}`)
  .join(' ');

const BLOCK = [
  'size removable device/vendor device/model device/sas_address device/sas_device_handle device/serial',
  'queue/discard_granularity queue/rotational queue/scheduler queue/logical_block_size queue/hw_sector_size',
  'slaves/*/dev holders/dm-*/dm/name */start */size */queue/logical_block_size */holders/dm-*/dm/name',
]
  .flatMap((names) => names.split(' '))
  .map((name) => `/sys/block/*/${name}`)
  .join(' ');

// Debian's lsb_release since 12 is a script that only rewords os-release, with a dozen processes.
const OS_RELEASE_AS_LSB = `( unset ID NAME PRETTY_NAME VERSION_ID VERSION_CODENAME; for file in /etc/os-release /usr/lib/os-release; do if [ -f $file ]; then . $file; break; fi; done
printf '%s\\n' "ID: $ID" "NAME: $NAME" "Description: \${PRETTY_NAME:-n/a}" "Release: \${VERSION_ID:-n/a}" "Codename: \${VERSION_CODENAME:-n/a}" )`;

/** A file of one line, which need not end with a line break, without a process. */
const lineOf = (file: string) =>
  `if [ -r ${file} ]; then value=; IFS= read -r value <${file}; printf '%s\\n' "$value"; fi`;

// One process per line at most, and most lines need none: reading and testing files is the shell's own work.
const SECTIONS: Readonly<Record<string, string | ((options: ScriptOptions) => string)>> = {
  uname: `for file in ostype hostname osrelease version; do if read -r value </proc/sys/kernel/$file; then echo "$value"; else echo; fi; done 2>/dev/null; uname -m`,
  fqdn: 'if command -v timeout >/dev/null; then timeout 3 hostname -f; else hostname -f; fi 2>/dev/null',
  machineid:
    'for file in /var/lib/dbus/machine-id /etc/machine-id; do if read -r value <$file && [ "$value" ]; then echo "$value"; break; fi; done 2>/dev/null',
  cmdline: lineOf('/proc/cmdline'),
  chroot: `stat -L -c %d:%i / /proc/1/root/. 2>/dev/null || { echo; stat -f -c %T /; }`,
  osrelease: 'cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null',
  releases:
    'for file in redhat-release debian_version alpine-release SuSE-release oracle-release; do if [ -f /etc/$file ]; then read -r value </etc/$file; echo "$file=$value"; fi; done; [ ! -d /usr/lib/python3/dist-packages/distro ] || echo python3-distro=yes',
  lsb: `maker=; if [ "\${LSB_OS_RELEASE-x}" = x ] && [ -r /usr/bin/lsb_release ]; then { read -r line; read -r line; read -r maker; } </usr/bin/lsb_release; fi
case $maker in '# SPDX-FileCopyrightText: '*' Gioele Barabucci') ${OS_RELEASE_AS_LSB};;
*) if command -v lsb_release >/dev/null; then lsb_release -a 2>/dev/null; elif [ -f /etc/lsb-release ]; then cat /etc/lsb-release; fi;; esac`,
  caps: 'if command -v capsh >/dev/null; then capsh --print | grep ^Current:; fi',
  meminfo: 'cat /proc/meminfo',
  cpuinfo: `grep -E '^(processor|vendor_id|model name|Processor|physical id|core id|siblings|cpu cores)' /proc/cpuinfo`,
  uptime: lineOf('/proc/uptime'),
  load: lineOf('/proc/loadavg'),
  nproc: 'nproc 2>/dev/null',
  mounts: 'cat /proc/mounts /proc/self/mountinfo',
  // Asking after a file system on another machine may hang.
  sizes: ({ timeoutSeconds }) =>
    `set --; remote=; while read -r device mount type rest; do case $device:$mount in *\\\\*) ;; /*) set -- "$@" "$mount";; *:/*:*) remote="$remote $mount";; esac; done </proc/mounts
[ $# -eq 0 ] || stat -f -c '%s %S %b %a %c %d %n' "$@"
if [ "$remote" ] && command -v timeout >/dev/null; then timeout ${timeoutSeconds} stat -f -c '%s %S %b %a %c %d %n' $remote; fi`,
  block: `[ ! -d /sys/block ] || grep -sH . ${BLOCK}`,
  disklinks: '[ ! -d /dev/disk ] || ls -l /dev/disk/by-id /dev/disk/by-uuid /dev/disk/by-label',
  lvm: `if command -v vgs >/dev/null && [ -w /etc/shadow ]; then for list in vgs lvs pvs; do echo "@$list"; $list --noheadings --nosuffix --units g --separator ,; done; fi`,
  dmi: `[ ! -d /sys/class/dmi/id ] || grep -sH . ${DMI}`,
  // With line breaks inside values as the character 1.
  env: `if [ -r /proc/self/environ ]; then cat /proc/self/environ | tr '\\000\\n' '\\n\\001'; else env; fi`,
  ids: `if [ -r /proc/self/status ]; then while read -r key real effective rest; do case $key in Uid:) uid="$effective $real";; Gid:) gid="$effective $real"; break;; esac; done </proc/self/status
echo "\${uid% *}"; echo "\${gid% *}"; echo "\${uid#* }"; echo "\${gid#* }"; else id -u; id -g; id -ru; id -rg; fi`,
  passwd: `user=; if [ -r /proc/self/status ]; then while read -r key real effective rest; do case $key in Uid:) user=$effective; break;; esac; done </proc/self/status; fi
getent passwd "\${user:-$(id -u)}" 2>/dev/null || { user=$(id -un); grep "^$user:" /etc/passwd; }`,
  ip: 'ip -o addr show 2>/dev/null',
  // Which address would be the sender's is what Ansible takes for the host's own.
  route:
    'ip -4 route get 8.8.8.8 2>/dev/null || ip -4 route show default; ip -6 route get 2404:6800:400a:800::1012 2>/dev/null || ip -6 route show default',
  net: '[ ! -d /sys/class/net ] || grep -sH . /sys/class/net/*/address /sys/class/net/*/mtu /sys/class/net/*/operstate /sys/class/net/*/type /sys/class/net/*/flags /sys/class/net/*/speed /sys/class/net/*/bridge/bridge_id /sys/class/net/*/bridge/stp_state /sys/class/net/*/brif/*/port_id /sys/class/net/*/bonding/slaves /sys/class/net/*/bonding/mode /sys/class/net/*/bonding/miimon /sys/class/net/*/bonding/lacp_rate /sys/class/net/*/bonding/primary /sys/class/net/*/bonding_slave/perm_hwaddr',
  netlinks:
    'for path in /sys/class/net/*/device; do if [ -e "$path" ]; then ls -ld /sys/class/net/*/device /sys/class/net/*/device/driver/module; break; fi; done',
  resolv: 'cat /etc/resolv.conf 2>/dev/null',
  date: "date '+%Y %m %d %H %M %S %s %Z %z %A %w %W %N'",
  zone: 'if [ "$TZ" ]; then echo "$TZ"; else tail -n 1 /etc/localtime; fi',
  managers: 'for name in apt-get dnf yum zypper apk pacman; do command -v $name >/dev/null && echo $name; done',
  init: 'read -r value </proc/1/comm && echo "comm $value"; [ -d /run/systemd/system ] && echo systemd; command -v systemctl >/dev/null && echo systemctl; [ -e /sbin/openrc ] && echo openrc; [ -d /etc/init ] && command -v initctl >/dev/null && echo upstart; [ -d /etc/init.d ] && echo initd; case $(readlink /sbin/init) in *systemd) echo offline;; esac',
  virt: `[ -e /.dockerenv ] || [ -e /.dockerinit ] && echo dockerenv; for name in xen vz lve bc; do [ -e /proc/$name ] && echo $name; done; [ -e /dev/kvm ] && echo devkvm; [ -r /run/systemd/container ] && { read -r value </run/systemd/container; echo "container=$value"; }
[ -e /proc/xen/capabilities ] && grep -o control_d /proc/xen/capabilities
[ -r /proc/1/environ ] && tr '\\000' '\\n' </proc/1/environ | sed -n 's/^container=/init container=/p'
grep -hE '^[0-9]+:.*(docker|lxc|containerd)|^(kvm|vboxdrv|virtio) ' /proc/1/cgroup /proc/modules`,
  selinux: 'command -v getenforce >/dev/null && getenforce',
  selinuxconfig: '[ ! -r /etc/selinux/config ] || grep -E "^SELINUX" /etc/selinux/config',
  selinuxpolicy: lineOf('/sys/fs/selinux/policyvers'),
  apparmor: '[ -d /sys/kernel/security/apparmor ] && echo yes',
  fips: lineOf('/proc/sys/crypto/fips_enabled'),
  python:
    'for name in python3 python python2; do path=$(command -v $name) && { echo "$path $($path --version 2>&1)"; break; }; done',
  sshkeys:
    'set --; for file in /etc/ssh/ssh_host_*_key.pub; do if [ -r "$file" ]; then set -- "$@" "$file"; fi; done; [ $# -eq 0 ] || cat "$@"',
  storage: `for file in /etc/iscsi/initiatorname.iscsi /sys/class/fc_host/*/port_name; do if [ -r "$file" ]; then cat "$file"; fi; done; if [ -r /etc/nvme/hostnqn ]; then read -r value </etc/nvme/hostnqn; echo "hostnqn=$value"; fi`,
  // A program's complaint follows on lines of its own, behind its exit status.
  local: ({ factPath }) =>
    `for file in ${quote(factPath)}/*.fact; do if [ -r "$file" ]; then name=\${file##*/}; echo "@fact \${name%.fact}"; if [ -x "$file" ]; then { complaint=$("$file" 2>&1 >&3); } 3>&1; code=$?; echo; [ $code = 0 ] || echo "@failed $code $file
$complaint"; else echo "@file $file"; cat "$file"; echo; fi; fi; done`,
};

/** The script that answers these sections, in one shell with few processes. */
export function setupScript(wanted: ReadonlySet<string>, options: ScriptOptions): string {
  const parts = Object.entries(SECTIONS).flatMap(([name, script]) =>
    wanted.has(name)
      ? [`printf '\\n${SECTION_MARK}${name}\\n'\n${typeof script === 'string' ? script : script(options)}`]
      : [],
  );
  return `{\n${parts.join('\n')}\n} 2>/dev/null\n:`;
}
