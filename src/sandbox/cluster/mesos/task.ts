export type TaskState =
  | 'TASK_STAGING'
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_KILLING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED'
  | 'TASK_ERROR'
  | 'TASK_LOST'
  | 'TASK_UNREACHABLE';

export type Resources = { cpus: number; mem: number; disk: number; gpus: number; ports: number[] };

export type TaskStatus = { state: TaskState; atMs: number; healthy?: boolean };

/** What a framework asks an agent to run. */
export type TaskSpec = {
  id: string;
  name: string;
  command: string;
  resources: Resources;
  labels?: Record<string, string>;
  /** Docker container as Mesos shows it, if any. */
  container?: { type: string; docker?: Record<string, unknown>; volumes?: unknown[] } | undefined;
  discovery?: boolean;
  user?: string | null;
};

export type SandboxFile = { bytes: Buffer; modifiedMs: number };

export type MesosTask = TaskSpec & {
  frameworkId: string;
  agentId: string;
  containerId: string;
  state: TaskState;
  statuses: TaskStatus[];
  message: string;
  files: Map<string, SandboxFile>;
};

const ENDED = new Set<TaskState>(['TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED', 'TASK_ERROR', 'TASK_LOST']);

export function hasEnded(state: TaskState): boolean {
  return ENDED.has(state);
}

export const NO_RESOURCES: Resources = { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: [] };

export function addResources(a: Resources, b: Resources): Resources {
  return {
    cpus: round(a.cpus + b.cpus),
    mem: round(a.mem + b.mem),
    disk: round(a.disk + b.disk),
    gpus: a.gpus + b.gpus,
    ports: [...a.ports, ...b.ports],
  };
}

export function sumResources(tasks: Iterable<MesosTask>): Resources {
  let sum = NO_RESOURCES;
  for (const task of tasks) sum = addResources(sum, task.resources);
  return sum;
}

/** Mesos counts in thousandths. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Ports as Mesos prints them: `[31000-31000, 31005-31007]`. */
export function portRanges(ports: number[]): string {
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const port of sorted) {
    const last = ranges.at(-1);
    if (last && last[1] === port - 1) last[1] = port;
    else ranges.push([port, port]);
  }
  return `[${ranges.map(([from, to]) => `${from}-${to}`).join(', ')}]`;
}

const MAX_FILE_BYTES = 1024 * 1024;

/** Adds lines to a file of the task's sandbox; a file that grows too big is rotated as logrotate does it. */
export function appendLog(task: MesosTask, file: string, lines: string[], atMs: number): void {
  const old = task.files.get(file)?.bytes ?? Buffer.alloc(0);
  const added = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  if (old.length + added.length > MAX_FILE_BYTES) {
    task.files.set(`${file}.1`, { bytes: old, modifiedMs: atMs });
    task.files.set(file, { bytes: added, modifiedMs: atMs });
    return;
  }
  task.files.set(file, { bytes: Buffer.concat([old, added]), modifiedMs: atMs });
}
