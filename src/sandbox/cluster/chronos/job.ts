import { z } from 'zod';

export type ChronosVersion = '3.0' | '2.5';

const Fetch = z.looseObject({
  uri: z.string(),
  executable: z.boolean().default(false),
  cache: z.boolean().default(false),
  extract: z.boolean().default(true),
});

const JobBody = z.looseObject({
  name: z.string(),
  command: z.string().default(''),
  shell: z.boolean().default(true),
  executor: z.string().default(''),
  executorFlags: z.string().default(''),
  taskInfoData: z.string().default(''),
  retries: z.number().int().default(2),
  owner: z.string().default(''),
  ownerName: z.string().default(''),
  description: z.string().default(''),
  successCount: z.number().int().default(0),
  errorCount: z.number().int().default(0),
  lastSuccess: z.string().default(''),
  lastError: z.string().default(''),
  cpus: z.number().default(0.1),
  disk: z.number().default(256),
  mem: z.number().default(128),
  disabled: z.boolean().default(false),
  softError: z.boolean().default(false),
  dataProcessingJobType: z.boolean().default(false),
  errorsSinceLastSuccess: z.number().int().default(0),
  fetch: z.array(Fetch).default([]),
  uris: z.array(z.string()).default([]),
  environmentVariables: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  arguments: z.array(z.string()).default([]),
  highPriority: z.boolean().default(false),
  runAsUser: z.string().default('root'),
  concurrent: z.boolean().default(false),
  container: z.looseObject({ type: z.string().default('DOCKER'), image: z.string().optional() }).optional(),
  constraints: z.array(z.array(z.string())).default([]),
  epsilon: z.string().optional(),
  async: z.boolean().optional(),
  schedule: z.string().optional(),
  scheduleTimeZone: z.string().optional(),
  parents: z.array(z.string()).optional(),
});

export type Job = z.infer<typeof JobBody>;

/** A job from JSON with the server's defaults; a sentence if it does not fit. */
export function readJob(json: unknown): Job | string {
  const nullsDropped = typeof json === 'object' && json !== null && !Array.isArray(json) ? withoutNulls(json) : json;
  const result = JobBody.safeParse(nullsDropped);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return `Can not deserialize instance of job at '${issue?.path.join('.') ?? ''}': ${issue?.message ?? 'unreadable'}`;
}

function withoutNulls(json: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

const KNOWN = Object.keys(JobBody.shape);

/** A job as this version prints it: one of `uris` and `fetch` fills the other, unknown keys are gone. */
export function jobJson(job: Job, version: ChronosVersion): Record<string, unknown> {
  const {
    concurrent,
    taskInfoData,
    schedule,
    scheduleTimeZone,
    parents,
    epsilon,
    async,
    container,
    constraints,
    ...rest
  } = job;
  const known = Object.fromEntries(Object.entries(rest).filter(([key]) => KNOWN.includes(key)));
  const old = version === '2.5';
  return {
    ...known,
    ...(old ? { epsilon: epsilon ?? 'PT60S', async: async ?? false } : { taskInfoData, concurrent }),
    uris: job.uris.length > 0 ? job.uris : job.fetch.map(({ uri }) => uri),
    fetch:
      job.fetch.length > 0
        ? job.fetch
        : job.uris.map((uri) => ({ uri, executable: false, cache: false, extract: true })),
    ...(container && { container }),
    constraints,
    ...(parents && parents.length > 0
      ? { parents }
      : { schedule: schedule ?? '', scheduleTimeZone: scheduleTimeZone ?? '' }),
  };
}

export function isDependent({ parents }: Job): boolean {
  return parents !== undefined && parents.length > 0;
}

export function validName(name: string, version: ChronosVersion): boolean {
  return (version === '2.5' ? /^[\w .#-]+$/ : /^[\w.-]+$/).test(name);
}

/** How long the command says it takes, in ms, and whether it says that it fails. */
export function readCommand(command: string, fallbackMs: number): { runMs: number; fails: boolean } {
  const sleeps = [...command.matchAll(/\bsleep\s+(\d+(?:\.\d+)?)/g)].map(([, seconds]) => Number(seconds) * 1000);
  const fails = /(?:^|[;&|]\s*)(?:false|exit\s+[1-9]\d*)\s*$/.test(command.trim());
  return { runMs: sleeps.length > 0 ? sleeps.reduce((sum, ms) => sum + ms, 0) : fallbackMs, fails };
}
