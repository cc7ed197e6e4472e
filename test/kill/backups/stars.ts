import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const PRELOAD = pathToFileURL(join(ROOT, 'dist', 'kill', 'backups', 'die-at-call.js')).href;
const LONGEST_MS = 180_000;

/** How a process is to die: at a call, or after so many milliseconds. */
export type Death = { call: string } | { afterMs: number };

/** `killed`: it died as it was to; otherwise its exit status. */
export type Ended = { killed: boolean; status: number | null; output: string };

/** One command of Stars from a shell, as people type it. */
export async function stars(words: readonly string[], home: string, death?: Death): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', PRELOAD, join(ROOT, 'bin', 'stars.js'), ...words], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      STARS_HOME: home,
      ...(death && 'call' in death ? { STARS_TEST_DIE_AT_CALL: death.call } : {}),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-5_000)));
  const kill = () => void child.kill('SIGKILL');
  const timers = [
    setTimeout(kill, LONGEST_MS),
    ...(death && 'afterMs' in death ? [setTimeout(kill, death.afterMs)] : []),
  ];
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) =>
    child.once('close', (code, by) => done([code, by])),
  );
  for (const timer of timers) clearTimeout(timer);
  return { killed: signal === 'SIGKILL', status, output };
}
