import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../src/clock.js';
import { silentLog } from '../src/log.js';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.js';
import { type Database, openDatabase } from '../src/store/database.js';

const ROOT = resolve(import.meta.dirname, '..');
const COMMANDS = 500;
const WITHIN_MS = 10_000;
const READY_WITHIN_MS = 120_000;
const ENDED_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 200;
const CHANNELS = 10;
const PEOPLE = 50;

const PLAYBOOK = `- hosts: workers
  become: true
  gather_facts: false
  tasks:
    - copy: { content: "hello from {{ inventory_hostname }}\\n", dest: /etc/motd }
`;

/** What people ask, in turn: of ten things four are answers, four look at the cluster, one is a plan and one a deploy, which waits for its turn. */
const WORDS = [
  'whoami',
  'status sandbox',
  'history',
  'status marathon sandbox',
  'locks',
  'status sandbox',
  'help',
  'status mesos sandbox',
  'deploy motd sandbox --check',
  'deploy motd sandbox',
];

/** A service in a process of its own, and 500 commands through Slack within ten seconds. */
export async function benchLoad(print: (line: Record<string, unknown>) => void, signal: AbortSignal): Promise<void> {
  const stack = await mkdtemp(join(tmpdir(), 'stars-bench-load-'));
  await writeFile(join(stack, 'motd.yml'), PLAYBOOK);
  const sandbox = await startSandbox({
    clock: systemClock,
    log: silentLog,
    stackFolder: stack,
    workers: 2,
    slack: {
      people: numbered(PEOPLE, (number) => ({ id: `U0LOAD${number}`, name: `load${number}` })),
      channels: numbered(CHANNELS, (number) => ({ name: `load${number}` })),
    },
  });
  const service = startService(sandbox, stack);
  const memory = watchMemory(service.pid ?? 0);
  try {
    await untilReady(service, sandbox);
    const idleMb = await memory.now();
    const startedAt = performance.now();
    const acks = await askAll(sandbox, signal);
    const askedMs = performance.now() - startedAt;
    const ended = await untilEnded(sandbox, signal);
    const endedMs = performance.now() - startedAt;
    print({
      bench: 'load',
      commands: COMMANDS,
      askedS: rounded(askedMs / 1000),
      acked: acks.filter(({ acked }) => acked).length,
      ackMs: quantiles(acks.map(({ ms }) => ms)),
      runs: ended.runs,
      states: ended.states,
      stillOpen: ended.open,
      endedS: rounded(endedMs / 1000),
      memoryMb: { idle: idleMb, peak: memory.stop() },
    });
  } finally {
    memory.stop();
    service.kill('SIGKILL');
    await sandbox.stop();
    await rm(stack, { recursive: true, force: true });
  }
}

function startService({ slack, addresses }: Sandbox, folder: string): ChildProcess {
  const env = {
    PATH: process.env['PATH'] ?? '',
    STARS_HOME: addresses.home,
    HOME: folder,
    PORT: '0',
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.url,
  };
  return spawn(process.execPath, [join(ROOT, 'bin', 'stars.js'), 'serve'], { cwd: ROOT, env, stdio: 'ignore' });
}

async function untilReady(service: ChildProcess, { slack }: Sandbox): Promise<void> {
  const endMs = Date.now() + READY_WITHIN_MS;
  while (slack.sockets() === 0) {
    if (service.exitCode !== null || Date.now() > endMs) throw new Error('The service did not start.');
    await sleep(LOOK_EVERY_MS);
  }
}

/** Spread evenly over the time; each with how long Slack waited for its acknowledgement. */
async function askAll({ slack }: Sandbox, signal: AbortSignal): Promise<{ acked: boolean; ms: number }[]> {
  const startedAt = performance.now();
  const asking: Promise<{ acked: boolean; ms: number }>[] = [];
  for (let index = 0; index < COMMANDS; index += 1) {
    const waitMs = startedAt + (index * WITHIN_MS) / COMMANDS - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    const sentAt = performance.now();
    const where = { person: `load${(index % PEOPLE) + 1}`, channel: `load${(index % CHANNELS) + 1}` };
    asking.push(
      slack
        .say(WORDS[index % WORDS.length] ?? '', where)
        .then(({ acked }) => ({ acked, ms: performance.now() - sentAt })),
    );
  }
  return Promise.all(asking);
}

type Ended = { runs: number; open: number; states: Record<string, number> };

async function untilEnded({ addresses }: Sandbox, signal: AbortSignal): Promise<Ended> {
  const database = await openDatabase({ dataFolder: join(addresses.home, '.stars') });
  const endMs = Date.now() + ENDED_WITHIN_MS;
  try {
    for (;;) {
      const ended = await look(database);
      if (ended.open === 0 || Date.now() > endMs) return ended;
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  } finally {
    await database.destroy();
  }
}

/** What is neither answered nor ended. */
async function look(database: Database): Promise<Ended> {
  const requests = await database.selectFrom('inbox').select('key').where('settled_at', 'is', null).execute();
  const rows = await database.selectFrom('runs').select(['state', 'finished_at']).execute();
  const states: Record<string, number> = {};
  for (const { state } of rows) states[state] = (states[state] ?? 0) + 1;
  const going = rows.filter(({ finished_at: at }) => at === null).length;
  return { runs: rows.length, open: requests.length + going, states };
}

/** Resident memory of the service, in megabytes. */
function watchMemory(pid: number): { now(): Promise<number>; stop(): number } {
  let peak = 0;
  const now = async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const megabytes = Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
    peak = Math.max(peak, megabytes);
    return megabytes;
  };
  const timer = setInterval(() => void now(), LOOK_EVERY_MS);
  return {
    now,
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

function quantiles(values: readonly number[]): Record<string, number> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) };
}

function numbered<T>(count: number, make: (number: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
