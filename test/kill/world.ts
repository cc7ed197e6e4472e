import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.js';
import { type Database, openDatabase } from '../../src/store/database.js';
import type { KillOptions } from './options.js';
import { TIMED_CHANNEL, TIMED_ENVIRONMENT, timedEnvironment } from './schedules.js';
import { embeddedStore, postgresStore, type Store } from './store.js';

/** What the killed processes work on, and what all of it can be seen in afterwards. */
export type World = {
  sandbox: Sandbox;
  store: Store;
  /** The hosts on which something is done. */
  hostNames: readonly string[];
  /** The store, read here beside the processes. */
  database: Database;
  /** Of a process of Stars. */
  env: Record<string, string>;
  folder: string;
  /** Writes a playbook of this name that marks each of its steps on the hosts with the token. */
  writePlaybook(name: string, token: string): void;
  /** How often Marathon was asked to restart the app. */
  restarts(): Promise<number>;
  /** What runs have left on a host of an environment, in order. */
  marks(environment: string): { host: string; marks: Mark[] }[];
  stop(): Promise<void>;
};

/** One step of a run on a host, as the host noted it together with whose lock it saw. */
export type Mark = { token: string; step: string; run: string; fence: number };

/** `sandbox` is for everybody; in `guarded` somebody has to approve a deploy. They share no host. */
export const ENVIRONMENTS = ['sandbox', 'guarded'] as const;
/** In which nothing is done but to lock it and unlock it. */
export const LOCKED_ENVIRONMENT = 'spare';
/** What is restarted in Marathon. */
export const APP = '/zeppelin';
export const STEPS = ['first', 'second', 'third'] as const;

const MARKS = '/tmp/stars-marks';
const HOSTS: Record<(typeof ENVIRONMENTS)[number], string[]> = {
  sandbox: ['stars-c3', 'stars-c4'],
  guarded: ['stars-c0', 'stars-c1'],
};

export type People = { asking: number; approving: number; channels: number };

export async function openWorld({ postgres }: KillOptions, people: People): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-kill-'));
  const stack = join(folder, 'stack');
  mkdirSync(stack);
  const sandbox = await startSandbox({
    clock: systemClock,
    log: silentLog,
    stackFolder: stack,
    workers: 2,
    slack: {
      people: peopleOf(people),
      channels: [...named('round', people.channels), TIMED_CHANNEL].map((name) => ({ name })),
    },
  });
  const { home } = sandbox.addresses;
  writeEnvironments(sandbox, people);
  const writePlaybook = (name: string, token: string) => writeFileSync(join(stack, `${name}.yml`), playbook(token));
  writePlaybook('marks', '{{ given }}');
  const store = postgres ? await postgresStore() : embeddedStore(home);
  const database = await openDatabase(store.settings);
  const versionsAtFirst = await versionsOf(sandbox);

  function marks(environment: (typeof ENVIRONMENTS)[number]): ReturnType<World['marks']> {
    return HOSTS[environment].map((host) => ({ host, marks: readMarks(sandbox.hosts.host(host).read(MARKS) ?? '') }));
  }

  return {
    sandbox,
    store,
    hostNames: Object.values(HOSTS).flat(),
    database,
    folder,
    env: {
      STARS_HOME: home,
      HOME: folder,
      PORT: '0',
      SLACK_BOT_TOKEN: sandbox.slack.botToken,
      SLACK_APP_TOKEN: sandbox.slack.appToken,
      SLACK_API_URL: sandbox.slack.url,
      ...store.env,
    },
    writePlaybook,
    restarts: async () => (await versionsOf(sandbox)) - versionsAtFirst,
    marks: (environment) => marks(environment as (typeof ENVIRONMENTS)[number]),
    async stop() {
      await database.destroy();
      await store.stop();
      await sandbox.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each restart makes a version. */
async function versionsOf({ addresses }: Sandbox): Promise<number> {
  const response = await fetch(`${addresses.marathon}/v2/apps/${APP}/versions`);
  return ((await response.json()) as { versions: string[] }).versions.length;
}

export const askingPerson = (number: number) => ({ id: `U0ASK${number}`, name: `asks${number}` });
export const approvingPerson = (number: number) => ({ id: `U0OKS${number}`, name: `approves${number}` });
export const channelOf = (round: number) => `round${round}`;

function named(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${stem}${index + 1}`);
}

// Everybody asks only once: so what a person is told answers what this person asked.
function peopleOf({ asking, approving }: People) {
  return [
    ...named('', asking).map((number) => askingPerson(Number(number))),
    ...named('', approving).map((number) => approvingPerson(Number(number))),
  ];
}

function writeEnvironments({ addresses: { home, hosts, marathon }, slack }: Sandbox, { approving }: People): void {
  const folder = join(home, 'inventories');
  const config = JSON.parse(
    readFileSync(join(folder, 'sandbox', 'environment.yml'), 'utf8').replace(/^#.*\n/, ''),
  ) as object;
  const approvers = named('', approving).map((number) => approvingPerson(Number(number)).id);
  const approvals = { commands: ['deploy'], approvers };
  for (const environment of ENVIRONMENTS) {
    mkdirSync(join(folder, environment), { recursive: true });
    const lines = HOSTS[environment].map((name) => {
      const host = hosts.find((one) => one.name === name);
      return `${name} ansible_host=${host?.address} ansible_port=${host?.port}`;
    });
    const text = ['[marked]', ...lines, '', '[all:vars]', 'ansible_user=stars', ''].join('\n');
    writeFileSync(join(folder, environment, 'hosts'), text);
    const own = environment === 'guarded' ? { ...config, approvals } : config;
    writeFileSync(join(folder, environment, 'environment.yml'), JSON.stringify(own, null, 2));
  }
  const channel = slack.channels.find(({ name }) => name === TIMED_CHANNEL)?.id ?? '';
  mkdirSync(join(folder, TIMED_ENVIRONMENT), { recursive: true });
  writeFileSync(join(folder, TIMED_ENVIRONMENT, 'environment.yml'), timedEnvironment(marathon, channel));
  mkdirSync(join(folder, LOCKED_ENVIRONMENT), { recursive: true });
  writeFileSync(join(folder, LOCKED_ENVIRONMENT, 'hosts'), 'nobody\n');
}

function playbook(token: string): string {
  const tasks = STEPS.map(
    (step) =>
      `    - name: ${taskOf(step)}\n      shell: echo ${token} ${step} $(head -n 1 /dev/shm/.stars-lock/holder) >> ${MARKS}; sleep {{ pause }}\n`,
  );
  return `- name: Marks\n  hosts: marked\n  gather_facts: false\n  vars: { pause: 0.2 }\n  tasks:\n${tasks.join('')}`;
}

/** What the task of a step is called. */
export function taskOf(step: string): string {
  return `The ${step} step`;
}

function readMarks(text: string): Mark[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [token = '', step = '', run = '', fence = ''] = line.split(' ');
      return { token, step, run, fence: Number(fence) };
    });
}
