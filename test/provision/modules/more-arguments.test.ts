import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { command } from '../../../src/provision/modules/command.js';
import { copy } from '../../../src/provision/modules/copy.js';
import { cron } from '../../../src/provision/modules/cron.js';
import { find } from '../../../src/provision/modules/find.js';
import { modules } from '../../../src/provision/modules/index.js';
import type { AnyModule } from '../../../src/provision/module.js';
import { unarchive } from '../../../src/provision/modules/unarchive.js';
import { uri } from '../../../src/provision/modules/uri.js';
import { waitFor } from '../../../src/provision/modules/wait-for.js';
import { commands } from '../support/canned-host.js';
import { type Answers, planned } from '../support/planned.js';
import { type LocalHost, localHost, shells } from '../support/local-host.js';

describe.each(shells())('with %s as the shell of the host', (...shell) => {
  let host: LocalHost;
  beforeEach(() => {
    host = localHost({ shell: shell.filter((word) => typeof word === 'string') });
  });
  afterEach(() => host.remove());

  const at = (name: string) => join(host.folder, name);

  test('cron keeps variables at the top, or beside the one that is named', async () => {
    const file = { cron_file: at('tab'), user: 'ann' };
    await host.apply(cron, { ...file, name: 'job', job: 'run 100%', minute: '5' });
    await host.apply(cron, { ...file, name: 'PATH', value: '/bin', env: 'yes' });
    await host.apply(cron, { ...file, name: 'B', value: 'b', env: 'yes', insertafter: 'PATH' });
    await host.apply(cron, { ...file, name: 'A', value: 'a', env: 'yes', insertbefore: 'PATH' });
    const changed = await host.apply(cron, { ...file, name: 'PATH', value: '/sbin', env: 'yes', backup: 'yes' });
    expect(readFileSync(at('tab'), 'utf8')).toBe('A="a"\nPATH="/sbin"\nB="b"\n#Ansible: job\n5 * * * * ann run 100%\n');
    expect(changed).toMatchObject({ changed: true, jobs: ['job'], envs: ['A', 'PATH', 'B'] });
    expect(readFileSync(changed.backup_file as string, 'utf8')).toContain('PATH="/bin"\n');
    expect((await host.plan(cron, { ...file, name: 'PATH', value: '/sbin', env: 'yes' })).actions).toEqual([]);
    await host.apply(cron, { ...file, name: 'PATH', env: 'yes', state: 'absent' });
    expect(readFileSync(at('tab'), 'utf8')).not.toContain('PATH');
  });

  test('unarchive with copy=no takes an archive of the host', async () => {
    const given = { src: at('none.tgz'), dest: host.folder };
    const failure = { failed: true, msg: `Source '${at('none.tgz')}' does not exist` };
    expect(await host.apply(unarchive, { ...given, copy: 'no' })).toMatchObject(failure);
    await expect(host.apply(unarchive, { ...given, copy: 'yes' })).rejects.toThrow('none.tgz');
  });

  test('copy with force=no writes only what is missing', async () => {
    const given = { dest: at('once'), force: 'no' };
    expect(await host.apply(copy, { ...given, content: 'first' })).toMatchObject({ changed: true });
    expect(await host.apply(copy, { ...given, content: 'second' })).toMatchObject({ changed: false });
    expect(readFileSync(at('once'), 'utf8')).toBe('first');
  });

  test('uri takes several codes for success, in a text with commas', async () => {
    const { actions } = await host.plan(uri, { url: 'http://h/', dest: at('page'), status_code: '200,403' });
    expect(JSON.stringify(actions)).toContain("' 200 403 '");
  });

  test('creates means the home of whom the command runs as by ~', async () => {
    expect(await host.apply(command, { cmd: 'true', creates: '~/.' })).toMatchObject({ changed: false });
    expect(await host.apply(command, { cmd: 'true', creates: '~/no/such' })).toMatchObject({ changed: true });
  });

  test.each([
    [{ job: 'a', cron_file: '/x' }, 'To use cron_file=... parameter you must specify user=... as well'],
    [{ job: 'a', special_time: 'daily', hour: 1 }, 'You must specify time and date fields or special time.'],
    [{ job: 'a', insertafter: 'B' }, 'Insertafter and insertbefore parameters are valid only with env=yes'],
    [{ job: 'a\nb' }, 'Job should not contain line breaks'],
    [{ job: 'a', env: 'yes', insertafter: 'NONE' }, "Variable named 'NONE' not found."],
  ])('cron refuses %j', async (args, msg) => {
    const file = 'insertafter' in args && 'env' in args ? { cron_file: at('none'), user: 'ann' } : {};
    expect(await host.apply(cron, { name: 'n', ...file, ...args })).toMatchObject({ failed: true, msg });
  });

  test('find matches the beginning of a line, or anywhere in a whole file', async () => {
    writeFileSync(at('a'), 'one\nport 80\n');
    writeFileSync(at('b'), 'no port 80\n');
    const names = async (args: Record<string, unknown>) => {
      const { files } = await host.apply(find, { paths: host.folder, ...args });
      return (files as Map<string, string>[])
        .map((file) => file.get('path'))
        .toSorted((one = '', other = '') => one.localeCompare(other));
    };
    expect(await names({ contains: 'port \\d+' })).toEqual([at('a')]);
    expect(await names({ contains: 'port \\d+', read_whole_file: 'yes' })).toEqual([at('a'), at('b')]);
    expect(await names({ contains: 'one\\nport', read_whole_file: 'yes' })).toEqual([at('a')]);
    expect(await names({ contains: '(?!no)' })).toEqual([at('a')]);
  });

  test('find skips a folder whose files a pattern that is none would be held against, and says why', async () => {
    writeFileSync(at('a'), 'one\n');
    const found = (args: Record<string, unknown>) => host.apply(find, { paths: host.folder, ...args });
    const skipped = { matched: 0, examined: 1, msg: expect.stringContaining('Not all paths') };
    for (const args of [{ contains: '(' }, { patterns: '*a', use_regex: true }])
      expect([...((await found(args)).skipped_paths as Map<string, string>)]).toEqual([
        [host.folder, expect.stringContaining('cannot be used')],
      ]);
    expect(await found({ contains: '(' })).toMatchObject(skipped);
    for (const other of [{ patterns: 'b' }, { file_type: 'directory' }])
      expect(await found({ contains: '(', ...other })).toMatchObject({ msg: 'All paths examined' });
    await expect(found({ contains: 'a++' })).rejects.toMatchObject({ code: 'TEMPLATE' });
  });

  test('find does not read what is too large for it, and says what to write', async () => {
    writeFileSync(at('a'), Buffer.alloc(700_000, 'a'));
    await expect(host.apply(find, { paths: host.folder, contains: 'a(?!b)' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(`${at('a')} (700000 bytes) is too large`),
    });
    expect(await host.apply(find, { paths: host.folder, contains: 'ab?' })).toMatchObject({ matched: 1 });
  });

  test('wait_for says what it waited for in vain', async () => {
    writeFileSync(at('log'), 'started\n');
    const args = { path: at('log'), timeout: 0, sleep: 0 };
    expect(await host.apply(waitFor, { ...args, search_regex: '^start' })).toMatchObject({
      changed: false,
      elapsed: expect.any(Number),
    });
    expect(await host.apply(waitFor, { ...args, search_regex: 'stopped' })).toMatchObject({
      failed: true,
      msg: expect.stringContaining(`Timeout when waiting for search string stopped in ${at('log')}`),
    });
    expect(await host.apply(waitFor, { ...args, state: 'absent', msg: 'it is still there' })).toMatchObject({
      failed: true,
      msg: expect.stringContaining('it is still there'),
    });
    expect(await host.apply(waitFor, { ...args, state: 'drained' })).toMatchObject({ failed: true });
    expect(await host.apply(waitFor, { port: 1, state: 'drained', active_connection_states: 'OPEN' })).toMatchObject({
      msg: 'unknown active_connection_state (OPEN) specified',
    });
  });
});

describe('a port with a connection', () => {
  let server: Server;
  let port: number;
  const sockets: Socket[] = [];
  beforeEach(async () => {
    server = createServer((socket) => {
      sockets.push(socket);
      socket.write('220 mail ready\n');
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    const address = server.address();
    port = typeof address === 'object' && address ? address.port : 0;
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
  });

  test('is drained when nobody that counts is connected, and says what it is asked to say', async () => {
    const host = localHost();
    const { connect } = await import('node:net');
    const client = connect(port, '127.0.0.1');
    await new Promise((settle) => client.once('data', settle));
    const args = { port, state: 'drained', timeout: 0, sleep: 0 };
    expect(await host.apply(waitFor, args)).toMatchObject({
      failed: true,
      msg: expect.stringContaining(`Timeout when waiting for 127.0.0.1:${port} to drain`),
    });
    expect(await host.apply(waitFor, { ...args, exclude_hosts: '127.0.0.1' })).toMatchObject({ changed: false });
    expect(await host.apply(waitFor, { ...args, active_connection_states: 'SYN_SENT' })).toMatchObject({
      changed: false,
    });
    expect(await host.apply(waitFor, { port, search_regex: 'mail r', connect_timeout: 1, timeout: 20 })).toMatchObject({
      changed: false,
    });
    client.destroy();
    host.remove();
  });
});

const NOBODY: Answers = [[/getent passwd/, 'shadow\n']];
const ANN: Answers = [
  [/ssh-keygen -l/, ''],
  [
    /getent passwd/,
    'shadow\npasswd ann:x:7:7::/home/ann:/bin/sh\nprimary ann\nshadow-entry ann:!:1:2:90:7:::\nhome-exists\n',
  ],
];
const MEMBER: Answers = [
  [/getent passwd/, 'shadow\npasswd ann:x:7:7::/home/ann:/bin/sh\nprimary ann\nmember adm\nhome-exists\n'],
  [/getent group/, 'some:x:10:\n'],
];
const JAVA: Answers = [
  [
    /--display/,
    'program ua\n/opt/a\njava - manual mode\n  link currently points to /opt/a\n  link java is /usr/bin/java\n  slave j.1 is /usr/man/j.1\n/opt/a - priority 60\n  slave j.1: /opt/a.1\n/opt/b - priority 50\n',
  ],
];
const LISTED: Answers = [
  [/dnf -q list/, 'Installed Packages\nbash.x86_64   5.1-2.el9   @base\nlong-name.noarch\n   1:2.0-1   @extras\n'],
];

test.each<[string, Record<string, unknown>, Answers, string | RegExp | string[]]>([
  ['user', { name: 'ann', password_expire_max: 90, password_expire_min: 3 }, ANN, /chage -m 3 ann/],
  ['user', { name: 'ann', password_expire_max: 90, password_expire_warn: 7 }, ANN, []],
  ['user', { name: 'ann', password_expire_warn: 14 }, ANN, /^chage -W 14 ann/],
  [
    'user',
    { name: 'bob', password_expire_max: 9, seuser: 'staff_u' },
    NOBODY,
    /useradd -m -Z staff_u bob &&\nchage -M 9 bob/,
  ],
  ['user', { name: 'ann', groups: 'wheel', append: 'yes' }, MEMBER, /^usermod -a -G wheel ann/],
  ['user', { name: 'ann', groups: 'wheel' }, MEMBER, /^usermod -G wheel ann/],
  ['user', { name: 'ann', groups: 'adm', append: 'yes' }, MEMBER, []],
  ['group', { name: 'crew', system: 'yes' }, [[/getent group/, 'shadow\n']], /^groupadd -r crew/],
  ['group', { name: 'crew' }, [[/getent group/, 'shadow\n']], /^groupadd crew/],
  [
    'user',
    { name: 'ann', generate_ssh_key: 'yes', ssh_key_bits: 2048 },
    ANN,
    /ssh-keygen -q -t rsa -b 2048 -C .* -f \/home\/ann\/\.ssh\/id_rsa -N ''/,
  ],
  [
    'user',
    { name: 'ann', generate_ssh_key: 'yes', ssh_key_type: 'ed25519', ssh_key_passphrase: 'a b', ssh_key_comment: 'hi' },
    ANN,
    /printf '%s\\n%s\\n' 'a b' 'a b' \| ssh-keygen -q -t ed25519 -C hi -f \/home\/ann\/\.ssh\/id_ed25519 >/,
  ],
  ['alternatives', { name: 'java', path: '/opt/a' }, JAVA, []],
  [
    'alternatives',
    { name: 'java', path: '/opt/b', priority: 70 },
    JAVA,
    ['ua --install /usr/bin/java java /opt/b 70 &&\nua --set java /opt/b'],
  ],
  ['alternatives', { name: 'java', path: '/opt/a', state: 'auto' }, JAVA, ['ua --auto java']],
  [
    'alternatives',
    {
      name: 'java',
      path: '/opt/c',
      state: 'present',
      subcommands: [
        new Map([
          ['name', 'j.1'],
          ['path', '/c.1'],
          ['link', '/usr/man/j.1'],
        ]),
      ],
    },
    JAVA,
    ['ua --install /usr/bin/java java /opt/c 50 --slave /usr/man/j.1 j.1 /c.1'],
  ],
  ['alternatives', { name: 'java', path: '/opt/b', state: 'absent' }, JAVA, ['ua --remove java /opt/b']],
  [
    'zypper',
    { name: 'git', clean_deps: 'yes', state: 'absent' },
    [[/ search /, '<solvable status="installed" name="git"/>']],
    /^zypper --quiet --non-interactive --xmlout remove --type package --clean-deps git;/,
  ],
  [
    'zypper',
    { name: '*', state: 'dist-upgrade', extra_args_precommand: '--root /mnt' },
    [[/--dry-run/, '<solvable name="git"/>']],
    /--xmlout --root \/mnt dist-upgrade --auto-agree/,
  ],
  ['zypper', { name: 'git>=2', force: 'yes' }, [], []],
  ['zypper', { name: 'git', force: 'yes', replacefiles: 'yes' }, [], /install .*--force --replacefiles -- '?\+git/],
  [
    'dnf',
    { name: 'git', download_only: 'yes', download_dir: '/d', disable_excludes: 'all' },
    [],
    ['dnf -y -q --downloadonly --downloaddir=/d --disableexcludes=all install git'],
  ],
  ['dnf', { list: 'installed' }, LISTED, []],
  ['apk', { upgrade: 'yes', available: 'yes' }, [], ['apk upgrade -q --available']],
])('%s %j', async (name, args, answers, expected) => {
  const found = await commands(name, args, answers);
  if (Array.isArray(expected)) expect(found).toEqual(expected);
  else if (typeof expected === 'string') expect(found).toBe(expected);
  else expect(String(found)).toMatch(expected);
});

test('git trusts a host that it meets for the first time only where it is told to', async () => {
  const trusting = /GIT_SSH_COMMAND='ssh -o StrictHostKeyChecking=accept-new'/;
  const given = { repo: 'git@h:r.git', dest: '/r' };
  expect(String(await planned('git', { ...given, accept_hostkey: 'yes' }, []))).toMatch(trusting);
  expect(String(await planned('git', given, []))).not.toMatch(trusting);
});

test('dnf lists packages whose long names stand on a line of their own', async () => {
  const execute = async (script: string) => ({
    code: 0,
    stdout: LISTED.find(([asked]) => asked.test(script))?.[1] ?? '',
    stderr: '',
    truncated: false,
  });
  const host = localHost({ execute });
  const { results } = await host.apply(modules.get('dnf') as AnyModule, { list: 'installed' });
  expect((results as Map<string, string>[]).map((each) => each.get('nevra'))).toEqual([
    '0:bash-5.1-2.el9.x86_64',
    '1:long-name-2.0-1.noarch',
  ]);
  host.remove();
});
