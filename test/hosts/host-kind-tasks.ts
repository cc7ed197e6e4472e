/** Every kind of work with files, none of which needs more than a POSIX userland; each is done once and then found done. */
export const FILE_TASKS = [
  "file: {path: /srv/d/e, state: directory, mode: '0750', owner: stars, group: stars}",
  'file: {path: /srv/d/link, src: e, state: link}',
  "file: {path: /srv/d/touched, state: touch, mode: 'u=rw,go=', modification_time: preserve, access_time: preserve}",
  "copy: {content: 'one\n\n      two\n\n      ', dest: /srv/d/f, mode: '0640', owner: stars, force: no}",
  'copy: {src: plain.txt, dest: /srv/d/, backup: yes}',
  'copy: {src: /srv/d/plain.txt, dest: /srv/d/again, remote_src: yes}',
  'template: {src: t.j2, dest: /srv/d/t}',
  "lineinfile: {path: /srv/d/f, regexp: '^two', line: 'two 2'}",
  "replace: {path: /srv/d/f, regexp: 'on(e)', replace: 'ON\\1'}",
  'blockinfile: {path: /srv/d/f, block: "a\\nb"}',
  'ini_file: {path: /srv/d/i.ini, section: s, option: o, value: v}',
  'command: touch /srv/d/created creates=/srv/d/created',
  'shell: cd /srv/d && tar czf a.tar.gz again t && rm -rf /srv/out && mkdir /srv/out creates=/srv/d/a.tar.gz',
  'unarchive: {src: /srv/d/a.tar.gz, dest: /srv/out, remote_src: yes}',
];

/** Tasks that only look; the last one fails unless all of them saw what is there. */
export const LOOKING_TASKS = [
  '{stat: {path: /srv/d/f}, register: seen}',
  "{find: {paths: /srv, recurse: yes, patterns: '*.txt,f*'}, register: found}",
  '{slurp: {src: /srv/d/plain.txt}, register: read}',
  '{script: say.sh hello, register: said, changed_when: no}',
  '{getent: {database: passwd, key: stars}}',
  'wait_for: {path: /srv/d/f, timeout: 5}',
  '{command: cat, args: {stdin: typed}, register: typed, changed_when: no}',
  [
    "assert: {that: ['seen.stat.mode == \"0640\"', 'seen.stat.pw_name == \"stars\"', 'found.matched == 2'",
    '\'read.content | b64decode == "content\\n"\', \'"said hello" in said.stdout\', \'typed.stdout == "typed"\'',
    '\'ansible_system == "Linux"\']}',
  ].join(', '),
];

/** Tasks on a host with rpm, and what becomes of each, in this order. */
export const RPM_STEPS: readonly (readonly [string, string])[] = [
  ['assert: {that: [\'ansible_pkg_mgr == "dnf"\', \'ansible_distribution_version == "9.2"\']}', 'ok'],
  ['dnf: {name: hello-1.0, state: present}', 'changed'],
  ['dnf: {name: hello, state: present}', 'ok'],
  ['yum: {name: hello, state: latest}', 'changed'],
  ['package: {name: [world, hello], state: present}', 'changed'],
  ['package: {name: world, state: absent}', 'changed'],
  ['{yum: {name: nosuch}, ignore_errors: yes}', 'ignored'],
  ["yum: {name: 'hello-1.0', allow_downgrade: yes}", 'changed'],
  ['yum: {name: /srv/rpms/world-1.5.rpm, disable_gpg_check: yes}', 'changed'],
  ["yum: {name: '*', state: latest}", 'changed'],
  ["yum: {name: '*', state: latest}", 'ok'],
  ["yum_repository: {name: more, description: More, baseurl: 'file:///srv/more', gpgcheck: no}", 'changed'],
  ["yum_repository: {name: more, description: More, baseurl: 'file:///srv/more', gpgcheck: no}", 'ok'],
  ['yum: {name: extra, update_cache: yes}', 'changed'],
  [
    "{rpm_key: {key: /srv/key.asc, fingerprint: 'EBC6 E12C 62B1 C734 026B 2122 A20E 5214 6B8D 79E6'}, ignore_errors: yes}",
    'ignored',
  ],
  ['rpm_key: {key: /srv/key.asc, state: present, validate_certs: no}', 'changed'],
  ['rpm_key: {key: /srv/key.asc}', 'ok'],
  ['rpm_key: {key: /srv/key.asc, state: absent}', 'changed'],
  ['yum: {name: [extra, world, hello], state: absent}', 'changed'],
  ['yum: {name: [extra, world, hello], state: absent}', 'ok'],
  // All arguments that leave the choice of versions to the repositories, and then each that does not.
  [
    'dnf: {name: hello-1.0, state: installed, enablerepo: local, disablerepo: more, exclude: world, update_cache: yes, disable_gpg_check: yes, skip_broken: yes, nobest: yes, allowerasing: yes, installroot: /, releasever: "9", conf_file: /etc/dnf/dnf.conf, install_weak_deps: no, validate_certs: no, sslverify: no, install_repoquery: yes, enable_plugin: copr, disable_plugin: copr, lock_timeout: 10, use_backend: dnf4}',
    'changed',
  ],
  ['dnf: {name: [hello, world], state: latest, exclude: hello, update_only: yes}', 'ok'],
  ["dnf: {name: '*', state: latest, security: yes}", 'ok'],
  ["dnf: {name: '*', state: latest, bugfix: yes}", 'ok'],
  ['dnf: {name: world, download_only: yes, download_dir: /srv/fetched}', 'changed'],
  ['shell: ls /srv/fetched/world-1.5.rpm && ! rpm -q world', 'changed'],
  ['dnf: {name: hello, state: latest, cacheonly: yes, disable_excludes: all, use_backend: dnf}', 'changed'],
  ['dnf: {name: hello-1.0, state: present, allow_downgrade: yes, use_backend: auto}', 'changed'],
  ['{dnf: {list: installed}, register: listed}', 'ok'],
  [
    "assert: {that: \"listed.results | selectattr('name', 'eq', 'hello') | map(attribute='version') | list == ['1.0']\"}",
    'ok',
  ],
  ['dnf: {name: hello, state: removed, autoremove: yes}', 'changed'],
  ['dnf: {state: absent, autoremove: yes}', 'changed'],
  ['dnf: {name: hello, state: absent, use_backend: yum}', 'ok'],
  ['dnf: {name: hello, state: absent, use_backend: yum4}', 'ok'],
  ['dnf: {name: hello, state: absent, use_backend: dnf5}', 'ok'],
  ['yum_repository: {name: more, state: absent}', 'changed'],
  ['user: {name: newbie, shell: /bin/sh}', 'changed'],
  ["cron: {name: job, job: /bin/true, minute: '5'}", 'changed'],
  ['service: {name: cron, state: started, enabled: yes}', 'ok'],
];

/** The same on a host with services. */
export const SERVICE_STEPS: readonly (readonly [string, string])[] = [
  ['service: {name: cron, state: stopped}', 'changed'],
  ['service: {name: cron, state: stopped}', 'ok'],
  ['service: {name: cron, state: started}', 'changed'],
  ['service: {name: cron, state: started}', 'ok'],
  ['service: {name: cron, enabled: no}', 'changed'],
  ['service: {name: cron, enabled: no}', 'ok'],
  ['service: {name: cron, enabled: yes, state: restarted}', 'changed'],
  ['service: {name: cron, enabled: yes, state: started}', 'ok'],
  ['{service: {name: nosuch, state: started}, ignore_errors: yes}', 'ignored'],
  ['apt: {name: redis-server}', 'changed'],
  ['service: {name: redis-server, state: started, enabled: yes}', 'ok'],
  ['apt: {name: redis-server, state: absent, purge: yes}', 'changed'],
];
