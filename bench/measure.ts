import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

/** What a command cost: seconds, and megabytes of memory at the most (PSS of all its processes, sampled). */
export type Cost = { wall: number; controllerCpu: number; hostCpu: number; memoryMb: number };
export type Measured = Cost & { code: number; output: string };

const TREE = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((tree) => existsSync(join(tree, 'cgroup.procs')));
const SAMPLE_MS = 200;
const TIMEOUT_MS = 1_800_000;

/** Runs a command in a control group of its own beside hosts in theirs, and says what each used. */
export async function measure(
  [program = '', ...args]: readonly string[],
  {
    environment,
    folder,
    hostGroups,
  }: { environment: Record<string, string>; folder: string; hostGroups: readonly string[] },
): Promise<Measured> {
  const group = join(TREE ?? '', `stars-bench-${process.pid}`);
  mkdirSync(group, { recursive: true });
  const before = [cpuSeconds(group), hostSeconds(hostGroups)] as const;
  const startedAt = performance.now();
  const memory = samplePeak(group);
  const script = 'echo $$ >"$0/cgroup.procs"; exec "$@"';
  const child = spawn('sh', ['-c', script, group, program, ...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
    timeout: TIMEOUT_MS,
  });
  let output = '';
  child.stdin.end();
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  const wall = (performance.now() - startedAt) / 1000;
  const cost = {
    wall,
    controllerCpu: cpuSeconds(group) - before[0],
    hostCpu: hostSeconds(hostGroups) - before[1],
    memoryMb: memory.stop(),
  };
  return { ...cost, code, output };
}

/** Ends what is being measured, with all that it started. */
export function endMeasured(): void {
  for (const pid of processesIn(join(TREE ?? '', `stars-bench-${process.pid}`))) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

/** To be called when nothing measured runs any more. */
export function removeGroup(): void {
  const group = join(TREE ?? '', `stars-bench-${process.pid}`);
  if (existsSync(group)) rmdirSync(group);
}

/** The control groups of a set of hosts, by the address of one of them. */
export function groupOf(subnetNumber: string, index: number): string {
  return join(TREE ?? '', `stars${subnetNumber}-${index}`);
}

function hostSeconds(groups: readonly string[]): number {
  return groups.reduce((sum, group) => sum + cpuSeconds(group), 0);
}

function cpuSeconds(group: string): number {
  const [, used = '0'] = /^usage_usec (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8')) ?? [];
  return Number(used) / 1e6;
}

function samplePeak(group: string): { stop(): number } {
  let peakKb = 0;
  const timer = setInterval(() => {
    const used = processesIn(group).reduce((sum, pid) => sum + proportionalKb(pid), 0);
    peakKb = Math.max(peakKb, used);
  }, SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(peakKb / 1024);
    },
  };
}

function processesIn(group: string): string[] {
  const file = join(group, 'cgroup.procs');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

function proportionalKb(pid: string): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    // The process ended meanwhile.
    return 0;
  }
}
