import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../src/clock.js';
import { createSshConnect } from '../../../src/connection/ssh.js';
import { hostTarget } from '../../../src/connection/target.js';
import { loadInventory } from '../../../src/inventory/inventory.js';
import { createVault } from '../../../src/inventory/vault.js';
import { silentLog } from '../../../src/log.js';
import type { RunEventBody } from '../../../src/model/run.js';
import { args, int, raw } from '../../../src/provision/arguments.js';
import { defineModule } from '../../../src/provision/module.js';
import { modules } from '../../../src/provision/modules/index.js';
import { createProvision } from '../../../src/provision/provision.js';
import { plainOf } from '../../../src/provision/task-result.js';
import { createRedactor } from '../../../src/secret.js';
import type { AnsibleOutput } from '../../support/playbook-corpus.js';
import type { PlacedCase } from './case.js';
import type { HostPair, Side } from './host-pair.js';
import { type CasePlaybook, playbookOf, TITLE } from './playbook-of.js';

/** What became of one task. */
export type TaskEnd = { title: string; status: string; changed: boolean; result: Fields | undefined };
export type Fields = Record<string, unknown>;

/** The tasks of every case, by the case's number. */
export type Account = ReadonlyMap<number, readonly TaskEnd[]>;

type PlayOptions = { check: boolean };

export async function playBoth(pair: HostPair, cases: readonly PlacedCase[], options: PlayOptions) {
  const [ansible, stars] = await Promise.all([
    playWithAnsible(pair, playbookOf(cases, { local: pair.local, report: false }), options),
    playWithStars(pair, playbookOf(cases, { local: pair.local, report: true }), options),
  ]);
  return { ansible, stars };
}

async function playWithAnsible(pair: HostPair, playbook: CasePlaybook, { check }: PlayOptions): Promise<Account> {
  const file = writePlaybook(pair, pair.ansible, playbook.text);
  const out = await ansiblePlaybook(pair, ['-i', pair.ansible.inventory, file, ...(check ? ['--check'] : [])]);
  const line = out.split('\n').find((one) => one.startsWith('{"plays"'));
  if (line === undefined) throw new Error(`ansible-playbook did not play ${file}: ${out.slice(-4000)}`);
  const { plays } = JSON.parse(pair.ansible.alike(line)) as AnsibleOutput;
  const ends = plays
    .flatMap(({ tasks }) => tasks)
    .flatMap(({ task, hosts }) => Object.values(hosts).map((result) => endOfAnsible(task.name, result)));
  return byCase(ends);
}

function endOfAnsible(title: string, result: Fields): TaskEnd {
  const status = result.failed ? 'failed' : result.unreachable ? 'unreachable' : result.skipped ? 'skipped' : 'ok';
  return { title, status, changed: result.changed === true, result };
}

function ansiblePlaybook({ folder }: HostPair, words: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    ANSIBLE_STDOUT_CALLBACK: 'account',
    ANSIBLE_CALLBACK_PLUGINS: join(import.meta.dirname, '..', '..', 'oracle', 'callback_plugins'),
    ANSIBLE_HOME: join(folder, 'ansible'),
    ANSIBLE_SSH_CONTROL_PATH_DIR: join(folder, 'cp'),
    ANSIBLE_PIPELINING: '1',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_DEPRECATION_WARNINGS: 'false',
    LC_ALL: 'C.UTF-8',
  };
  return new Promise((resolve) => {
    // A run in which tasks fail ends with a status of its own and has printed its account all the same.
    const options = { env, maxBuffer: 256 << 20, timeout: 1_800_000 };
    execFile('ansible-playbook', words, options, (error, stdout, stderr) =>
      resolve(stdout.includes('{"plays"') ? stdout : `${stdout}${stderr}${error?.message ?? ''}`),
    );
  });
}

async function playWithStars(pair: HostPair, playbook: CasePlaybook, { check }: PlayOptions): Promise<Account> {
  const { alike, inventory } = pair.stars;
  const stack = join(pair.folder, 'Stars');
  const events: RunEventBody[] = [];
  const reported = new Map<number, Fields>();
  const connect = createSshConnect({ log: silentLog, redactor: createRedactor(), sshConfigFile: '/nowhere' });
  const provision = createProvision({
    inventory: () => loadInventory({ sources: [inventory], vault: createVault({}) }),
    inventoryFile: inventory,
    stackFolder: stack,
    connect: (host, variables, signal, claim) =>
      connect(hostTarget(host, variables, { connectTimeoutMs: 10_000 }), signal, claim),
    modules: new Map([...modules, ['report', reportTo(reported)]]),
    decrypt: (text) => text,
    vault: undefined,
    environment: process.env,
    emit: (event) => events.push(event),
    clock: systemClock,
    runId: 'test',
    signal: new AbortController().signal,
  });
  await provision.run({ target: { playbook: writePlaybook(pair, pair.stars, playbook.text) }, check });
  const ends = events.flatMap((event) => endOfStars(event, { playbook, reported }));
  return byCase(JSON.parse(alike(JSON.stringify(ends))) as TaskEnd[]);
}

function endOfStars(
  event: RunEventBody,
  { playbook, reported }: { playbook: CasePlaybook; reported: ReadonlyMap<number, Fields> },
): TaskEnd[] {
  if (event.type !== 'task.result' || event.item !== undefined || event.task === 'report') return [];
  const [, index, number] = TITLE.exec(event.task) ?? [];
  const name = playbook.registered.get(Number(index))?.get(Number(number));
  const result = name === undefined ? undefined : (reported.get(Number(index))?.[name] as Fields);
  const status = event.status === 'ignored' ? 'failed' : event.status;
  return [{ title: event.task, status, changed: event.changed, result }];
}

/** A module that only we have, to which a play hands what it registered. */
function reportTo(reported: Map<number, Fields>) {
  return defineModule({
    name: 'report',
    summary: 'Hands registered results to the test.',
    args: args({ case: int(), results: raw() }),
    plan(given) {
      reported.set(given.case, plainOf(given.results) as Fields);
      return Promise.resolve({ actions: [] });
    },
  });
}

function writePlaybook({ folder }: HostPair, { tool }: Side, text: string): string {
  mkdirSync(join(folder, tool), { recursive: true });
  const file = join(folder, tool, 'site.yml');
  writeFileSync(file, text);
  return file;
}

/** Tasks of included files belong to the case whose task came last. */
function byCase(ends: readonly TaskEnd[]): Account {
  const account = new Map<number, TaskEnd[]>();
  let current = -1;
  for (const end of ends) {
    current = Number(TITLE.exec(end.title)?.[1] ?? current);
    account.set(current, [...(account.get(current) ?? []), end]);
  }
  return account;
}
