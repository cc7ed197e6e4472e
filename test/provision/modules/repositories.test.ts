import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { zypperRepository } from '../../../src/provision/modules/zypper-repository.js';
import { deb822Repository } from '../../../src/provision/modules/deb822-repository.js';
import { debconf } from '../../../src/provision/modules/debconf.js';
import { plainOf } from '../../../src/provision/task-result.js';
import { type LocalHost, localHost } from '../support/local-host.js';
import { type Answers, planned } from '../support/planned.js';

const DOCKER = {
  name: 'Docker CE_1',
  uris: 'https://download.docker.com/linux/debian',
  suites: ['bookworm', 'bullseye'],
  components: 'stable',
  architectures: 'amd64',
  by_hash: false,
  date_max_future: 10,
};

const NOTHING: Answers = [[/stat -c/, 'parent\n']];

test('a repository of apt is a .sources file with its fields in order', async () => {
  const [command] = await planned('deb822_repository', DOCKER, NOTHING);
  expect(command).toContain(`'Architectures: amd64
By-Hash: no
Components: stable
Date-Max-Future: 10
X-Repolib-Name: Docker CE_1
Suites: bookworm bullseye
Types: deb
URIs: https://download.docker.com/linux/debian
'`);
  expect(command).toContain('/etc/apt/sources.list.d/docker-ce-1.sources');
});

test('a key given as text is indented, with dots for empty lines', async () => {
  const signed = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n';
  const [command] = await planned('deb822_repository', { ...DOCKER, signed_by: signed }, NOTHING);
  expect(command).toContain(`Signed-By:
    -----BEGIN PGP PUBLIC KEY BLOCK-----
    .
    abc
    -----END PGP PUBLIC KEY BLOCK-----
Suites:`);
});

test.each([
  ['-----BEGIN PGP PUBLIC KEY BLOCK-----\nabc', 'asc'],
  ['\u0099\u0001', 'gpg'],
])('a key of the web becomes a file of its kind: %j', async (key, extension) => {
  const answers: Answers = [[/curl/, Buffer.from(key, 'latin1').toString('base64')], ...NOTHING];
  const commands = await planned('deb822_repository', { ...DOCKER, signed_by: 'https://x/key' }, answers);
  const file = `/etc/apt/keyrings/docker-ce-1.${extension}`;
  expect(String(commands)).toContain(file);
  expect(commands.at(-1)).toContain(`Signed-By: ${file}\n`);
});

test('a key that cannot be fetched fails before anything is written', async () => {
  const host = localHost({
    execute: async () => ({ code: 0, stdout: '', stderr: '404 stars-failed', truncated: false }),
  });
  await expect(host.plan(deb822Repository, { ...DOCKER, signed_by: 'https://x/key' })).rejects.toThrow(
    'Could not fetch signed_by key https://x/key: 404',
  );
  host.remove();
});

test('a repository of apt is removed with its keys', async () => {
  const answers: Answers = [
    [/\.sources'? *\]|\.sources/, 'self 81a4:1:1:1:1:0:0:0:0:0:root:root\n'],
    [/\.asc/, 'self 81a4:1:1:1:1:0:0:0:0:0:root:root\n'],
  ];
  expect(await planned('deb822_repository', { name: 'x', state: 'absent' }, answers)).toEqual([
    'rm -f /etc/apt/sources.list.d/x.sources /etc/apt/keyrings/x.asc',
  ]);
});

const zypper = (args: Record<string, unknown>, repositories: string) =>
  planned('zypper_repository', args, [
    [
      /--xmlout/,
      `zypper 1.14.30\nstars-zypper 15.4 x86_64\n<repo-list>${repositories}</repo-list>\nstars-zypper code 0\n`,
    ],
  ]);
const MINE =
  '<repo alias="mine" name="Mine" priority="99" enabled="1" autorefresh="1" gpgcheck="1"><url>http://r/15.4/</url></repo>';

test.each([
  ['is left alone', { name: 'mine', repo: 'http://r/$releasever' }, MINE, []],
  [
    'is added',
    { name: 'new', repo: 'http://n', disable_gpg_check: true },
    MINE,
    ['addrepo --check --no-gpgcheck --refresh http://n new'],
  ],
  [
    'takes the place of the old one',
    { name: 'mine', repo: 'http://n' },
    MINE,
    ['removerepo http://r/15.4/', 'addrepo --check --gpgcheck --refresh http://n mine'],
  ],
  ['is removed', { name: 'mine', state: 'absent' }, MINE, ['removerepo mine']],
])('a repository of zypper %s', async (_title, args, repositories, expected) => {
  expect(await zypper(args, repositories)).toEqual(
    expected.map((words) => `zypper --quiet --non-interactive ${words}`),
  );
});

test('a password in the address of a repository is no argument', async () => {
  const [command] = await zypper({ name: 'new', repo: 'https://me:secret@n/' }, '');
  expect(command).toMatch(/^\( umask 077 && printf .*secret.* >\S+\.repo \) && zypper [^;]*;/);
  expect(command?.split('&& zypper')[1]).not.toContain('secret');
});

test('zypper says what is missing', async () => {
  const host = localHost();
  expect(await host.plan(zypperRepository, { repo: 'http://n' })).toMatchObject({
    failed: expect.stringContaining('Name'),
  });
  host.remove();
});

let host: LocalHost;
beforeEach(() => {
  host = localHost({
    execute: async () => ({
      code: 0,
      stdout: '* x/a: one: two\n  x/b: false\n  x/p: (password omitted)\n',
      stderr: '',
      truncated: false,
    }),
  });
});
afterEach(() => host.remove());

test('answers of debconf are told, compared and set by standard input', async () => {
  const plan = (args: Record<string, unknown>) => host.plan(debconf, { name: 'x', ...args });
  expect(plainOf((await plan({})).result?.get('current') ?? null)).toEqual({
    'x/a': 'one: two',
    'x/b': 'false',
    'x/p': '(password omitted)',
  });
  expect((await plan({ question: 'x/b', vtype: 'boolean', value: false })).actions).toEqual([]);
  expect((await plan({ question: 'x/p', vtype: 'password', value: "se'cret" })).actions).toEqual([
    { kind: 'run', command: { text: `printf '%s\\n' 'x x/p password se'\\''cret' | debconf-set-selections` } },
  ]);
  expect(await plan({ question: 'x/a' })).toMatchObject({ failed: expect.stringContaining('required together') });
});

test('what dpkg is to do with a package is only said where it is another', async () => {
  const answers: Answers = [[/get-selections/, 'curl\t\t\tinstall\n']];
  expect(await planned('dpkg_selections', { name: 'curl', selection: 'install' }, answers)).toEqual([]);
  expect(await planned('dpkg_selections', { name: 'curl', selection: 'hold' }, answers)).toEqual([
    "printf '%s\\n' 'curl hold' | dpkg --set-selections",
  ]);
});
