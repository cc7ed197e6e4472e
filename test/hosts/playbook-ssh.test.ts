import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSshConnect } from '../../src/connection/ssh.js';
import { hostTarget } from '../../src/connection/target.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import {
  type Account,
  accountOf,
  accountOfAnsible,
  type AnsibleOutput,
  type Case,
  inOrder,
  readCases,
  requestOf,
  withoutOwnWords,
} from '../support/playbook-corpus.js';
import { removeProjects, runIn, writeProject } from '../support/run-playbook.js';
import { createHostPair, type HostPair, type Side } from './differential/host-pair.js';
import { ALL } from './differential/sample.js';

// The corpus again, over SSH and as root by sudo: every host of its inventories is the tool's own real host.

/** Of each kind one; `npm run test:hosts -- --all` plays the whole corpus. */
const PART = ['blocks', 'check', 'environment', 'failures', 'files', 'handlers', 'loops', 'results'];
const cases = readCases().filter(({ name }) => ALL || PART.includes(name));

let pair: HostPair;

beforeAll(async () => {
  pair = await createHostPair();
});
afterAll(async () => {
  await pair.stop();
  removeProjects();
});

test.each(cases.map((one) => [one.name, one] as const))(
  'over SSH, as root, %s comes to what it comes to with Ansible',
  async (_name, one) => {
    const folder = writeProject(one.project);
    for (const { host } of pair.sides) await host.inside('mkdir', '-p', join(folder, 'out'));
    const theirs = inOrder(one, await played(folder, pair.ansible, () => playWithAnsible(one, folder)));
    const ours = inOrder(one, await played(folder, pair.stars, () => playWithStars(one, folder)));
    expect(withoutOwnWords(ours, theirs)).toEqual(theirs);
  },
);

/** The account is made where the files that the play wrote on the host lie in the folder here. */
async function played(folder: string, { host, alike }: Side, play: () => Promise<() => Account>): Promise<Account> {
  const account = await play();
  rmSync(join(folder, 'out'), { recursive: true });
  mkdirSync(join(folder, 'out'));
  cpSync(join(host.root(), folder, 'out'), join(folder, 'out'), { recursive: true, verbatimSymlinks: true });
  return JSON.parse(alike(JSON.stringify(account()))) as Account;
}

async function playWithStars(one: Case, folder: string): Promise<() => Account> {
  const connect = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });
  const { extraVars = [], ...request } = requestOf(one);
  const end = await runIn(folder, {
    ...request,
    extraVars: [...reach(pair.stars), ...extraVars],
    connect: (host, variables) => connect(hostTarget(host, variables, { connectTimeoutMs: 10_000 })),
  });
  return () => accountOf(end);
}

async function playWithAnsible({ args }: Case, folder: string): Promise<() => Account> {
  const words = ['site.yml', '-i', 'inventory', '-e', `base=${join(folder, 'out')}`];
  const out = await ansiblePlaybook(join(folder, 'project'), [
    ...words,
    ...reach(pair.ansible).flatMap((given) => ['-e', given]),
    ...args,
  ]);
  const line = out.split('\n').find((one) => one.startsWith('{"plays"'));
  if (line === undefined) throw new Error(out);
  return () => accountOfAnsible(JSON.parse(line) as AnsibleOutput, folder);
}

/** Every host of an inventory is this one. */
function reach({ host, reach: variables }: Side): string[] {
  return [JSON.stringify({ ...variables, ansible_host: host.address, ansible_become: true })];
}

function ansiblePlaybook(cwd: string, words: string[]): Promise<string> {
  const env = {
    ...process.env,
    ANSIBLE_STDOUT_CALLBACK: 'account',
    ANSIBLE_CALLBACK_PLUGINS: join(import.meta.dirname, '..', 'oracle', 'callback_plugins'),
    ANSIBLE_HOME: join(pair.folder, 'ansible'),
    ANSIBLE_PIPELINING: '1',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_DEPRECATION_WARNINGS: 'false',
    LC_ALL: 'C.UTF-8',
  };
  return new Promise((resolve) => {
    // A run in which hosts fail exits with 2 and has printed its account all the same.
    execFile('ansible-playbook', words, { cwd, env, maxBuffer: 64 << 20, timeout: 300_000 }, (error, stdout, stderr) =>
      resolve(stdout.includes('{"plays"') ? stdout : `${stdout}${stderr}${error?.message ?? ''}`),
    );
  });
}
