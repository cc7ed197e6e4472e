import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DieAt } from './die-at-commit.js';

const ROOT = resolve(import.meta.dirname, '..', '..');
const PRELOAD = pathToFileURL(join(ROOT, 'dist', 'kill', 'die-at-commit.js')).href;
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 60_000;

/** One process of Stars. */
export type Service = {
  name: string;
  /** Resolves when it serves, or is dead. */
  ready: Promise<void>;
  /** Resolves when it is dead. */
  dead: Promise<void>;
  isAlive(): boolean;
  kill(): void;
  /** Lets it kill itself at its n-th write from now on. */
  dieAt(plan: DieAt): void;
  /** Asks it to stop; its exit status. */
  stop(): Promise<number | null>;
  /** What it has logged, from the last `chars` characters. */
  log(chars: number): string;
};

type Start = { name: string; folder: string; env: Record<string, string>; dieAt?: DieAt | undefined };

/** Starts `stars serve` as people do, with what lets it die at a write loaded before it. */
export function startService({ name, folder, env, dieAt }: Start): Service {
  const file = join(folder, `${name}.log`);
  const log = openSync(file, 'a');
  const child = spawn(process.execPath, ['--import', PRELOAD, join(ROOT, 'bin', 'stars.js'), 'serve'], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      ...env,
      ...(dieAt ? { STARS_TEST_DIE_AT: `${dieAt.side}:${dieAt.at}` } : {}),
    },
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const text = () => readFileSync(file, 'utf8');
  const dead = new Promise<void>((done) => child.once('exit', () => done()));
  return {
    name,
    dead,
    ready: untilReady(child, text, dead),
    isAlive: () => isAlive(child),
    kill: () => void child.kill('SIGKILL'),
    dieAt: (plan) => void (child.connected && child.send(plan, () => undefined)),
    stop: () => stop(child, dead),
    log: (chars) => text().slice(-chars),
  };
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function untilReady(child: ChildProcess, text: () => string, dead: Promise<void>): Promise<void> {
  const endMs = Date.now() + READY_WITHIN_MS;
  while (isAlive(child) && !text().includes('Stars is in Slack')) {
    if (Date.now() > endMs) throw new Error(`Stars did not start:\n${text().slice(-3_000)}`);
    await Promise.race([dead, new Promise((done) => setTimeout(done, 50))]);
  }
}

async function stop(child: ChildProcess, dead: Promise<void>): Promise<number | null> {
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  child.kill('SIGTERM');
  await dead;
  clearTimeout(late);
  return child.exitCode;
}
