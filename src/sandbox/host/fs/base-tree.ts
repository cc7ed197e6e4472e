import type { Clock } from '../../../clock.js';
import { MAGIC } from '../kernel/magic.js';
import { hashPassword } from '../users.js';
import { FileSystem } from './file-system.js';
import { ROOT } from './inode.js';

const CENTOS = '7.9.2009';

const FOLDERS: readonly (readonly [path: string, mode?: number])[] = [
  ['/boot', 0o555],
  ['/dev'],
  ['/dev/shm', 0o1777],
  ['/etc'],
  ['/etc/cron.d'],
  ['/etc/cron.daily'],
  ['/etc/default'],
  ['/etc/init.d'],
  ['/etc/ld.so.conf.d'],
  ['/etc/logrotate.d'],
  ['/etc/pki'],
  ['/etc/pki/rpm-gpg'],
  ['/etc/profile.d'],
  ['/etc/security'],
  ['/etc/security/limits.d'],
  ['/etc/skel'],
  ['/etc/ssh'],
  ['/etc/sudoers.d', 0o750],
  ['/etc/sysconfig'],
  ['/etc/sysconfig/network-scripts'],
  ['/etc/sysctl.d'],
  ['/etc/systemd'],
  ['/etc/systemd/system'],
  ['/etc/systemd/system/multi-user.target.wants'],
  ['/etc/yum'],
  ['/etc/yum.repos.d'],
  ['/home'],
  ['/media'],
  ['/mnt'],
  ['/opt'],
  ['/proc', 0o555],
  ['/root', 0o550],
  ['/run'],
  ['/run/lock'],
  ['/run/systemd'],
  ['/run/systemd/system'],
  ['/srv'],
  ['/sys', 0o555],
  ['/tmp', 0o1777],
  ['/usr'],
  ['/usr/bin', 0o555],
  ['/usr/include'],
  ['/usr/lib', 0o555],
  ['/usr/lib/systemd'],
  ['/usr/lib/systemd/system'],
  ['/usr/lib/tmpfiles.d'],
  ['/usr/lib64', 0o555],
  ['/usr/libexec'],
  ['/usr/local'],
  ['/usr/local/bin'],
  ['/usr/local/etc'],
  ['/usr/local/lib'],
  ['/usr/local/sbin'],
  ['/usr/local/share'],
  ['/usr/local/src'],
  ['/usr/sbin', 0o555],
  ['/usr/share'],
  ['/usr/share/doc'],
  ['/usr/src'],
  ['/var'],
  ['/var/cache'],
  ['/var/cache/yum'],
  ['/var/lib'],
  ['/var/lib/rpm'],
  ['/var/log'],
  ['/var/opt'],
  ['/var/spool'],
  ['/var/spool/cron', 0o700],
  ['/var/spool/mail', 0o775],
  ['/var/tmp', 0o1777],
];

const LINKS: readonly (readonly [path: string, target: string])[] = [
  ['/bin', 'usr/bin'],
  ['/sbin', 'usr/sbin'],
  ['/lib', 'usr/lib'],
  ['/lib64', 'usr/lib64'],
  ['/var/run', '../run'],
  ['/var/lock', '../run/lock'],
  ['/etc/mtab', '/proc/self/mounts'],
  ['/etc/redhat-release', 'centos-release'],
  ['/etc/system-release', 'centos-release'],
  ['/etc/localtime', '../usr/share/zoneinfo/UTC'],
  ['/etc/systemd/system/default.target', '/lib/systemd/system/multi-user.target'],
];

const FILES: Readonly<Record<string, string>> = {
  '/etc/centos-release': `CentOS Linux release ${CENTOS} (Core)\n`,
  '/etc/os-release': [
    'NAME="CentOS Linux"',
    'VERSION="7 (Core)"',
    'ID="centos"',
    'ID_LIKE="rhel fedora"',
    'VERSION_ID="7"',
    'PRETTY_NAME="CentOS Linux 7 (Core)"',
    'ANSI_COLOR="0;31"',
    'CPE_NAME="cpe:/o:centos:centos:7"',
    'HOME_URL="https://www.centos.org/"',
    'BUG_REPORT_URL="https://bugs.centos.org/"',
    '',
  ].join('\n'),
  '/etc/system-release-cpe': 'cpe:/o:centos:centos:7\n',
  '/etc/resolv.conf': 'nameserver 127.0.0.1\n',
  '/etc/nsswitch.conf': 'passwd: files\nshadow: files\ngroup: files\nhosts: files dns\n',
  '/etc/fstab': '/dev/mapper/centos-root / xfs defaults 0 0\n',
  '/etc/shells': '/bin/sh\n/bin/bash\n/sbin/nologin\n/usr/bin/sh\n/usr/bin/bash\n',
  '/etc/environment': '',
  '/etc/crontab': 'SHELL=/bin/bash\nPATH=/sbin:/bin:/usr/sbin:/usr/bin\nMAILTO=root\n',
  '/etc/login.defs':
    'UID_MIN 1000\nUID_MAX 60000\nSYS_UID_MIN 201\nSYS_UID_MAX 999\nGID_MIN 1000\nGID_MAX 60000\nUMASK 077\nCREATE_HOME yes\nUSERGROUPS_ENAB yes\n',
  '/etc/profile':
    'export USER LOGNAME HOSTNAME\nfor i in /etc/profile.d/*.sh; do\n  if [ -r "$i" ]; then . "$i" >/dev/null; fi\ndone\nunset i\n',
  '/etc/bashrc': '# System wide functions and aliases\n',
  '/etc/skel/.bashrc': 'if [ -f /etc/bashrc ]; then\n  . /etc/bashrc\nfi\n',
  '/etc/skel/.bash_profile':
    'if [ -f ~/.bashrc ]; then\n  . ~/.bashrc\nfi\nPATH=$PATH:$HOME/.local/bin:$HOME/bin\nexport PATH\n',
  '/etc/skel/.bash_logout': '',
  '/etc/ssh/sshd_config':
    'PermitRootLogin prohibit-password\nPasswordAuthentication yes\nSubsystem sftp /usr/libexec/openssh/sftp-server\n',
  '/etc/sysctl.conf': '',
  '/etc/sysconfig/network': '',
  '/etc/yum.conf': '[main]\ncachedir=/var/cache/yum/$basearch/$releasever\nkeepcache=0\ngpgcheck=1\nplugins=1\n',
  '/etc/yum.repos.d/CentOS-Base.repo':
    '[base]\nname=CentOS-$releasever - Base\nmirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os\ngpgcheck=1\n\n[updates]\nname=CentOS-$releasever - Updates\nmirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=updates\ngpgcheck=1\n',
  '/etc/machine-id': 'd1c6f1f0a9b84d7c9d6f2f4f3d0a8b11\n',
  '/var/log/messages': '',
  '/usr/lib/systemd/system/multi-user.target': '[Unit]\nDescription=Multi-User System\n',
  '/usr/lib/systemd/system/sshd.service':
    '[Unit]\nDescription=OpenSSH server daemon\n\n[Service]\nType=notify\nExecStart=/usr/sbin/sshd -D\nExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\n\n[Install]\nWantedBy=multi-user.target\n',
  '/usr/lib/systemd/system/crond.service':
    '[Unit]\nDescription=Command Scheduler\n\n[Service]\nExecStart=/usr/sbin/crond -n\n\n[Install]\nWantedBy=multi-user.target\n',
};

const SYSTEM_USERS = [
  'root:x:0:0:root:/root:/bin/bash',
  'bin:x:1:1:bin:/bin:/sbin/nologin',
  'daemon:x:2:2:daemon:/sbin:/sbin/nologin',
  'adm:x:3:4:adm:/var/adm:/sbin/nologin',
  'lp:x:4:7:lp:/var/spool/lpd:/sbin/nologin',
  'sync:x:5:0:sync:/sbin:/bin/sync',
  'shutdown:x:6:0:shutdown:/sbin:/sbin/shutdown',
  'halt:x:7:0:halt:/sbin:/sbin/halt',
  'mail:x:8:12:mail:/var/spool/mail:/sbin/nologin',
  'nobody:x:99:99:Nobody:/:/sbin/nologin',
  'systemd-network:x:192:192:systemd Network Management:/:/sbin/nologin',
  'dbus:x:81:81:System message bus:/:/sbin/nologin',
  'sshd:x:74:74:Privilege-separated SSH:/var/empty/sshd:/sbin/nologin',
];

const SYSTEM_GROUPS = [
  'root:x:0:',
  'bin:x:1:',
  'daemon:x:2:',
  'sys:x:3:',
  'adm:x:4:',
  'tty:x:5:',
  'disk:x:6:',
  'lp:x:7:',
  'mem:x:8:',
  'kmem:x:9:',
  'wheel:x:10:pw',
  'cdrom:x:11:',
  'mail:x:12:',
  'man:x:15:',
  'games:x:20:',
  'video:x:39:',
  'ftp:x:50:',
  'lock:x:54:',
  'audio:x:63:',
  'nobody:x:99:',
  'users:x:100:',
  'utmp:x:22:',
  'systemd-network:x:192:',
  'systemd-journal:x:190:',
  'dbus:x:81:',
  'sshd:x:74:',
];

const SYSTEM_PROGRAMS =
  /^(chpasswd|chronyd?|crond|getenforce|group(add|del|mod|mems)|ifconfig|ip|nologin|restorecon|rsyslogd|setenforce|service|chkconfig|ss|sshd|sysctl|user(add|del|mod)|reboot|shutdown|poweroff|halt|visudo|vipw|update-alternatives|alternatives|ldconfig|modprobe|swapon|swapoff|ip6?tables|lsof|setsebool|semanage|fuser)$/;

export type BaseOptions = { clock: Clock; programs: Iterable<string>; clientPublicKey: string };

/** The tree of a fresh CentOS 7 host, with the users `stars` (key, sudo without password), `pw` (password `lab`, sudo with it) and root (key). */
export function createBaseTree({ clock, programs, clientPublicKey }: BaseOptions): FileSystem {
  const fs = new FileSystem(clock);
  for (const [path, mode = 0o755] of FOLDERS) fs.mkdir(path, mode, ROOT);
  for (const [path, target] of LINKS) fs.symlink(target, path, ROOT);
  for (const name of programs) installProgram(fs, name);
  for (const [path, text] of Object.entries(FILES)) putFile(fs, path, text);
  addDevices(fs);
  addAccounts(fs, clientPublicKey);
  for (const unit of ['sshd', 'crond'])
    fs.symlink(
      `/usr/lib/systemd/system/${unit}.service`,
      `/etc/systemd/system/multi-user.target.wants/${unit}.service`,
      ROOT,
    );
  return fs;
}

function installProgram(fs: FileSystem, name: string): void {
  putFile(
    fs,
    `/usr/${SYSTEM_PROGRAMS.test(name) ? 'sbin' : 'bin'}/${name}`,
    `${MAGIC}${name}\n`,
    name === 'sudo' || name === 'su' ? 0o4755 : 0o755,
  );
}

/** Writes a file of root's, replacing its content when it is there. */
export function putFile(fs: FileSystem, path: string, text: string, mode = 0o644): void {
  const node = fs.find(path) ?? fs.createFile(path, mode, ROOT);
  if (node.kind !== 'file') return;
  fs.truncate(node, 0);
  fs.writeAt(fs.current(node), 0, Buffer.from(text, 'utf8'));
  fs.chmod(fs.current(node), mode, ROOT);
}

function addDevices(fs: FileSystem): void {
  for (const device of ['null', 'zero', 'full', 'random', 'tty'] as const)
    fs.mount(`/dev/${device}`, { kind: 'device', device, mode: 0o666 });
  fs.mount('/dev/urandom', { kind: 'device', device: 'random', mode: 0o666 });
  fs.symlink('/proc/self/fd', '/dev/fd', ROOT);
  for (const [index, name] of ['stdin', 'stdout', 'stderr'].entries())
    fs.symlink(`/proc/self/fd/${index}`, `/dev/${name}`, ROOT);
}

function addAccounts(fs: FileSystem, clientPublicKey: string): void {
  const people = ['stars:x:1000:1000:Stars:/home/stars:/bin/bash', 'pw:x:1001:1001:Password user:/home/pw:/bin/bash'];
  putFile(fs, '/etc/passwd', lines([...SYSTEM_USERS, ...people]));
  putFile(fs, '/etc/group', lines([...SYSTEM_GROUPS, 'stars:x:1000:', 'pw:x:1001:']));
  const shadow = SYSTEM_USERS.map((user) => `${user.split(':')[0]}:*:18353:0:99999:7:::`);
  putFile(
    fs,
    '/etc/shadow',
    lines([...shadow, 'stars:!!:18353:0:99999:7:::', `pw:${hashPassword('lab', 'sandbox')}:18353:0:99999:7:::`]),
    0o000,
  );
  putFile(fs, '/etc/gshadow', '', 0o000);
  putFile(
    fs,
    '/etc/sudoers',
    'Defaults env_reset\nDefaults secure_path = /sbin:/bin:/usr/sbin:/usr/bin\nroot ALL=(ALL) ALL\n%wheel ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n',
    0o440,
  );
  putFile(fs, '/etc/sudoers.d/stars', 'stars ALL=(ALL) NOPASSWD: ALL\n', 0o440);
  addHome(fs, '/root', 0, 0, clientPublicKey);
  addHome(fs, '/home/stars', 1000, 1000, clientPublicKey);
  addHome(fs, '/home/pw', 1001, 1001);
}

function addHome(fs: FileSystem, home: string, uid: number, gid: number, publicKey?: string): void {
  const owner = { uid, gid, groups: [gid] };
  if (!fs.find(home)) fs.mkdir(home, 0o700, ROOT);
  for (const name of ['.bashrc', '.bash_profile', '.bash_logout'])
    putFile(fs, `${home}/${name}`, FILES[`/etc/skel/${name}`] ?? '');
  if (publicKey !== undefined) {
    fs.mkdir(`${home}/.ssh`, 0o700, ROOT);
    putFile(fs, `${home}/.ssh/authorized_keys`, `${publicKey} stars\n`, 0o600);
  }
  for (const path of [
    home,
    ...fs.list(home, ROOT).map((name) => `${home}/${name}`),
    ...(publicKey ? [`${home}/.ssh/authorized_keys`] : []),
  ]) {
    const node = fs.stat(path, ROOT);
    const { mode } = node;
    fs.chown(node, owner.uid, owner.gid, ROOT);
    fs.chmod(node, mode, ROOT);
  }
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
