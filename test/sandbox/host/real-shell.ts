import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Ran = { code: number | null; stdout: string };

const CANDIDATES = [
  { name: 'dash', argv: ['/bin/dash'] },
  { name: 'dash', argv: ['/usr/bin/dash'] },
  { name: 'busybox', argv: ['/bin/busybox', 'sh'] },
  { name: 'busybox', argv: ['/usr/bin/busybox', 'sh'] },
];

/** The POSIX shells of this machine, each once. */
export const REAL_SHELLS = CANDIDATES.filter(({ argv }) => existsSync(argv[0] ?? '')).filter(
  ({ name }, index, all) => all.findIndex((other) => other.name === name) === index,
);

/** Runs a script in a folder of its own that is removed afterwards. */
export function runReally(argv: readonly string[], script: string): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'stars-corpus-'));
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...rest, '-c', script], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code, stdout: Buffer.concat(chunks).toString('utf8') });
    });
  });
}
