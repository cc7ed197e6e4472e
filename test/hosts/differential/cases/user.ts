import { generated, oneTask } from '../one-task.js';

const HASH = '$6$abcdefgh$Z5sBQlfa3e4pOH2kqcTUzQT3yPNCjQmnK0sCBTqzc9pNB8rlHzYLxBvpdqfSS7xe0lAC/8r.rpRmAqU0B.vwX0';
const BEFORE = {
  nothing: 'groupadd -f crew; groupadd -f band',
  there: 'groupadd -f crew; groupadd -f band; useradd -m -s /bin/sh -c Somebody uNNN',
  member: 'groupadd -f crew; groupadd -f band; useradd -g crew -G band -d /srv/homeNNN uNNN',
  locked: `groupadd -f crew; groupadd -f band; useradd -p '${HASH}' uNNN; usermod -L -e 2030-01-01 uNNN`,
};

export const cases = [
  oneTask('user', { name: 'stars' }),
  oneTask('user', { name: 'nokey', generate_ssh_key: true }, undefined, {
    ignore: { fields: ['ssh_fingerprint', 'ssh_public_key'], why: 'A key is made at random.' },
    tasks: `
- user: {name: nokey, generate_ssh_key: true, ssh_key_bits: 2048, ssh_key_comment: mine}
- shell: stat -c '%a %U %G %n' .ssh .ssh/*; ssh-keygen -lf .ssh/id_rsa.pub | sed 's/SHA256:[^ ]*//'; rm -rf .ssh
  args: {chdir: /home/nokey}
`,
  }),
  oneTask('user', { name: 'aged', password_expire_max: 90, password_expire_min: 2, update_password: 'always' }),
  oneTask('user', { name: 'aged2', password_expire_max: 90, password_expire_min: 2 }, 'useradd aged2'),
  oneTask('user', { name: 'aged3', password_expire_min: 0 }, 'useradd -K PASS_MIN_DAYS=3 aged3'),
  oneTask('user', {
    name: 'elsewhere',
    authorization: 'x',
    hidden: true,
    login_class: 'staff',
    profile: 'y',
    role: 'z',
  }),
  oneTask('user', { name: 'named' }, undefined, {
    ignore: { fields: ['ssh_fingerprint', 'ssh_public_key'], why: 'A key is made at random.' },
    tasks: `
- user: {name: named, generate_ssh_key: true, ssh_key_type: ed25519, ssh_key_file: .ssh/mine, ssh_key_passphrase: five words are enough}
- shell: stat -c '%a %U %G %n' .ssh .ssh/*; ssh-keygen -lf .ssh/mine.pub | sed 's/SHA256:[^ ]*//'; grep -c bcrypt .ssh/mine; rm -rf .ssh
  args: {chdir: /home/named}
`,
  }),
  ...generated(
    'user',
    {
      state: [undefined, 'present', 'absent'],
      uid: [undefined, '7NNN'],
      group: [undefined, 'crew', 'nobodys'],
      groups: [undefined, 'band', ['band', 'crew'], '', 'nobodys'],
      append: [undefined, true],
      comment: [undefined, 'Some One', ''],
      home: [undefined, '/srv/otherNNN'],
      shell: [undefined, '/bin/bash', '/usr/sbin/nologin'],
      create_home: [undefined, false],
      move_home: [undefined, true],
    },
    { always: { name: 'uNNN' }, before: BEFORE },
  ),
  ...generated(
    'user',
    {
      state: [undefined, 'absent'],
      password: [undefined, HASH, '!', '*'],
      password_lock: [undefined, true, false],
      update_password: [undefined, 'on_create'],
      expires: [undefined, 1893456000, -1],
      system: [undefined, true],
      non_unique: [undefined, true],
      remove: [undefined, true],
      force: [undefined, true],
      skeleton: [undefined, '/srv/skeleton'],
      umask: [undefined, '027'],
    },
    {
      always: { name: 'uNNN' },
      from: 400,
      before: Object.fromEntries(
        Object.entries(BEFORE).map(([name, shell]) => [
          name,
          `mkdir -p /srv/skeleton; echo 1 >/srv/skeleton/greeting; ${shell}`,
        ]),
      ),
    },
  ),
];

export const intended = [
  {
    lines:
      /^check mode, task 1 .* user\): (status: Ansible "failed", Stars "ok"; Ansible: \["Group \w+ does not exist"|changed: Ansible false, Stars true)/,
    why: 'In check mode a group that does not exist is no failure.',
  },
];
