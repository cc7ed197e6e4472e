import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { openHome } from '../../src/home/home.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import { createStars, type Stars } from '../../src/stars.js';
import { type Account, accountOf, accountOfAnsible, type AnsibleOutput } from '../support/playbook-corpus.js';
import { ALL } from './differential/sample.js';
import { differencesOf, type Snapshot, snapshotOf } from './differential/snapshot.js';
import { baseImage } from './support/base-image.js';
import { type RealHost, type RealHosts, realHosts } from './support/real-hosts.js';

const STACK = resolve(import.meta.dirname, '..', '..', 'stack');
const MEMBERS = ['master0', 'worker0'] as const;

// Two sets of the same hosts, whose networks alone tell them apart: one for Ansible, one for Stars.
let sets: { ansible: RealHosts; lab: RealHosts };
let image: string;
let folder: string;
let stars: Stars;

beforeAll(async () => {
  image = await baseImage();
  sets = { ansible: await realHosts(2), lab: await realHosts(2) };
  folder = mkdtempSync(join(tmpdir(), 'stars-stack-'));
  mkdirSync(join(folder, 'out'));
  symlinkSync(STACK, join(folder, 'stack'));
  writeInventory('lab', sets.lab);
  writeInventory('ansible', sets.ansible);
  const home = await openHome({ env: { STARS_HOME: folder, HOME: folder }, cwd: folder });
  const connect = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });
  stars = await createStars({ home, clock: systemClock, log: silentLog, connect, env: process.env });
});

afterAll(async () => {
  await stars.close();
  await sets.ansible.stop();
  await sets.lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Both tools know their hosts by the same names, so that what they write may be compared. */
function writeInventory(environment: string, set: RealHosts): void {
  mkdirSync(join(folder, 'inventories', environment), { recursive: true });
  const [master, worker] = MEMBERS.map((name, index) => `${name} ansible_host=${set.host(index).address}`);
  const variables = [
    'ansible_user=stars',
    `ansible_ssh_private_key_file=${set.privateKeyFile}`,
    `ansible_ssh_common_args='-o UserKnownHostsFile=${set.knownHostsFile} -o StrictHostKeyChecking=yes'`,
  ];
  writeFileSync(
    join(folder, 'inventories', environment, 'hosts'),
    ['[masters]', master, '[workers]', worker, '[all:vars]', ...variables].join('\n'),
  );
}

async function playWithStars(playbook: string, options: readonly string[]): Promise<Account> {
  const answer = await stars.bot.handle({
    words: { words: ['deploy', playbook, 'lab', ...options], rest: undefined },
    text: `deploy ${playbook} lab`,
    person: { id: 'terminal:test', name: 'test' },
    source: 'terminal',
  });
  if (answer.kind !== 'run') throw new Error('deploy is a run');
  const end = await answer.ended;
  const events = await stars.store.events(answer.id);
  const failures = events.filter((event) => event.type === 'task.result' && event.status === 'failed').slice(0, 3);
  if (end.error) throw new Error(JSON.stringify([end.error, failures]));
  const result = { hosts: end.hosts ?? {}, failed: undefined, plays: 1, broken: false, files: [] };
  return accountOf({
    folder,
    result,
    error: undefined,
    events,
    notes: [],
    connected: [],
  });
}

function playWithAnsible(playbook: string, options: readonly string[]): Promise<Account> {
  const env = {
    ...process.env,
    ANSIBLE_STDOUT_CALLBACK: 'account',
    ANSIBLE_CALLBACK_PLUGINS: join(import.meta.dirname, '..', 'oracle', 'callback_plugins'),
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_DEPRECATION_WARNINGS: 'false',
    ANSIBLE_PIPELINING: '1',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_HOME: join(folder, 'home'),
  };
  const words = ['-i', join(folder, 'inventories', 'ansible', 'hosts'), join(STACK, `${playbook}.yml`), ...options];
  return new Promise((done, broken) => {
    execFile('ansible-playbook', words, { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const line = stdout.split('\n').find((one) => one.startsWith('{"plays"'));
      if (error || line === undefined) broken(new Error(stderr + stdout.slice(-4000)));
      else done(accountOfAnsible(JSON.parse(line) as AnsibleOutput, folder));
    });
  });
}

function snapshots(set: RealHosts): Promise<Snapshot[]> {
  return Promise.all(MEMBERS.map((_name, index) => snapshotOf(sideOf(set.host(index)))));
}

function sideOf(host: RealHost) {
  const network = host.address.replace(/\.\d+$/, '');
  return { host, alike: (text: string) => text.replaceAll(network, 'NETWORK') };
}

/** What differs on hosts of the same name, as lines. */
function differences(some: readonly Snapshot[], others: readonly Snapshot[]): string[] {
  return MEMBERS.flatMap((name, index) => {
    const [one, other] = [some[index], others[index]];
    if (!one || !other) throw new Error(`There is no snapshot of ${name}.`);
    return [...differencesOf(one, other, image)].map(([path, [a, b]]) => `${name} ${path}: ${a} | ${b}`);
  });
}

// These take minutes and find little beyond the others: `npm run test:hosts -- --all` plays them.
const [early, thorough] = ALL ? [test, describe] : [test.skip, describe.skip];

early('check mode tells of each task what Ansible tells, and changes nothing on any host', async () => {
  const before = await snapshots(sets.lab);
  const [theirs, ours] = await Promise.all([playWithAnsible('site', ['--check']), playWithStars('site', ['--check'])]);
  expect(ours).toEqual(theirs);
  expect(differences(before, await snapshots(sets.lab))).toEqual([]);
});

test('the first run brings hosts to the very state that ansible-playbook brings them to, task by task', async () => {
  const [theirs, ours] = await Promise.all([playWithAnsible('site', []), playWithStars('site', [])]);
  expect(ours).toEqual(theirs);
  expect(ours.recap.worker0?.changed).toBeGreaterThan(10);
  expect(differences(await snapshots(sets.ansible), await snapshots(sets.lab))).toEqual([]);
});

test('the second run finds nothing to do, as Ansible does', async () => {
  await playAgain('site');
});

thorough('and with more time', () => {
  test.each(['masters', 'workers'])('another run of %s finds nothing to do, as Ansible does', async (playbook) => {
    await playAgain(playbook);
  });

  test('what Ansible finds on a host that Stars deployed is nothing to change', async () => {
    writeInventory('ansible', sets.lab);
    const { recap } = await playWithAnsible('site', []);
    expect(Object.values(recap).map(({ changed, failed }) => ({ changed, failed }))).toEqual([
      { changed: 0, failed: 0 },
      { changed: 0, failed: 0 },
    ]);
  });
});

async function playAgain(playbook: string): Promise<void> {
  const [theirs, ours] = await Promise.all([playWithAnsible(playbook, []), playWithStars(playbook, [])]);
  expect(ours).toEqual(theirs);
  expect(new Set(Object.values(ours.recap).map(({ changed }) => changed))).toEqual(new Set([0]));
  expect(differences(await snapshots(sets.ansible), await snapshots(sets.lab))).toEqual([]);
}
