import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { RunEvent } from '../../src/model/run.js';
import { createSampleStore } from '../../src/store/samples.js';
import { createTimerStore } from '../../src/store/timers.js';
import { requireBuilt } from './support/built.js';
import { practise, type Practice } from './support/practice.js';

const STARS = resolve(import.meta.dirname, '..', '..', 'bin', 'stars.js');

let practice: Practice;
let folder: string;
// Every command here is a process of its own, and each takes a second to load when the machine is busy.
jest.setTimeout(60_000);
const children = new Set<ChildProcess>();

beforeAll(() => requireBuilt());
beforeAll(async () => {
  practice = await practise();
  folder = mkdtempSync(join(tmpdir(), 'stars-terminal-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(async () => {
  await practice.stop();
  rmSync(folder, { recursive: true });
});

type Variables = Record<string, string>;

function start(words: string[], variables: Variables = {}): ChildProcess {
  const { PATH = '' } = process.env;
  const env = { PATH, HOME: folder, STARS_HOME: practice.home, TMPDIR: folder, ...variables };
  const child = spawn(process.execPath, [STARS, ...words], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function finished(child: ChildProcess) {
  const output = { out: '', error: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.error += text));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, ...output };
}

function stars(words: string[], variables: Variables = {}) {
  return finished(start(words, variables));
}

/** Resolves with the first line of output that has this in it. */
async function lineWith(stream: NodeJS.ReadableStream | null, text: string): Promise<string> {
  if (!stream) throw new Error('there is no output');
  for await (const line of createInterface({ input: stream })) if (line.includes(text)) return line;
  throw new Error(`nothing said ${text}`);
}

function eventsIn(out: string): RunEvent[] {
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);
}

test('--json prints the events of the run and nothing else; show tells the same story in a new process', async () => {
  const { status, out, error } = await stars(['deploy', 'motd', 'sandbox', '--json']);
  expect({ status, error }).toEqual({ status: 0, error: '' });
  const events = eventsIn(out);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1));
  expect(new Set(events.map(({ run }) => run)).size).toBe(1);
  for (const { at } of events) expect(new Date(at).toISOString()).toBe(at);
  expect(events[0]).toMatchObject({
    type: 'run.requested',
    command: 'deploy',
    args: { target: 'motd' },
    environment: 'sandbox',
    person: { id: expect.stringMatching(/^terminal:/) },
    source: 'terminal',
  });
  expect(events.filter(({ type }) => type === 'task.result')).toHaveLength(2);
  expect(events.at(-1)).toMatchObject({
    type: 'run.finished',
    state: 'succeeded',
    ms: expect.any(Number),
    hosts: { 'stars-c3': { ok: 1, changed: 1, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 } },
  });
  const shown = await stars(['show', events[0]?.run ?? '']);
  expect(shown.status).toBe(0);
  for (const words of ['deploy motd sandbox', 'Message of the day', 'stars-c4', 'changed=1', '✅ succeeded'])
    expect(shown.out).toContain(words);
  expect(eventsIn((await stars(['show', events[0]?.run ?? '', '--json'])).out)).toEqual(events);
});

test('Ctrl-C, also when it arrives twice at once, ends a deploy with 130, records it as cancelled and leaves nothing running on the hosts', async () => {
  const child = start(['deploy', 'slow', 'sandbox', '--json']);
  const over = finished(child);
  await until(sleeping);
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { status, out } = await over;
  expect(status).toBe(130);
  expect(eventsIn(out).at(-1)).toMatchObject({
    type: 'run.finished',
    state: 'cancelled',
    error: {
      code: 'CANCELLED',
      message: 'Cancelled with Ctrl-C. In flight was the task “Wait for a long time” of Slow on stars-c3, stars-c4.',
    },
  });
  expect(await latestRun()).toMatchObject({ text: 'deploy slow sandbox', state: 'cancelled' });
  expect(await sleeping()).toBe(false);
});

test('a run of a process that was killed is shown as interrupted, with what was in flight', async () => {
  const child = start(['deploy', 'slow', 'sandbox', '--json']);
  await until(sleeping);
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await gone;
  const { out } = await stars(['show', 'last']);
  expect(out).toMatch(/interrupted: .*Wait for a long time/);
});

test('two commands at once on one data folder are both recorded', async () => {
  const both = await Promise.all([1, 2].map(() => stars(['deploy', 'motd', 'sandbox', '--check', '--json'])));
  expect(both.map(({ status, error }) => ({ status, error }))).toEqual([1, 2].map(() => ({ status: 0, error: '' })));
  const ids = both.map(({ out }) => eventsIn(out)[0]?.run);
  const history = (await stars(['history', '--lines', '5'])).out;
  for (const id of ids) expect(history).toContain(id);
});

test('a reader that goes away does not end the deploy', async () => {
  const child = start(['deploy', 'motd', 'sandbox', '--json']);
  const over = new Promise((resolve) => child.once('exit', resolve));
  await lineWith(child.stdout, 'run.requested');
  child.stdout?.destroy();
  child.stderr?.resume();
  expect(await over).toBe(0);
  expect(await latestRun()).toMatchObject({ text: 'deploy motd sandbox', state: 'succeeded' });
});

test.each([
  ['a home that does not exist', { STARS_HOME: '/nowhere/at/all' }, /The Stars home \/nowhere\/at\/all does not exist/],
  ['a folder that is no home', { STARS_HOME: 'empty' }, /is no Stars home yet[\s\S]*inventories\/<environment>\/hosts/],
  ['a data folder below a file', { STARS_DATA: '/dev/null/data' }, /\/dev\/null\/data/],
  ['a data folder that cannot be made', { STARS_DATA: '/proc/data' }, /\/proc\/data/],
  ['a database that does not answer', { DATABASE_URL: 'postgres://me:tell-nobody@127.0.0.1:1/stars' }, /DATABASE_URL/],
  ['a database of another kind', { DATABASE_URL: 'mysql://me:tell-nobody@127.0.0.1/stars' }, /PostgreSQL/],
  ['a stars.yml with a word that is not known', { STARS_HOME: 'typo' }, /stars\.yml:2:1: defalts[\s\S]*defaults/],
  ['a log level that does not exist', { LOG_LEVEL: 'loud' }, /LOG_LEVEL must be one of/],
])('%s gives one message and status 2', async (_what, variables, message) => {
  mkdirSync(join(folder, 'empty'), { recursive: true });
  mkdirSync(join(folder, 'typo'), { recursive: true });
  writeFileSync(join(folder, 'typo', 'stars.yml'), 'stack: stack\ndefalts: {environment: sandbox}\n');
  const { status, out, error } = await stars(['status'], variables);
  expect(error).toMatch(message);
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(error).not.toContain('tell-nobody');
  expect(error).not.toMatch(/^\s+at /m);
  expect(error.match(/^stars: /gm)).toHaveLength(1);
});

test('the sandbox alone says where everything is, is a home for other terminals, loads a backup and leaves nothing behind', async () => {
  const apps = join(folder, 'apps.json');
  const jobs = join(folder, 'jobs.json');
  writeFileSync(apps, JSON.stringify({ apps: [{ id: '/only', cmd: 'sleep 1', instances: 1, cpus: 0.1, mem: 32 }] }));
  writeFileSync(
    jobs,
    JSON.stringify([
      { name: 'nightly', command: 'true', schedule: 'R/2026-11-22T02:00:00Z/P1D', owner: 'ada@example.org' },
    ]),
  );
  const before = readdirSync(folder);
  const child = start(['sandbox', '--hosts', '4', '--apps', apps, '--jobs', jobs]);
  const over = new Promise((resolve) => child.once('exit', resolve));
  const line = await lineWith(child.stdout, '{');
  const addresses = JSON.parse(line) as { hosts: { name: string }[]; home: string; marathon: string };
  expect(Object.keys(addresses)).toEqual(
    'marathon chronos mesos agents mesosDns zookeeper slack hosts knownHosts privateKey home'.split(' '),
  );
  expect(addresses.hosts).toHaveLength(4);
  const variables = { STARS_HOME: addresses.home };
  const backup = await stars(['backup', 'sandbox'], variables);
  expect(backup).toMatchObject({ status: 0, out: expect.stringContaining('1 app, 1 job') });
  const [name] = readdirSync(join(addresses.home, '.stars', 'backups', 'sandbox'));
  expect((await stars(['backup', 'show', name ?? ''], variables)).out).toMatch(/\/only[\s\S]*nightly/);
  child.kill('SIGTERM');
  expect(await over).toBe(0);
  expect(readdirSync(folder)).toEqual(before);
});

test('the service without tokens serves a console of its own, and says where', async () => {
  const child = start(['serve'], { PORT: String(await freePort()), LOG_LEVEL: 'error' });
  const over = new Promise((resolve) => child.once('exit', resolve));
  const line = await lineWith(child.stderr, 'console is at');
  const url = /http:\S+/.exec(line)?.[0] ?? '';
  expect(await (await fetch(new URL('healthz', url))).text()).toBe('ok\n');
  expect(await (await fetch(new URL('readyz', url))).json()).toMatchObject({ ready: true, store: true });
  expect(await (await fetch(url)).text()).toContain('/stars');
  const say = (text: string, headers: Record<string, string> = { 'x-stars-console': '1' }) =>
    fetch(new URL('console/say', url), { method: 'POST', body: text, headers });
  expect((await say('help', {})).status).toBe(403);
  expect((await say('deploy motd sandbox --check')).status).toBe(202);
  const thread = async () => (await fetch(new URL('console/thread', url))).text();
  await until(async () => (await thread()).includes('✅ deploy motd sandbox --check'));
  child.kill('SIGTERM');
  expect(await over).toBe(0);
});

test('a console does what is due by itself, and the audit tells when it came and when it went', async () => {
  const { database, audit } = practice.stars;
  const timers = createTimerStore(database);
  const dueAt = new Date().toISOString();
  const what = { environment: 'sandbox', subject: 'app:/x', words: 'run stars-c3 sandbox -- true', says: 'it is due' };
  const whose = { person: { id: 'terminal:ada', name: 'ada' }, run: undefined, address: undefined };
  await timers.add({ id: 't-console', ...what, ...whose, remindAt: undefined, dueAt }, new Date());
  const before = (await audit.head())?.seq ?? 0;
  const child = start(['serve'], { PORT: String(await freePort()), LOG_LEVEL: 'error' });
  const over = finished(child);
  await until(async () => (await latestRun())?.text === what.words && (await latestRun())?.state === 'succeeded');
  await until(async () => (await timers.waiting()).length === 0);
  child.kill('SIGTERM');
  expect(await over).toMatchObject({ status: 0 });
  const told = (await audit.search({ kind: 'service', limit: 9 })).filter(({ seq }) => seq > before);
  expect(told.map(({ outcome }) => outcome)).toEqual(['stopped', 'started']);
  expect(told[0]?.details?.['process']).toContain(`pid ${child.pid}`);
});

test('the service with tokens is in Slack, and a stop cuts off what runs and records it', async () => {
  const { slack } = practice.sandbox;
  const child = start(['serve'], {
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.url,
    PORT: String(await freePort()),
    LOG_LEVEL: 'error',
  });
  const over = finished(child);
  await slack.until(() => slack.sockets() > 0);
  await slack.say('deploy slow sandbox');
  await slack.until(() => slack.messages().some(({ text }) => text.includes('deploy slow')));
  child.kill('SIGTERM');
  expect(await over).toMatchObject({ status: 0 });
  expect(await latestRun()).toMatchObject({ text: 'deploy slow sandbox', state: 'interrupted' });
  expect(slack.transcript()).toMatch(/interrupted/);
});

test.each([
  ['rejects', 'Promise.reject(new Error("boom tell-nobody"))'],
  ['throws', '{ throw new Error("boom tell-nobody") }'],
])('a fault that nobody caught and that %s is logged, and ends the service with status 1', async (_how, fault) => {
  const preload = `data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => ${fault})`)}`;
  const child = start(['serve'], {
    PORT: String(await freePort()),
    LOG_LEVEL: 'error',
    NODE_OPTIONS: `--import ${preload}`,
    SLACK_SIGNING_SECRET: 'tell-nobody',
  });
  const over = finished(child);
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => text.includes('console is at') && resolve());
  });
  child.kill('SIGUSR2');
  const { status, out, error } = await over;
  expect({ status, out }).toEqual({ status: 1, out: '' });
  const line = error.split('\n').find((text) => text.startsWith('{')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({ level: 50, error: { message: 'boom [REDACTED]' } });
  expect(error).toMatch(/^stars: boom \[REDACTED\]$/m);
  expect(error).not.toContain('tell-nobody');
});

test('a loop over seven thousand items is recorded whole', async () => {
  practice.write(
    'stack/many.yml',
    [
      '- hosts: stars-c3',
      '  gather_facts: false',
      '  tasks:',
      '    - {debug: {msg: "{{ item }}"}, loop: "{{ range(7000) | list }}"}',
      '',
    ].join('\n'),
  );
  const { status, events } = await practice.events('deploy', 'many', 'sandbox');
  expect(status).toBe(0);
  expect(events.filter((event) => event.type === 'task.result' && event.item !== undefined)).toHaveLength(7_000);
  expect(await practice.stars.store.events(events[0]?.run ?? '')).toEqual(events);
});

async function latestRun() {
  return (await practice.stars.store.list({ limit: 1 }))[0];
}

async function sleeping(): Promise<boolean> {
  const host = practice.sandbox.hosts.host('stars-c3');
  return (await host.run('ps -ef')).stdout.includes('sleep 987');
}

/** Asks again and again; the time limit of the test ends it. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await setImmediate();
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

test('a report draws its charts from the bundle that people start, and says where they are', async () => {
  expect(existsSync(resolve(import.meta.dirname, '..', '..', 'dist', 'bundle', 'draw.cjs'))).toBe(true);
  const samples = createSampleStore(practice.stars.database);
  for (let hour = 30; hour > 0; hour -= 1) {
    const sample = { count: 1, figures: { cpus: 0.5, memory: 0.4 }, states: { zookeeper: 'up' } } as const;
    await samples.add('sandbox', sample, new Date(Date.now() - hour * 3_600_000));
  }
  const { out, error } = await stars(['report', 'sandbox', '--json']);
  expect(error).toBe('');
  expect(out).not.toContain('could not be drawn');
  const files = eventsIn(out).flatMap((event) => (event.type === 'file.attached' ? [event.path ?? ''] : []));
  expect(files.map((file) => basename(file))).toEqual(['sandbox-in-use.png', 'sandbox-states.png']);
  for (const file of files) expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
});
