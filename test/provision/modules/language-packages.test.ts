import { expect, test } from '@jest/globals';
import { type Answers, planned } from '../support/planned.js';

const listed = (dependencies: object): Answers => [[/list --json/, JSON.stringify({ dependencies })]];
const PACKAGES: Answers = [[/list --format/, 'Mesos.interface==1.4.1\nsix==2.0rc1\n']];
const BOWER = listed({ bower: { version: '1.8.0' } });

test.each<[string, Record<string, unknown>, Answers, string | (string | RegExp)[]]>([
  ['npm', { name: 'bower', global: true }, BOWER, []],
  ['npm', { name: 'bower', global: true, version: '1.8.0' }, BOWER, []],
  ['npm', { name: 'bower', global: true, version: '2' }, BOWER, [/npm install --global bower@2 \)$/]],
  ['npm', { path: '/p' }, listed({ a: { missing: true } }), [/^mkdir -p \/p && \( cd \/p \|\| exit\nnpm install \)$/]],
  ['npm', { name: 'bower', global: true, state: 'absent' }, BOWER, [/npm uninstall --global bower \)$/]],
  [
    'npm',
    { name: 'bower', global: true, state: 'latest' },
    [...BOWER, [/outdated/, 'x']],
    [/npm update --global bower/],
  ],
  ['npm', { name: 'x; y', global: true }, [], [/npm install --global 'x; y'/]],
  [
    'npm',
    { name: 'x', global: true, registry: 'https://me:secret@reg/' },
    [],
    [/^\( export npm_config_registry=https:\/\/me:secret@reg\/\nnpm install --global x \)$/],
  ],
  ['npm', { name: 'x' }, [], 'path must be specified when not using global'],
  [
    'easy_install',
    { name: 'pip' },
    [[/--dry-run/, '/usr/bin/easy_install\nDownloading\n']],
    ['/usr/bin/easy_install pip'],
  ],
  ['easy_install', { name: 'pip' }, [[/--dry-run/, '/usr/bin/easy_install\n']], []],
  [
    'easy_install',
    { name: 'pip', virtualenv: '/v' },
    [],
    [/virtualenv \/v \).*easy_install-?.*pip --dry-run|virtualenv \/v/s],
  ],
  ['pip', { name: 'six' }, PACKAGES, []],
  ['pip', { name: 'mesos_interface>=1.0,<2' }, PACKAGES, []],
  ['pip', { name: ['mesos.interface~=1.3', 'six>=2.0.dev1'] }, PACKAGES, []],
  ['pip', { name: ['mesos.interface==1.4.*', '!=1.4.2'] }, PACKAGES, []],
  ['pip', { name: 'six<2.0' }, PACKAGES, [/"\$@" install 'six<2\.0'/]],
  ['pip', { name: 'mesos.interface', version: '1.5' }, PACKAGES, [/install mesos\.interface==1\.5/]],
  ['pip', { name: 'mesos.interface', version: '>1.4' }, PACKAGES, []],
  ['pip', { name: 'a[x,y]>=1,<2,b' }, PACKAGES, [/install 'a\[x,y\]>=1,<2' b/]],
  ['pip', { name: 'six[extra]' }, PACKAGES, [/install 'six\[extra\]'/]],
  ['pip', { name: 'six', state: 'absent' }, PACKAGES, [/uninstall -y six/]],
  ['pip', { name: 'other', state: 'absent' }, PACKAGES, []],
  ['pip', { name: 'six', extra_args: "--find-links '/a b'" }, PACKAGES, [/install --find-links '\/a b' six/]],
  ['pip', { requirements: '/r.txt', virtualenv: 'env', chdir: '/srv' }, [[/bin.activate/, '']], [/\/srv\/env/]],
  ['pip', { name: null }, PACKAGES, []],
  ['pip', {}, PACKAGES, 'one of the following is required: name, requirements'],
  ['pip', { name: 'a', umask: '9' }, PACKAGES, 'umask must be an octal integer'],
])('%s %j', async (name, args, answers, expected) => {
  const commands = await planned(name, args, answers);
  if (!Array.isArray(expected)) return expect(commands).toBe(expected);
  expect(commands).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(commands[index]).toMatch(pattern);
});

test('a host without npm, and an npm that says no JSON, are told', async () => {
  await expect(planned('npm', { name: 'x', global: true }, [[/./, '', 127]])).rejects.toThrow('executable "npm"');
  await expect(planned('npm', { name: 'x', global: true }, [[/./, 'oops']])).rejects.toThrow('not JSON');
});
