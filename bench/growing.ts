import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const BUILT = join(resolve(import.meta.dirname, '..'), 'dist', 'bench');
const TIMEOUT_MS = 1_800_000;
const Report = z.record(z.string(), z.number());
const execute = promisify(execFile);

export type Growing = {
  bench: string;
  /** What the sizes count: hosts, tasks. */
  unit: string;
  script: string;
  sizes: readonly number[];
  /** The seconds of a report that should grow as the size does. */
  secondsOf: (report: Readonly<Record<string, number>>) => number;
};

/** Runs a script in a process of its own for each size, growing, to see whether its time grows alike. */
export async function benchGrowing(
  { bench, unit, script, sizes, secondsOf }: Growing,
  print: (line: Record<string, unknown>) => void,
  signal: AbortSignal,
): Promise<void> {
  let smallest: { size: number; seconds: number } | undefined;
  for (const size of sizes) {
    const command = ['--expose-gc', join(BUILT, script), String(size)];
    const { stdout } = await execute(process.execPath, command, { timeout: TIMEOUT_MS, signal });
    const report = Report.parse(JSON.parse(stdout));
    const seconds = secondsOf(report);
    smallest ??= { size, seconds };
    const each = seconds / size / (smallest.seconds / smallest.size);
    print({ bench, [unit]: size, ...report, timeForEachAgainstSmallest: Number(each.toPrecision(3)) });
  }
}
