import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Value } from '../../../src/jinja/value.js';
import type { AnyModule } from '../../../src/provision/module.js';
import { localHost } from '../../provision/support/local-host.js';
import { identify, signalProcess } from './process-identity.js';

/** One task on a system of its own: a script before it, the task, and a script that shows what it did. */
export type SystemCase = {
  module: string;
  args: Record<string, unknown>;
  pre: string;
  show: string;
  /** Ansible is not asked for a check, because its module changes the system then. */
  unchecked?: true;
};

/** What three turns of a case (check mode, and twice for real) answered, and what they left behind. */
export type Outcome = { results: Record<string, unknown>[]; shown: string };

export type ApartRuns = {
  /** Runs a case by us; cases build upon each other, so they are asked for in order. */
  case(index: number): Promise<{ ours: Outcome; theirs: Outcome }>;
  remove(): void;
};

const TURNS = ['check', 'first', 'second'] as const;
const APART = join(import.meta.dirname, 'apart.sh');

/** Runs all cases by real Ansible, and makes ready to run them by us, each in a copy of this machine's system. */
export async function runApart(
  cases: readonly SystemCase[],
  modules: ReadonlyMap<string, AnyModule>,
): Promise<ApartRuns> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-apart-'));
  const theirs = ansibleOutcomes(cases, folder);
  const system = await startSystem(join(folder, 'ours'));
  const hosts = {
    check: localHost({ execute: system.execute, checkMode: true }),
    real: localHost({ execute: system.execute }),
  };

  async function runCase(index: number) {
    const { module, args, pre, show } = cases[index] as SystemCase;
    const definition = modules.get(module.split('.').at(-1) ?? '');
    if (!definition) throw new Error(`There is no module ${module}.`);
    await system.execute(pre);
    const look = async () => (await system.execute(show)).stdout;
    const before = await look();
    const results: Record<string, unknown>[] = [];
    for (const turn of TURNS) {
      const result = await hosts[turn === 'check' ? 'check' : 'real'].apply(definition, toValues(args));
      results.push(plain(result) as Record<string, unknown>);
      if (turn === 'check' && (await look()) !== before) throw new Error('Check mode changed the system.');
    }
    const outcome: Outcome = { results, shown: await look() };
    return comparable(outcome, theirs[index] as Outcome);
  }

  function remove() {
    system.stop();
    for (const host of Object.values(hosts)) host.remove();
    rmSync(folder, { recursive: true, force: true });
  }

  return { case: runCase, remove };
}

function ansibleOutcomes(cases: readonly SystemCase[], folder: string): Outcome[] {
  const tasks = cases.flatMap(({ module, args, pre, show, unchecked }, index) => [
    ...(pre === ':' ? [] : [{ 'ansible.builtin.shell': pre, ignore_errors: true }]),
    ...TURNS.map((turn) => ({
      [module]: args,
      register: `r${index}${turn}`,
      ignore_errors: true,
      check_mode: turn === 'check',
      when: !(unchecked && turn === 'check'),
    })),
    { 'ansible.builtin.shell': show, register: `s${index}`, ignore_errors: true },
  ]);
  const names = cases.flatMap((_, index) => [...TURNS.map((turn) => `r${index}${turn}`), `s${index}`]);
  const output = join(folder, 'results.json');
  const dump = { content: `{{ {${names.map((each) => `'${each}': ${each}`).join(', ')}} | to_json }}`, dest: output };
  const playbook = join(folder, 'play.json');
  const all = [...tasks, { 'ansible.builtin.copy': dump }];
  writeFileSync(playbook, JSON.stringify([{ hosts: 'localhost', gather_facts: false, tasks: all }]));
  const words = ['-mun', '--propagation', 'private', 'sh', APART, join(folder, 'theirs')];
  const play = ['ansible-playbook', '-i', 'localhost,', '-c', 'local', '-e', 'ansible_pipelining=true', playbook];
  const ran = spawnSync('unshare', [...words, ...play], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ran.status !== 0) throw new Error(ran.stdout.slice(-2000) + ran.stderr);
  const found = JSON.parse(readFileSync(output, 'utf8')) as Record<string, Record<string, unknown>>;
  return cases.map((_, index) => ({
    results: TURNS.map((turn) => found[`r${index}${turn}`] ?? {}),
    shown: `${String(found[`s${index}`]?.stdout)}\n`,
  }));
}

/** A copy of this system that lives until it is stopped. */
async function startSystem(folder: string) {
  const words = [
    '-mun',
    '--propagation',
    'private',
    'sh',
    APART,
    folder,
    'sh',
    '-c',
    'echo ready; exec sleep infinity',
  ];
  const child = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((settle, reject) => {
    child.stdout.once('data', () => settle());
    child.once('exit', (code) => reject(new Error(`The copy of the system ended with ${String(code)}.`)));
  });
  const process = identify(child.pid ?? 0);

  function execute(script: string) {
    const enter = [
      '-t',
      String(child.pid),
      '-m',
      '-u',
      '-n',
      'env',
      `PATH=${folder}/bin:${globalThis.process.env.PATH ?? ''}`,
    ];
    const words = ['sh', '-c', `(${script.replaceAll('/proc/modules', '/srv/stars/modules')}\n)`];
    const { status, stdout, stderr } = spawnSync('nsenter', [...enter, ...words], {
      encoding: 'utf8',
      cwd: '/',
    });
    return Promise.resolve({ code: status ?? 1, stdout, stderr, truncated: false });
  }

  return { execute, stop: () => process && signalProcess(process, 'SIGKILL') };
}

// What is not compared: bookkeeping of Ansible, words of failures, and what differs with time or process.
const IGNORED =
  'invocation diff ansible_facts exception module_stdout module_stderr rc cmd stdout stderr stdout_lines stderr_lines warnings deprecations src'.split(
    ' ',
  );

function comparable(ours: Outcome, theirs: Outcome): { ours: Outcome; theirs: Outcome } {
  const pairs = ours.results.map((result, turn) => comparableResults(result, theirs.results[turn] ?? {}));
  return {
    ours: { results: pairs.map((pair) => pair.ours), shown: tidy(ours.shown) },
    theirs: { results: pairs.map((pair) => pair.theirs), shown: tidy(theirs.shown) },
  };
}

function comparableResults(ours: Record<string, unknown>, theirs: Record<string, unknown>) {
  // Ansible passes over some modules in check mode, where we say what would change.
  if (theirs.skipped) return { ours: {}, theirs: {} };
  if (ours.failed || theirs.failed)
    return { ours: { failed: Boolean(ours.failed) }, theirs: { failed: Boolean(theirs.failed) } };
  const names = Object.keys(theirs).filter((name) => !IGNORED.includes(name) && (name in ours || name === 'changed'));
  const pick = (from: Record<string, unknown>) => Object.fromEntries(names.map((name) => [name, tidied(from[name])]));
  return { ours: pick(ours), theirs: pick(theirs) };
}

function tidied(value: unknown): unknown {
  return typeof value === 'string' ? tidy(value) : value;
}

/** The names of backups hold the time and a process, and each side has a folder of its own. */
function tidy(text: string): string {
  return text
    .replaceAll(/\.\d+\.\d{4}-\d\d-\d\d@[\d:]{8}~/g, '.BACKUP~')
    .replaceAll(/\/[^ ,]*\/stars-apart-\w+\/(ours|theirs)\//g, '/SIDE/')
    .trimEnd();
}

function toValues(args: Record<string, unknown>): Record<string, Value> {
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, toValue(value)]));
}

function toValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(toValue);
  if (value === null || typeof value !== 'object') return value as Value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, toValue(inner)]));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), plain(inner)]));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
