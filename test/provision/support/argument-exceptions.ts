/** Arguments (`argument`), or words that they take (`argument=word`), of some modules, and why no test plays them. */
type Exception = { modules: string; unplayed: string; why: string };

const EXCEPTED: readonly Exception[] = [
  {
    modules: 'replace template unarchive uri yum_repository',
    unplayed: 'seuser serole setype selevel',
    why: 'They need an SELinux kernel; that they are left aside elsewhere is played with file, copy and others.',
  },
  { modules: 'user', unplayed: 'seuser', why: 'It needs an SELinux kernel.' },
  {
    modules: 'selinux',
    unplayed: 'state policy configfile update_kernel_param',
    why: 'Ansible’s module needs the library and the kernel of SELinux; test/provision/modules/selinux.test.ts holds it to its documentation.',
  },
  {
    modules: 'assemble blockinfile copy file get_url ini_file lineinfile replace template uri',
    unplayed: 'attributes',
    why: 'The file systems of the hosts have no such attributes (chattr).',
  },
  {
    modules: 'deb822_repository',
    unplayed:
      'allow_downgrade_to_insecure allow_insecure allow_weak architectures by_hash check_date check_valid_until components date_max_future enabled inrelease_path languages name pdiffs signed_by suites targets trusted types uris mode state',
    why: 'ansible-core 2.14 has no module of this name.',
  },
  {
    modules: 'yum',
    unplayed:
      'state=present state=installed state=removed enablerepo disablerepo exclude update_only skip_broken nobest allowerasing autoremove security bugfix installroot releasever conf_file cacheonly install_weak_deps validate_certs sslverify install_repoquery download_only download_dir disable_excludes enable_plugin disable_plugin list lock_timeout use_backend',
    why: 'It is the module dnf under another name, with the program yum, which the host of the tests has as a link to dnf.',
  },
  {
    modules: 'ini_file',
    unplayed: 'ignore_spaces follow',
    why: 'The community.general that Debian has beside ansible-core 2.14 knows no such argument.',
  },
  {
    modules: 'blockinfile lineinfile yum_repository',
    unplayed: 'follow',
    why: 'ansible-core 2.14 refuses it; older playbooks have it.',
  },
  {
    modules: 'user',
    unplayed: 'local',
    why: 'Ansible calls the programs of libuser (`luseradd`), which the hosts of the tests lack.',
  },
  { modules: 'user', unplayed: 'password_expire_warn', why: 'ansible-core 2.14 has no such argument yet.' },
  {
    modules: 'jenkins_plugin',
    unplayed: 'state=latest',
    why: 'It differs on purpose: Ansible compares with a sum that never agrees.',
  },
  {
    modules: 'apk',
    unplayed: 'name state update_cache upgrade available world no_cache repository',
    why: 'No host of the tests has apk; test/provision/modules/more-arguments.test.ts plans it.',
  },
  {
    modules: 'firewalld',
    unplayed:
      'state zone permanent immediate timeout offline service port protocol port_forward rich_rule source interface icmp_block icmp_block_inversion masquerade target',
    why: 'Ansible’s module needs the library of a running firewalld; test/provision/modules/firewalls.test.ts holds it to its documentation.',
  },
  { modules: 'get_url uri', unplayed: 'use_gssapi', why: 'It needs a Kerberos realm.' },
  { modules: 'group', unplayed: 'force', why: 'ansible-core 2.14 has no such argument yet.' },
  { modules: 'get_url', unplayed: 'follow', why: 'ansible-core 2.14 refuses it; older playbooks have it.' },
  {
    modules: 'uri',
    unplayed: 'follow_redirects=true follow_redirects=false',
    why: 'Ansible refuses these words; older ones took them for yes and no, which are played.',
  },
  { modules: 'timezone', unplayed: 'hwclock', why: 'The hosts of the tests have no clock of their own.' },
  { modules: 'uri', unplayed: 'unix_socket', why: 'No host of the tests has a server on a socket.' },
  {
    modules: 'git',
    unplayed: 'accept_newhostkey',
    why: 'It is accept_hostkey for one case of it, a key that has never been seen, and that one is played.',
  },
  { modules: 'jenkins_plugin', unplayed: 'params', why: 'Ansible of today refuses it; old playbooks have it.' },
];

/** Why no test plays it, by `module.argument` or `module.argument=word`. */
export const EXCEPTIONS: ReadonlyMap<string, string> = new Map(
  EXCEPTED.flatMap(({ modules, unplayed, why }) =>
    modules
      .split(' ')
      .flatMap((module) => unplayed.split(' ').map((one): [string, string] => [`${module}.${one}`, why])),
  ),
);
