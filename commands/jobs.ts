import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { Moment } from '../src/bot/moment.js';
import { StarsError } from '../src/errors.js';
import { jobResource } from './app-changes/app-resource.js';
import { listJobs } from './jobs/list-jobs.js';
import { runJob } from './jobs/run-job.js';
import { switchJob } from './jobs/switch-job.js';
import { TimeSpan } from './time-span.js';

const ACTIONS = ['list', 'run', 'enable', 'disable', 'kill'] as const;

const JobsArgs = z
  .strictObject({
    action: z.enum(ACTIONS, { error: 'must be list, run, enable, disable or kill' }).default('list'),
    job: z.string().min(1).optional(),
    until: Moment.optional(),
    parents: z.boolean().default(false),
    wait: TimeSpan.default(1_800_000),
  })
  .refine(({ action, job }) => action === 'list' || job !== undefined, { error: 'the job is missing' })
  .refine(({ action, until }) => until === undefined || action === 'enable' || action === 'disable', {
    error: 'only enable and disable can end by themselves',
  })
  .refine(({ action, parents }) => !parents || action === 'run', { error: '--parents goes with run alone' });

type JobsArgs = z.infer<typeof JobsArgs>;

export const jobs = defineCommand({
  name: 'jobs',
  summary: 'List the jobs of Chronos with how each stands; run, enable, disable or kill one.',
  words: ['[action]', '[job]'],
  environment: 'required',
  takesEnd: true,
  flags: {
    parents: { says: 'with run: run what it waits for first, so that it follows' },
    wait: { takes: 'TIME', says: 'with run: how long to wait for its end, 30m unless told' },
  },
  args: JobsArgs,
  permission: 'operate',
  reads: ({ args: { action } }) => action === 'list',
  cluster: true,
  kind: 'run',
  examples: [
    'jobs production',
    'jobs list reindex production',
    'jobs run reindex staging --parents',
    'jobs disable compact-journal until 18:00',
    'jobs enable compact-journal production',
    'jobs kill reindex production',
  ],

  resources: ({ args: { job } }) => (job === undefined ? [] : [jobResource(job)]),
  async subject({ args: { action, job }, cluster }) {
    if (job === undefined) return {};
    if (action === 'list') {
      const named = (await (await cluster()).chronos.jobs()).filter(({ name }) => name.includes(job));
      return { targets: named.map(({ name }) => ({ kind: 'job', name })) };
    }
    return { targets: [{ kind: 'job', name: (await (await cluster()).chronos.job(job)).name }] };
  },

  async run(context) {
    const { action, job: name, until, parents, wait } = context.args;
    if (action === 'list') return listJobs(name, context);
    if (name === undefined) throw new StarsError('USAGE', 'The job is missing.');
    if (action === 'run') return runJob({ name, parents, wait }, context);
    if (action === 'kill') return kill(name, context);
    return switchJob({ name, disabled: action === 'disable', until }, context);
  },
});

async function kill(name: string, { cluster, step, signal }: CommandContext<JobsArgs>): Promise<string> {
  await step(`Find ${name} in Chronos`, () => cluster.chronos.job(name, { signal }));
  const state = (await cluster.chronos.summary({ signal })).find((one) => one.name === name)?.state ?? 'idle';
  if (state === 'idle') return `${name} is not running, so there was nothing to kill.`;
  await step(`Kill the tasks of ${name}`, () => cluster.chronos.kill(name, { signal }));
  return `Killed what ran of ${name} (it was ${state}). Chronos counts that neither as success nor as failure.`;
}
