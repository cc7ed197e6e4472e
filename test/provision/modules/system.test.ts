import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { assemble } from '../../../src/provision/modules/assemble.js';
import { authorizedKey } from '../../../src/provision/modules/authorized-key.js';
import { knownHosts } from '../../../src/provision/modules/known-hosts.js';
import { make } from '../../../src/provision/modules/make.js';
import { mount } from '../../../src/provision/modules/mount.js';
import { pamLimits } from '../../../src/provision/modules/pam-limits.js';
import { sysctl } from '../../../src/provision/modules/sysctl.js';
import { commands } from '../support/canned-host.js';
import type { Answers } from '../support/planned.js';
import { type LocalHost, localHost, shells } from '../support/local-host.js';

describe.each(shells())('with %s as the shell of the host', (...shell) => {
  let host: LocalHost;
  beforeEach(() => {
    host = localHost({ shell: shell.filter((word) => typeof word === 'string'), diffMode: true });
  });
  afterEach(() => host.remove());

  const at = (name: string) => join(host.folder, name);
  const read = (name: string) => readFileSync(at(name), 'utf8');

  test('sysctl changes the setting in its file, keeps comments, and leaves each setting there once', async () => {
    writeFileSync(at('s'), '# mine\n\nkernel.a = 1\nvm.b = 2\nkernel.a=3\nno setting');
    const args = { name: 'kernel.a', value: '5', sysctl_file: at('s'), reload: 'no' };
    expect(await host.apply(sysctl, args)).toMatchObject({ changed: true });
    expect(read('s')).toBe('# mine\n\nkernel.a=5\nvm.b=2\nno setting\n');
    expect((await host.plan(sysctl, args)).actions).toEqual([]);
    expect(await host.apply(sysctl, { ...args, value: undefined, state: 'absent' })).toMatchObject({ changed: true });
    expect(read('s')).toBe('# mine\n\nvm.b=2\nno setting\n');
  });

  test('sysctl says which folder is missing, and refuses a setting without a value', async () => {
    expect(await host.apply(sysctl, { name: 'a.b', value: 1, sysctl_file: at('no/s') })).toMatchObject({
      failed: true,
      msg: expect.stringContaining(at('no/s')),
    });
    expect(await host.apply(sysctl, { name: 'a.b' })).toMatchObject({ failed: true });
    expect(await host.apply(sysctl, { name: 'a.b', value: '' })).toMatchObject({ msg: 'value cannot be blank' });
  });

  test('sysctl takes a missing folder in check mode for one that an earlier task makes', async () => {
    const checked = localHost({ shell: shell.filter((word) => typeof word === 'string'), checkMode: true });
    try {
      const args = { name: 'a.b', value: 1, sysctl_file: join(checked.folder, 'no/s'), reload: 'no' };
      expect((await checked.plan(sysctl, args)).failed).toBeUndefined();
    } finally {
      checked.remove();
    }
  });

  test('mount writes an fstab in which spaces do not part the fields, and knows its own entry again', async () => {
    writeFileSync(at('fstab'), '# root\n/dev/a /a ext4 ro 0 1\nbroken line\n');
    const args = { path: '/b c', src: 'LABEL=x y', fstype: 'xfs', state: 'present', fstab: at('fstab') };
    expect(await host.apply(mount, args)).toMatchObject({ changed: true, name: '/b c', opts: 'defaults' });
    expect(read('fstab')).toBe('# root\n/dev/a /a ext4 ro 0 1\nbroken line\nLABEL=x\\040y /b\\040c xfs defaults 0 0\n');
    expect((await host.plan(mount, args)).actions).toEqual([]);
    expect(await host.apply(mount, { ...args, boot: 'no', opts: 'ro', backup: 'yes' })).toMatchObject({
      changed: true,
      opts: 'ro,noauto',
      backup_file: expect.stringContaining(`${at('fstab')}.`),
    });
    expect(await host.apply(mount, { path: '/b c', state: 'absent_from_fstab', fstab: at('fstab') })).toMatchObject({
      changed: true,
    });
    expect(read('fstab')).toBe('# root\n/dev/a /a ext4 ro 0 1\nbroken line\n');
  });

  test('mount that fails leaves the fstab and the folders as they were', async () => {
    writeFileSync(at('fstab'), '/dev/a /a ext4 ro 0 1\n');
    const args = { path: at('m/deep'), src: '/no/such', fstype: 'ext4', state: 'mounted', fstab: at('fstab') };
    expect(await host.apply(mount, args)).toMatchObject({
      failed: true,
      msg: expect.stringContaining(`Error mounting ${at('m/deep')}: `),
    });
    expect(read('fstab')).toBe('/dev/a /a ext4 ro 0 1\n');
    expect(() => statSync(at('m'))).toThrow();
  });

  test('pam_limits changes a limit where it stands and keeps its comment', async () => {
    writeFileSync(at('limits'), '# c\n*  -   nproc 5 # old\njoe soft nofile 1\n');
    const args = { domain: '*', limit_type: '-', limit_item: 'nproc', value: 'unlimited', dest: at('limits') };
    expect(await host.apply(pamLimits, args)).toMatchObject({ changed: true, msg: '*\t-\tnproc\tunlimited\t# old\n' });
    expect(read('limits')).toBe('# c\n*\t-\tnproc\tunlimited\t# old\njoe soft nofile 1\n');
    expect((await host.plan(pamLimits, { ...args, value: 9, use_max: true })).actions).toEqual([]);
    expect(await host.apply(pamLimits, { ...args, domain: 'ann', value: 'nine' })).toMatchObject({ failed: true });
  });

  test('authorized_key gives the user a file that only they can read, and keeps other keys in their places', async () => {
    const user = userInfo().username;
    const args = { user, path: at('keys/mine'), manage_dir: 'no', key: 'ssh-rsa AAAA1 me@home' };
    expect(await host.apply(authorizedKey, args)).toMatchObject({
      changed: true,
      keyfile: at('keys/mine'),
      mode: '0600',
    });
    writeFileSync(at('keys/mine'), `${read('keys/mine')}# note\ncommand="a b" ssh-dss AAAA2 x\n`);
    expect((await host.plan(authorizedKey, args)).actions).toEqual([]);
    await host.apply(authorizedKey, { ...args, key_options: 'no-pty', comment: 'moved' });
    expect(read('keys/mine')).toBe('# note\ncommand="a b" ssh-dss AAAA2 x\nno-pty ssh-rsa AAAA1 moved\n');
    await host.apply(authorizedKey, { ...args, state: 'absent' });
    expect(read('keys/mine')).toBe('# note\ncommand="a b" ssh-dss AAAA2 x\n');
    await host.apply(authorizedKey, { ...args, exclusive: 'yes' });
    expect(read('keys/mine')).toBe('ssh-rsa AAAA1 me@home\n');
    expect(await host.apply(authorizedKey, { ...args, key: 'no key' })).toMatchObject({
      failed: true,
      msg: 'invalid key specified: no key',
    });
  });

  test('authorized_key keeps a link only when it follows it', async () => {
    const user = userInfo().username;
    writeFileSync(at('real'), 'ssh-rsa AAAA1 a\n');
    symlinkSync('real', at('link'));
    const args = { user, path: at('link'), manage_dir: 'no', key: 'ssh-rsa AAAA2 b', follow: 'yes' };
    await host.apply(authorizedKey, args);
    expect(read('real')).toBe('ssh-rsa AAAA1 a\nssh-rsa AAAA2 b\n');
    await host.apply(authorizedKey, { ...args, key: 'ssh-rsa AAAA3 c', follow: 'no' });
    expect(read('real')).toBe('ssh-rsa AAAA1 a\nssh-rsa AAAA2 b\n');
    expect(read('link')).toBe('ssh-rsa AAAA1 a\nssh-rsa AAAA2 b\nssh-rsa AAAA3 c\n');
  });

  test.each(['yes', 'no'])(
    'assemble puts pieces together in the order of their names, with remote_src %s',
    async (remote) => {
      mkdirSync(at('pieces/sub'), { recursive: true });
      writeFileSync(at('pieces/2'), 'two\n');
      writeFileSync(at('pieces/1 x'), 'one');
      writeFileSync(at('pieces/.3'), Buffer.from([0xff, 10]));
      const args = { src: at('pieces'), dest: at('out'), remote_src: remote, delimiter: '--\\n' };
      expect(await host.apply(assemble, args)).toMatchObject({ changed: true, mode: '0644' });
      const between = remote === 'yes' ? '--\n' : '--\n\n';
      expect(readFileSync(at('out'), 'latin1')).toBe(`\xff\n${between}one\n${between}two\n`);
      expect((await host.plan(assemble, args)).actions).toEqual([]);
      chmodSync(at('out'), 0o600);
      expect(await host.apply(assemble, { ...args, ignore_hidden: 'yes', regexp: '^\\d$' })).toMatchObject({
        mode: '0600',
      });
      expect(read('out')).toBe('two\n');
      expect(await host.apply(assemble, { ...args, remote_src: 'yes', src: at('none') })).toMatchObject({
        failed: true,
        msg: `Source (${at('none')}) does not exist`,
      });
    },
  );
});

const SYSTEMD: Answers = [
  [/uname -n/, 'keeper systemd\nstatic old\nrunning old\nfull 10.0.0.1 web1.example.org web1\n'],
];
const ZONE = 'available\nsystemd\nTimezone=Etc/UTC\nLocalRTC=no\n';
const LOCALES: Answers = [
  [/locale -a/, 'C\nen_US.utf8\n'],
  [/locale\.gen/, `file\n${Buffer.from('# de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n').toString('base64')}\n`],
];

test.each<[string, Record<string, unknown>, Answers, string | RegExp | string[]]>([
  [
    'hostname',
    { name: 'web1' },
    SYSTEMD,
    ['--transient', '--pretty', '--static'].map((kind) => `hostnamectl ${kind} set-hostname web1`),
  ],
  ['hostname', { name: 'old' }, SYSTEMD, []],
  ['hostname', { name: 'a b' }, SYSTEMD, "A host cannot be named 'a b'."],
  ['timezone', { name: 'Asia/Tokyo' }, [[/timedatectl/, ZONE]], ['timedatectl set-timezone Asia/Tokyo']],
  ['timezone', { name: 'Etc/UTC', hwclock: 'local' }, [[/timedatectl/, ZONE]], ['timedatectl set-local-rtc yes']],
  ['timezone', { name: 'Etc/UTC', hwclock: 'UTC' }, [[/timedatectl/, ZONE]], []],
  ['timezone', { name: 'No/Where' }, [[/timedatectl/, 'systemd\nTimezone=Etc/UTC\n']], /No\/Where" is not available/],
  ['timezone', { name: '../../etc/passwd' }, [[/timedatectl/, ZONE]], /is not available/],
  ['timezone', { name: 'Asia/Tokyo' }, [[/timedatectl/, 'available\nTimezone=Asia/Tokyo\nNamed=Etc/UTC\n']], /ln -sf/],
  ['locale_gen', { name: 'de_DE.UTF-8' }, LOCALES, /'de_DE\.UTF-8 UTF-8\nen_US\.UTF-8 UTF-8\n'.*locale-gen$/s],
  ['locale_gen', { name: 'en_US.UTF-8' }, LOCALES, []],
  ['locale_gen', { name: 'en_US.UTF-8', state: 'absent' }, LOCALES, /# en_US\.UTF-8 UTF-8/],
  ['locale_gen', { name: 'xx_YY' }, LOCALES, /not available on your system/],
  ['modprobe', { name: 'dummy', params: 'a=1 b=2' }, [], ['modprobe dummy a=1 b=2']],
  ['modprobe', { name: 'dummy' }, [[/proc\/modules/, 'loaded\n']], []],
  ['modprobe', { name: 'dummy', state: 'absent' }, [[/proc\/modules/, 'loaded\n']], ['modprobe -r dummy']],
  [
    'modprobe',
    { name: 'dummy', persistent: 'present' },
    [[/proc\/modules/, 'loaded\nload /etc/modules-load.d/x.conf:dummy # why\n']],
    [],
  ],
  [
    'sysctl',
    { name: 'a.b', value: 1, sysctl_set: 'yes' },
    [
      [/sysctl -e/, '0\n'],
      [/self %f/, 'parent\n'],
    ],
    /^LC_ALL=C sysctl -w a\.b=1,.*sysctl -p/s,
  ],
])('%s %j', async (name, args, answers, expected) => {
  const planned = await commands(name, args, answers);
  if (Array.isArray(expected)) expect(planned).toEqual(expected);
  else if (typeof expected === 'string') expect(planned).toBe(expected);
  else expect(String(planned)).toMatch(expected);
});

const ED = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKPphuDBEHm4vv7W4I4AfNXxAP1A1PpZOOHmdZQqU6Ro';

test('known_hosts replaces the key of a type, hashes names and finds hashed ones again', async () => {
  const host = localHost();
  const file = join(host.folder, 'known');
  writeFileSync(file, `# mine\nh1 ssh-rsa AAAAB3NzaC1yc2E=\nh1 ssh-ed25519 AAAAold1\nh2,h3 ${ED}\n`);
  const args = { name: 'h1', path: file, key: `h1 ${ED}` };
  expect(await host.apply(knownHosts, args)).toMatchObject({ changed: true, name: 'h1', state: 'file' });
  expect(readFileSync(file, 'utf8')).toBe(`# mine\nh1 ssh-rsa AAAAB3NzaC1yc2E=\nh2,h3 ${ED}\nh1 ${ED}\n`);
  expect((await host.plan(knownHosts, args)).actions).toEqual([]);
  const hidden = { name: '[h9]:2222', path: file, key: `[h9]:2222 ${ED}`, hash_host: 'yes' };
  await host.apply(knownHosts, hidden);
  expect(readFileSync(file, 'utf8')).not.toContain('[h9]');
  expect(spawnSync('ssh-keygen', ['-F', '[h9]:2222', '-f', file], { encoding: 'utf8' }).stdout).toContain(ED);
  expect((await host.plan(knownHosts, hidden)).actions).toEqual([]);
  await host.apply(knownHosts, { name: '[h9]:2222', path: file, state: 'absent' });
  await host.apply(knownHosts, { name: 'h1', path: file, state: 'absent' });
  expect(readFileSync(file, 'utf8')).toBe(`# mine\nh2,h3 ${ED}\n`);
  for (const wrong of [{ name: 'h4', key: `h5 ${ED}` }, { name: 'h4', key: 'h4 nonsense' }, { name: 'h4' }])
    expect(await host.apply(knownHosts, { path: file, ...wrong })).toMatchObject({ failed: true });
  host.remove();
});

test('make runs only when make itself says that something is to be done', async () => {
  const host = localHost();
  writeFileSync(join(host.folder, 'Makefile'), 'a:\n\techo $(X) >a\nbad:\n\tfalse\n');
  const args = { chdir: host.folder, target: 'a', params: new Map([['X', 'b c']]) };
  expect(await host.apply(make, args)).toMatchObject({ changed: true, stdout: 'echo b c >a', target: 'a' });
  expect(readFileSync(join(host.folder, 'a'), 'utf8')).toBe('b c\n');
  expect(await host.apply(make, args)).toMatchObject({ changed: false });
  expect(await host.apply(make, { chdir: host.folder, target: 'bad' })).toMatchObject({ failed: true, rc: 2 });
  expect(await host.apply(make, { chdir: join(host.folder, 'no') })).toMatchObject({ failed: true });
  host.remove();
});

test.each<[Record<string, unknown>, string, string[] | string]>([
  [{ capability: 'cap_chown+ep' }, '', ['setcap cap_chown=ep /x']],
  [{ capability: 'cap_chown+ep' }, '/x cap_chown,cap_kill=ep', []],
  [{ capability: 'cap_chown=ep' }, '/x = cap_chown+ep cap_kill+i', []],
  [{ capability: 'cap_chown+eip' }, '/x cap_chown,cap_kill=ep', ["setcap 'cap_kill=ep cap_chown=eip' /x"]],
  [{ capability: 'cap_chown+ep', state: 'absent' }, '/x cap_chown=ep', ['setcap -r /x']],
  [{ capability: 'cap_chown+ep', state: 'absent' }, '/x cap_kill=ep', []],
  [{ capability: 'all' }, '', 'all is no capability with flags, such as cap_chown+ep.'],
])('capabilities %j of a program with "%s"', async (args, has, expected) => {
  expect(await commands('capabilities', { path: '/x', ...args }, [[/getcap/, `known\n${has}\n`]])).toEqual(expected);
});
