import { afterAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Account,
  accountOfAnsible,
  type AnsibleOutput,
  type Case,
  CORPUS,
  inOrder,
  readCases,
} from '../support/playbook-corpus.js';
import { removeProjects, writeProject } from '../support/run-playbook.js';
import { ALL, drawn } from './differential/sample.js';

// What real Ansible makes of every case is kept beside it, so that the tests without Ansible compare with that.
// UPDATE_ACCOUNTS=1 writes the accounts anew; ONLY=<name>,… takes some cases, STARS_TEST_SEED=… draws others, `--all` takes every one.
const UPDATE = process.env.UPDATE_ACCOUNTS === '1';
const ONLY = process.env.ONLY?.split(',');
const cases = readCases().filter(({ name }) => (ONLY ? ONLY.includes(name) : ALL || UPDATE || drawn(name, 12)));

afterAll(removeProjects);

test.each(cases.map((one) => [one.name, one] as const))(
  'ansible-playbook does with %s what is written down',
  async (name, one) => {
    const account = await playedByAnsible(one);
    const file = join(CORPUS, `${name}.json`);
    if (UPDATE) writeFileSync(file, `${JSON.stringify(account, undefined, 1)}\n`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(account);
  },
);

async function playedByAnsible(one: Case): Promise<Account> {
  const { project, args } = one;
  const folder = writeProject(project);
  const stack = join(folder, 'project');
  const out = await ansiblePlaybook(stack, [
    'site.yml',
    '-i',
    'inventory',
    '-c',
    'local',
    '-e',
    `base=${join(folder, 'out')}`,
    ...args,
  ]);
  const line = out.split('\n').find((one) => one.startsWith('{"plays"'));
  if (line === undefined) throw new Error(out);
  return inOrder(one, accountOfAnsible(JSON.parse(line) as AnsibleOutput, folder));
}

function ansiblePlaybook(cwd: string, args: string[]): Promise<string> {
  const env = {
    ...process.env,
    ANSIBLE_STDOUT_CALLBACK: 'account',
    ANSIBLE_CALLBACK_PLUGINS: join(import.meta.dirname, '..', 'oracle', 'callback_plugins'),
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_LOCALHOST_WARNING: 'false',
    ANSIBLE_DEPRECATION_WARNINGS: 'false',
    LC_ALL: 'C.UTF-8',
  };
  return new Promise((resolve) => {
    // A run in which hosts fail exits with 2 and has printed its account all the same.
    execFile('ansible-playbook', args, { cwd, env, maxBuffer: 64 << 20, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve(stdout || `${stderr}${error?.message ?? ''}`),
    );
  });
}
