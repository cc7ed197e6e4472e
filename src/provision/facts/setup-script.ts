import { SECTION_MARK } from './sections.js';

// One process per line at most, and most lines need none: reading and testing files is the shell's own work.
const SECTIONS: readonly (readonly [string, string])[] = [
  [
    'uname',
    `for file in ostype hostname osrelease version; do if read -r value </proc/sys/kernel/$file; then echo "$value"; else echo; fi; done 2>/dev/null; uname -m`,
  ],
  ['fqdn', 'if command -v timeout >/dev/null; then timeout 3 hostname -f; else hostname -f; fi 2>/dev/null'],
  ['machineid', 'cat /etc/machine-id 2>/dev/null || cat /var/lib/dbus/machine-id 2>/dev/null'],
  ['cmdline', 'cat /proc/cmdline'],
  [
    'chroot',
    '[ "$(stat -L -c %d:%i / 2>/dev/null)" = "$(stat -L -c %d:%i /proc/1/root/. 2>/dev/null || stat -L -c %d:%i /)" ] || echo yes',
  ],
  ['osrelease', 'cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release 2>/dev/null'],
  [
    'releases',
    'for file in redhat-release debian_version alpine-release SuSE-release oracle-release; do if [ -f /etc/$file ]; then read -r value </etc/$file; echo "$file=$value"; fi; done; [ ! -d /usr/lib/python3/dist-packages/distro ] || echo python3-distro=yes',
  ],
  [
    'lsb',
    'if command -v lsb_release >/dev/null; then lsb_release -a 2>/dev/null; elif [ -f /etc/lsb-release ]; then cat /etc/lsb-release; fi',
  ],
  ['meminfo', 'cat /proc/meminfo'],
  [
    'cpuinfo',
    `grep -E '^(processor|vendor_id|model name|Processor|physical id|core id|siblings|cpu cores)' /proc/cpuinfo`,
  ],
  ['flags', `grep -m1 -E '^flags.* hypervisor' /proc/cpuinfo >/dev/null && echo hypervisor`],
  ['uptime', 'cat /proc/uptime /proc/loadavg'],
  ['nproc', 'nproc 2>/dev/null'],
  ['mounts', 'cat /proc/mounts'],
  [
    'df',
    `set --; while read -r device mount type rest; do case $device:$mount in *\\\\*) ;; /dev/*) set -- "$@" "$mount";; esac; done </proc/mounts
[ $# -eq 0 ] || { df -P -k "$@"; echo inodes; df -P -i "$@"; } 2>/dev/null`,
  ],
  ['env', 'env'],
  ['ids', 'id -u; id -g; id -ru; id -rg'],
  ['passwd', 'user=$(id -un); getent passwd "$user" 2>/dev/null || grep "^$user:" /etc/passwd'],
  ['ip', 'ip -o addr show 2>/dev/null'],
  ['route', 'ip -4 route show default 2>/dev/null; ip -6 route show default 2>/dev/null'],
  [
    'net',
    'for path in /sys/class/net/*; do [ -e "$path/mtu" ] || continue; mac= mtu= state= type= flags=; read -r mac <"$path/address"; read -r mtu <"$path/mtu"; read -r state <"$path/operstate"; read -r type <"$path/type"; read -r flags <"$path/flags"; bridge=; [ -d "$path/bridge" ] && bridge=bridge; [ -d "$path/bonding" ] && bridge=bonding; echo "${path##*/} $mtu $state $type $flags ${bridge:--} $mac"; done 2>/dev/null',
  ],
  ['resolv', 'cat /etc/resolv.conf 2>/dev/null'],
  ['date', "date '+%Y %m %d %H %M %S %s %Z %z %A %w %W'"],
  ['managers', 'for name in apt-get dnf yum zypper apk pacman; do command -v $name >/dev/null && echo $name; done'],
  [
    'init',
    'read -r value </proc/1/comm && echo "comm $value"; [ -d /run/systemd/system ] && echo systemd; command -v systemctl >/dev/null && echo systemctl; [ -e /sbin/openrc ] && echo openrc; [ -d /etc/init ] && command -v initctl >/dev/null && echo upstart; case $(readlink /sbin/init) in *systemd) echo offline;; esac',
  ],
  [
    'virt',
    'for file in sys_vendor product_name product_version product_serial product_uuid bios_vendor bios_version bios_date board_vendor board_name chassis_vendor; do if [ -r /sys/class/dmi/id/$file ]; then read -r value </sys/class/dmi/id/$file; echo "$file=$value"; fi; done 2>/dev/null; [ -e /.dockerenv ] || [ -e /.dockerinit ] && echo docker=yes; [ -e /run/.containerenv ] && echo podman=yes; [ -r /run/systemd/container ] && { read -r value </run/systemd/container; echo "container=$value"; }; [ -d /proc/xen ] && echo xen=yes; [ -d /proc/vz ] && [ ! -d /proc/bc ] && echo openvz=yes; [ -d /sys/module/kvm ] && echo kvmhost=yes; grep -q docker /proc/1/cgroup && echo docker=yes; grep -q lxc /proc/1/cgroup && echo container=lxc',
  ],
  ['selinux', 'command -v getenforce >/dev/null && getenforce'],
  ['selinuxconfig', 'grep -E "^SELINUX" /etc/selinux/config'],
  ['apparmor', '[ -d /sys/kernel/security/apparmor ] && echo yes'],
  ['fips', 'cat /proc/sys/crypto/fips_enabled'],
  [
    'python',
    'for name in python3 python python2; do path=$(command -v $name) && { echo "$path $($path --version 2>&1)"; break; }; done',
  ],
  ['sshkeys', 'for file in /etc/ssh/ssh_host_*_key.pub; do if [ -r "$file" ]; then cat "$file"; fi; done'],
  [
    'local',
    'for file in /etc/ansible/facts.d/*.fact; do if [ -r "$file" ]; then name=${file##*/}; echo "@fact ${name%.fact}"; if [ -x "$file" ]; then "$file"; else cat "$file"; fi; echo; fi; done',
  ],
];

export const setupScript = `{\n${SECTIONS.map(([name, script]) => `printf '\\n${SECTION_MARK}${name}\\n'\n${script}`).join('\n')}\n} 2>/dev/null\n:`;
