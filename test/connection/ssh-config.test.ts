import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostTarget } from '../../src/connection/connection.js';
import { jumpTargets } from '../../src/connection/ssh-jump.js';
import { readSshConfig, withSshSettings } from '../../src/connection/ssh-config.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stars-ssh-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bare: HostTarget = {
  name: 'alpha',
  address: 'alpha',
  port: 22,
  user: 'me',
  privateKeyFiles: ['/default'],
  knownHostsFiles: ['/known'],
  kind: 'ssh',
  connectTimeoutMs: 1000,
  unset: ['port', 'user', 'privateKeyFiles', 'knownHostsFiles'],
};

async function settled(text: string, target: HostTarget = bare): Promise<HostTarget> {
  const file = join(folder, 'config');
  writeFileSync(file, text);
  return withSshSettings(target, await readSshConfig(file));
}

test('fills in what nobody gave', async () => {
  const text = `Host alpha
    HostName 10.0.0.%h
    Port 2222
    User ops
    IdentityFile ~/.ssh/ops
    IdentityFile /other
    UserKnownHostsFile /a /b
    ProxyJump bastion
    HostKeyAlias real-alpha
    IdentitiesOnly yes
    IdentityAgent /agent`;
  expect(await settled(text)).toMatchObject({
    name: 'alpha',
    address: '10.0.0.alpha',
    port: 2222,
    user: 'ops',
    privateKeyFiles: [join(homedir(), '.ssh/ops'), '/other'],
    knownHostsFiles: ['/a', '/b'],
    proxyJump: 'bastion',
    hostKeyName: 'real-alpha',
    identitiesOnly: true,
    agentSocket: '/agent',
  });
});

test('leaves alone what was given', async () => {
  const given = { ...bare, unset: [], proxyJump: 'mine' };
  const text = 'Host *\n  Port 1\n  User other\n  IdentityFile /o\n  UserKnownHostsFile /o\n  ProxyJump o';
  expect(await settled(text, given)).toMatchObject({
    port: 22,
    user: 'me',
    privateKeyFiles: ['/default'],
    knownHostsFiles: ['/known'],
    proxyJump: 'mine',
  });
});

test.each([
  ['a missing user', 'Host alpha\n  Port 2222', { user: 'me', port: 2222 }],
  ['the first value', 'Host al*\n  Port 1\nHost *\n  Port 2', { port: 1 }],
  ['another host', 'Host beta\n  Port 1', { port: 22 }],
  ['an excluded host', 'Host * !alpha\n  Port 1', { port: 22 }],
  ['keys in any case', 'host alpha\n  PORT=2222', { port: 2222 }],
  ['a jump that is none', 'Host alpha\n  ProxyJump none\nHost *\n  ProxyJump bastion', { proxyJump: undefined }],
  [
    'the home folder and the real name in paths',
    'Host alpha\n  HostName real\n  IdentityFile %d/keys/%h',
    { privateKeyFiles: [join(homedir(), 'keys', 'real')] },
  ],
  ['Match exec, never run', 'Match exec "true"\n  Port 1', { port: 22 }],
])('reads %s', async (_title, text, expected) => {
  expect(await settled(text)).toMatchObject(expected);
});

test('follows Include, relative and with wildcards, and not for ever', async () => {
  mkdirSync(join(folder, 'config.d'));
  writeFileSync(join(folder, 'config.d', '10-ports.conf'), 'Host alpha\n  Port 2222\n');
  writeFileSync(join(folder, 'config.d', '20-loop.conf'), `Include ${join(folder, 'config')}\n`);
  writeFileSync(join(folder, 'config.d', 'other'), 'Host alpha\n  Port 1\n');
  expect(await settled('Include config.d/*.conf missing\nHost alpha\n  User ops')).toMatchObject({
    port: 2222,
    user: 'ops',
  });
});

test('runs nothing for a Match exec', async () => {
  const proof = join(folder, 'proof');
  await settled(`Match exec "touch ${proof}"\n  Port 1`);
  expect(existsSync(proof)).toBe(false);
});

test('a file that is not there says nothing', async () => {
  expect(withSshSettings(bare, await readSshConfig(join(folder, 'none')))).toMatchObject({ port: 22, user: 'me' });
});

test('a ProxyCommand is refused in words', async () => {
  await expect(settled('Host alpha\n  ProxyCommand nc %h %p')).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    hint: 'Use ProxyJump instead.',
  });
});

test('the password of a host is not shown to the hosts in front of it', async () => {
  const target = { ...bare, password: 'tell-nobody', proxyJump: 'eve@gate:2222,inner' };
  const jumps = jumpTargets(target, await readSshConfig(join(folder, 'none')));
  expect(jumps.map(({ user, address, port }) => `${user}@${address}:${port}`)).toEqual([
    'eve@gate:2222',
    expect.stringMatching(/@inner:22$/),
  ]);
  expect(JSON.stringify(jumps)).not.toContain('tell-nobody');
});
