import type { SystemCase } from './support/apart.js';

const s = (module: string, args: Record<string, unknown>, show = ':', pre = ':'): SystemCase => ({
  module,
  args,
  show,
  pre,
});
const sysctl = (args: Record<string, unknown>, pre?: string) =>
  s('ansible.posix.sysctl', args, 'cat /srv/stars/s; sysctl -n net.ipv4.ip_forward net.ipv4.ip_local_port_range', pre);
const mount = (args: Record<string, unknown>, pre?: string) =>
  s(
    'ansible.posix.mount',
    { fstab: '/srv/stars/fstab', ...args },
    "cat /srv/stars/fstab; sed 's/inode64,*//' /proc/mounts | grep '/srv/stars/' | cut -d' ' -f1-4; ls -ld /srv/stars/m* | cut -c1-10",
    pre,
  );
const limits = (args: Record<string, unknown>, pre?: string) =>
  s(
    'community.general.pam_limits',
    { dest: '/srv/stars/limits', ...args },
    'cat -A /srv/stars/limits; ls -l /srv/stars/limits | cut -c1-10',
    pre,
  );
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPphuDBEHm4vv7W4I4AfNXxAP1A1PpZOOHmdZQqU6Ro me@x';
const key = (args: Record<string, unknown>, pre?: string) =>
  s(
    'ansible.posix.authorized_key',
    { user: 'u1', key: KEY, ...args },
    "for f in ~u1/.ssh /srv/stars/keys; do stat -c '%A %U:%G %n' $f $f/*; cat $f/*; done",
    pre,
  );
const name = (args: Record<string, unknown>, pre?: string) =>
  s(
    'ansible.builtin.hostname',
    args,
    'cat /etc/hostname /etc/sysconfig/network /etc/conf.d/hostname /etc/HOSTNAME',
    pre,
  );
const kernel = (args: Record<string, unknown>, pre?: string) => ({
  ...s(
    'community.general.modprobe',
    { name: 'dummy', ...args },
    // Ansible leaves empty lines between those that it rewrites.
    'grep -H . /etc/modules-load.d/*.conf /etc/modprobe.d/*.conf; cat /srv/stars/modprobe.log',
    pre,
  ),
  unchecked: true as const,
});
const assemble = (args: Record<string, unknown>, pre?: string) =>
  s(
    'ansible.builtin.assemble',
    { src: '/srv/stars/pieces', dest: '/srv/stars/out', ...args },
    'cat -A /srv/stars/out; stat -c %A /srv/stars/out',
    pre,
  );

/** Cases of modules that set up the system itself; those of a group build upon each other. */
export const SYSTEM_CASES: Readonly<Record<string, readonly SystemCase[]>> = {
  sysctl: [
    sysctl({ name: 'net.ipv4.ip_forward', value: '1', sysctl_file: '/srv/stars/s' }),
    sysctl({ name: 'net.ipv4.ip_forward', value: false, sysctl_file: '/srv/stars/s', sysctl_set: true, reload: false }),
    sysctl({
      name: 'net.ipv4.ip_local_port_range',
      value: '1024   65000',
      sysctl_file: '/srv/stars/s',
      sysctl_set: true,
    }),
    sysctl({ name: 'net.ipv4.ip_local_port_range', value: '1024 65000', sysctl_file: '/srv/stars/s' }),
    sysctl({ name: 'net.ipv4.ip_local_port_range', state: 'absent', sysctl_file: '/srv/stars/s' }),
    sysctl({ name: 'vm.nonsense', value: 1, sysctl_file: '/srv/stars/s' }),
    sysctl({ name: 'vm.nonsense', value: 1, sysctl_file: '/srv/stars/s', ignoreerrors: true, sysctl_set: true }),
    sysctl(
      { name: 'a.b', value: '2', reload: false, sysctl_file: '/srv/stars/s' },
      "printf '\\n  # c\\nx = 1\\nx = 2\\nbro  \\n  a.c  = 3  4\\n-a.b=5 # foo\\na.b = 1' >/srv/stars/s",
    ),
    sysctl(
      { name: 'a.b', reload: false, state: 'absent', sysctl_file: '/srv/stars/s' },
      'rm /srv/stars/s; echo a.b=1 >/srv/stars/t; ln -s t /srv/stars/s',
    ),
    sysctl({ name: 'a.b', sysctl_file: '/srv/stars/s' }),
    sysctl({ name: 'net.ipv4.ip_forward', value: '0', state: 'present', sysctl_file: '/srv/stars/s' }),
    sysctl({ name: 'a.b', value: '', sysctl_file: '/srv/stars/s' }),
  ],
  mount: [
    mount({ path: '/srv/stars/m1', src: 'tmpfs', fstype: 'tmpfs', state: 'mounted' }),
    mount({ path: '/srv/stars/m1', src: 'tmpfs', fstype: 'tmpfs', opts: 'size=1m', state: 'mounted' }),
    mount({ path: '/srv/stars/m1', src: 'tmpfs', fstype: 'tmpfs', opts: 'size=1m', state: 'remounted' }),
    mount({ path: '/srv/stars/m1', state: 'unmounted' }),
    mount({
      path: '/srv/stars/m1',
      src: 'tmpfs',
      fstype: 'tmpfs',
      opts: 'defaults',
      passno: 1,
      dump: 2,
      boot: false,
      state: 'present',
      backup: true,
    }),
    mount({ path: '/srv/stars/m1', state: 'absent' }),
    mount({ path: '/srv/stars/m 2', src: 'LABEL=a b', fstype: 'ext4', opts: 'ro', boot: false, state: 'present' }),
    mount(
      { path: '/srv/stars/m 2', state: 'absent_from_fstab' },
      "printf '# x\\n\\n/dev/a /b ext4\\n/dev/c /d xfs ro\\n  /dev/e\\t/f ext4 ro 0 1\\n' >>/srv/stars/fstab",
    ),
    mount({ path: '/d', src: '/dev/c', fstype: 'xfs', opts: 'ro', state: 'present' }),
    mount({ path: '/f', src: '/dev/e', fstype: 'ext4', opts: 'noauto', state: 'present' }),
    mount({ path: 'none', src: '/dev/sw', fstype: 'swap', opts: 'sw', state: 'present' }),
    mount({ path: 'none', src: '/dev/sw2', fstype: 'swap', opts: 'sw', state: 'present' }),
    mount({ path: '/srv/stars/m3/deep', src: '/nosuch', fstype: 'ext4', state: 'mounted' }),
    mount({ path: '/srv/stars/m3', state: 'mounted' }),
    mount({ path: '/srv/stars/m3', state: 'remounted' }),
    mount({ path: '/srv/stars/m4/deep', src: '/usr/share/doc', opts: 'bind', fstype: 'none', state: 'mounted' }),
    mount({ path: '/srv/stars/m4/deep', state: 'unmounted' }),
    mount({ path: '/srv/stars/m5', src: 'tmpfs', fstype: 'tmpfs', state: 'ephemeral' }),
    mount({ path: '/srv/stars/m5', src: 'tmpfs', fstype: 'tmpfs', opts: 'ro', state: 'ephemeral' }),
    mount({ path: '/srv/stars/m5', src: 'other', fstype: 'tmpfs', state: 'ephemeral' }),
  ],
  pam_limits: [
    limits({ domain: 'joe', limit_type: 'soft', limit_item: 'nofile', value: 64000 }, 'touch /srv/stars/limits'),
    limits({ domain: 'joe', limit_type: 'soft', limit_item: 'nofile', value: 1000, use_max: true }),
    limits({ domain: 'joe', limit_type: 'soft', limit_item: 'nofile', value: 1000, use_min: true, comment: 'why not' }),
    limits(
      { domain: '*', limit_type: '-', limit_item: 'nproc', value: 'unlimited' },
      "printf '# c\\n*  -   nproc 5\\n*  -   nproc 7\\n\\n@grp hard nice -5\\nfoo\\n* soft core\\n' >/srv/stars/limits; chmod 600 /srv/stars/limits",
    ),
    limits({ domain: '*', limit_type: '-', limit_item: 'nproc', value: 5, use_max: true }),
    limits({ domain: '@grp', limit_type: 'hard', limit_item: 'nice', value: -6, use_min: true }),
    limits({ domain: '*', limit_type: '-', limit_item: 'nproc', value: 'x' }),
    ...'core data fsize memlock rss stack cpu as maxlogins maxsyslogins priority locks sigpending msgqueue rtprio chroot'
      .split(' ')
      .map((limit_item) => limits({ domain: 'all', limit_type: 'hard', limit_item, value: 5, backup: true })),
    limits({ domain: '*', limit_type: '-', limit_item: 'nproc', value: 1, dest: '/srv/stars/no/x' }),
  ],
  authorized_key: [
    key({}, 'useradd -m u1'),
    key(
      { comment: 'new one', key_options: 'no-pty,from="1.2.3.4,*.x"' },
      `printf '# c\\n\\n\\ninvalid\\nfrom="a b" ssh-rsa AAAA1 x y\\n' >>~u1/.ssh/authorized_keys`,
    ),
    key({ key: 'ssh-rsa AAAA1 x y\n# foo\n\ncommand="x" ssh-dss AAAA2 zz\n' }),
    key({ state: 'absent', key: 'ssh-rsa AAAA1 other\nssh-rsa AAAA7 other' }),
    key({ exclusive: true, key: 'ssh-rsa AAAA4 other\nssh-rsa AAAA3 one' }),
    key({ key: 'nonsense x' }),
    key({ user: 'nobody99' }),
    key({ state: 'present', validate_certs: false, key: 'ssh-rsa AAAA6 z' }),
    key({ path: '/srv/stars/keys/u1', manage_dir: false }),
    key(
      { path: '/srv/stars/keys/link', key: 'ssh-rsa AAAA4 c', follow: true },
      "printf 'ssh-rsa AAAA4 c\\nssh-rsa AAAA4 d\\nrestrict ssh-rsa AAAA5' >/srv/stars/keys/real; ln -s real /srv/stars/keys/link",
    ),
    key({ path: '/srv/stars/keys/link', key: 'ssh-rsa AAAA5', comment: '' }),
  ],
  hostname: [
    name({ name: 'web1', use: 'alpine' }),
    name(
      { name: 'web3.x.y', use: 'redhat' },
      'mkdir -p /etc/sysconfig; printf "A=b\\nHOSTNAME=z\\nC=d\\n" >/etc/sysconfig/network',
    ),
    name(
      { name: 'web6', use: 'openrc' },
      'mkdir -p /etc/conf.d; printf "#x\\nhostname=\\"q\\"\\n" >/etc/conf.d/hostname',
    ),
    name({ name: 'web7', use: 'sles' }),
  ],
  'timezone and locale_gen': [
    s('community.general.timezone', { name: 'Europe/Berlin' }, 'cat /etc/timezone; readlink /etc/localtime'),
    s('community.general.timezone', { name: 'Europe/Nowhere' }, 'cat /etc/timezone; readlink /etc/localtime'),
    s('community.general.timezone', {}),
    s('community.general.locale_gen', { name: 'de_DE.UTF-8' }, 'grep -v "^# [a-z]" /etc/locale.gen; locale -a'),
    s('community.general.locale_gen', { name: 'de_DE.UTF-8', state: 'absent' }, 'cat /etc/locale.gen; locale -a'),
    s('community.general.locale_gen', { name: 'xx_YY.UTF-8', state: 'present' }),
  ],
  assemble: [
    assemble(
      {},
      'mkdir /srv/stars/pieces; cd /srv/stars/pieces; printf "a\\n" >1; printf b >2; printf "c\\n" >.3; printf d >4.conf; mkdir sub; printf "\\377\\n" >5; : >6; echo 7 >7',
    ),
    assemble({ delimiter: '-- \\n', ignore_hidden: true, mode: '0600', backup: true }),
    assemble({ delimiter: '\\x23\\t', regexp: '[0-9]$' }),
    assemble({ validate: 'grep zz %s' }),
    assemble({ remote_src: true, unsafe_writes: true, owner: 'daemon', group: 'games' }),
    assemble({ src: '/srv/stars/nope' }),
    assemble({ src: '/srv/stars/pieces/1' }),
    assemble({ dest: '/srv/stars' }),
    assemble({ dest: '/srv/stars/none/x' }),
  ],
  modprobe: [
    kernel({ persistent: 'present' }, 'rm -f /etc/modules-load.d/* /etc/modprobe.d/*'),
    kernel({ params: 'numdummies=2 x=1', persistent: 'present' }),
    kernel(
      { params: 'numdummies=3', persistent: 'present' },
      'printf "\\n#x\\n dummy\\nbr-x\\n" >>/etc/modules-load.d/foo.conf; printf "options dummy a=1\\noptions  dummy2 x=1\\n" >/etc/modprobe.d/z.conf',
    ),
    kernel({ state: 'absent', persistent: 'absent' }),
    kernel({ name: 'nonexistent' }),
    kernel({ state: 'present', persistent: 'disabled' }),
  ],
};
