import { z } from 'zod';
import type { CommandContext } from '../../src/bot/command.js';
import { registerDefinitionSecrets } from '../../src/bot/definition-secrets.js';
import { lastWordsOfTask } from '../../src/cluster/failing-task.js';
import type { Job } from '../../src/cluster/chronos/schema.js';
import { StarsError } from '../../src/errors.js';
import { poll } from '../../src/poll.js';
import { quoted } from '../app-changes/follow-change.js';

export type RunJob = { name: string; parents: boolean; wait: number };

const EVERY_MS = 2_000;
// Chronos queues a run within moments, or not at all.
const QUEUED_WITHIN_MS = 60_000;

/** Runs a job now, or its first ancestors so that it follows them, and waits for its end; the closing words. */
export async function runJob({ name, parents, wait }: RunJob, context: CommandContext<unknown>): Promise<string> {
  const { cluster, step, home, signal } = context;
  const job = await step(`Find ${name} in Chronos`, () => cluster.chronos.job(name, { signal }));
  registerDefinitionSecrets((await cluster.chronos.definition(name, { signal })) ?? {}, home.redactor);
  const all = await cluster.chronos.jobs({ signal });
  const first = parents ? rootsOf(job, all) : [job];
  requireReady(parents ? [...first, ...between(job, all)] : first, context.environment.name);
  const before = await askOnce(first, job, context);
  const ended = await step(`Wait for the end of ${name}`, () =>
    untilEnded({ name, ...before }, { parents, wait }, context),
  );
  if (ended.succeeded)
    return `${name} succeeded${parents ? `, after ${first.map((one) => one.name).join(' and ')}` : ''}.`;
  const last = await lastWordsOfTask(cluster, `ChronosTask:${name}`, signal);
  if (last) context.note(quoted(last));
  throw new StarsError('UNHEALTHY', ended.says, {
    hint: `See how it stands: jobs list ${name} ${context.environment.name}`,
    choices: [{ words: `jobs run ${name} ${context.environment.name}`, label: 'Run again' }],
  });
}

/** What Chronos had counted of a job before it was asked to run it. */
const Counted = z.object({
  successCount: z.number(),
  errorCount: z.number(),
  lastSuccess: z.string().optional(),
  lastError: z.string().optional(),
});
type Counted = z.infer<typeof Counted>;

/** A run that is resumed waits for what it asked for: asked again, Chronos would run it twice. */
async function askOnce(first: readonly Job[], job: Job, context: CommandContext<unknown>): Promise<Counted> {
  const { cluster, once, signal } = context;
  let before: Counted | undefined;
  for (const root of first) {
    const ask = async () => {
      if (!before) await requireIdle(job, context);
      await cluster.chronos.run(root.name, { signal });
      return Counted.parse(job);
    };
    const then = await once(`Ask Chronos to run ${root.name}`, ask, Counted);
    before ??= then;
  }
  return before ?? job;
}

/** The ancestors that wait for nobody; running them lets all others follow. */
function rootsOf(job: Job, all: readonly Job[]): Job[] {
  const ancestors = ancestorsOf(job, all);
  return ancestors.length === 0 ? [job] : ancestors.filter(({ parents }) => parents.length === 0);
}

function between(job: Job, all: readonly Job[]): Job[] {
  return [job, ...ancestorsOf(job, all).filter(({ parents }) => parents.length > 0)];
}

function ancestorsOf(job: Job, all: readonly Job[]): Job[] {
  const found = new Map<string, Job>();
  const left = [...job.parents];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const parent = all.find((one) => one.name === name);
    if (!parent || found.has(name) || name === job.name) continue;
    found.set(name, parent);
    left.push(...parent.parents);
  }
  return [...found.values()];
}

/** Chronos says yes to running a disabled job, and does nothing. */
function requireReady(jobs: readonly Job[], environment: string): void {
  const off = jobs.find(({ disabled }) => disabled);
  if (off)
    throw new StarsError('USAGE', `${off.name} is disabled: Chronos would not run it.`, {
      hint: `Enable it first: jobs enable ${off.name} ${environment}`,
    });
}

async function requireIdle({ name }: Job, { cluster, environment, signal }: CommandContext<unknown>): Promise<void> {
  const state = (await cluster.chronos.summary({ signal })).find((one) => one.name === name)?.state ?? 'idle';
  if (state === 'idle') return;
  throw new StarsError('USAGE', `${name} is ${state} already: Chronos would not queue it twice.`, {
    hint: `Wait for its end, or kill it: jobs kill ${name} ${environment.name}`,
  });
}

type Ended = { succeeded: true } | { succeeded: false; says: string };

async function untilEnded(
  before: Counted & { name: string },
  { parents, wait }: { parents: boolean; wait: number },
  { cluster, environment, clock, signal, note }: CommandContext<unknown>,
): Promise<Ended> {
  const { name } = before;
  const startedMs = clock.now().getTime();
  let seen = false;
  const end = async (): Promise<Ended | undefined> => {
    const now = await cluster.chronos.job(name, { signal });
    if (now.successCount > before.successCount || (now.lastSuccess ?? '') > (before.lastSuccess ?? ''))
      return { succeeded: true };
    if (now.errorCount > before.errorCount || (now.lastError ?? '') > (before.lastError ?? ''))
      return { succeeded: false, says: `${name} failed, with all its retries used up.` };
    const state = (await cluster.chronos.summary({ signal })).find((one) => one.name === name)?.state ?? 'idle';
    if (state !== 'idle' && !seen) note(`${name} is ${state}.`);
    seen ||= state !== 'idle';
    // A retry is not queued at once, and a parent has to end first.
    const idleMs = clock.now().getTime() - startedMs;
    if (!seen && !parents && idleMs > QUEUED_WITHIN_MS)
      return { succeeded: false, says: `Chronos took the request, but never queued ${name}.` };
    return undefined;
  };
  const polling = { clock, everyMs: EVERY_MS, timeoutMs: wait, signal, what: `The end of ${name}` };
  return poll(end, polling).catch((error: unknown) => {
    if (!(error instanceof StarsError) || error.code !== 'TIMEOUT') throw error;
    throw error.with({
      hint: `It goes on, or was killed. Look at it: jobs list ${name} ${environment.name}`,
      choices: [
        {
          words: `jobs kill ${name} ${environment.name}`,
          label: 'Kill it',
          style: 'danger',
          asks: `Kill the tasks of ${name}?`,
        },
      ],
    });
  });
}
