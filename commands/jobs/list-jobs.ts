import type { CommandContext } from '../../src/bot/command.js';
import { type JobReport, reportOfJob } from '../../src/cluster/chronos/job-report.js';
import type { Task } from '../../src/cluster/mesos/schema.js';
import { counted } from '../../src/model/figures.js';

const SHOWN = 60;

/** All jobs with how each stands, those in trouble first; with a part of a name only those. */
export async function listJobs(part: string | undefined, context: CommandContext<unknown>): Promise<string> {
  const { cluster, environment, clock, signal } = context;
  const jobs = await cluster.chronos.jobs({ signal });
  const [summary, tasks] = await Promise.all([cluster.chronos.summary({ signal }), tasksByJob(context)]);
  const states = new Map(summary.map((one) => [one.name, one]));
  const reports = jobs
    .filter(({ name }) => name.toLowerCase().includes((part ?? '').toLowerCase()))
    .map((job) => reportOfJob({ job, summary: states.get(job.name), tasks: tasks?.get(job.name), now: clock.now() }))
    .sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name));
  if (reports.length === 0)
    return part === undefined
      ? `Chronos of ${environment.name} has no jobs.`
      : `None of the ${counted(jobs.length, 'job')} of ${environment.name} has “${part}” in its name.`;
  const more = reports.length > SHOWN ? [`… and ${reports.length - SHOWN} more: name a part of their names.`] : [];
  return [headline(reports, environment.name), ...reports.slice(0, SHOWN).map(lineOf), ...more].join('\n');
}

/** Tasks of Chronos by job; undefined when Mesos cannot be asked, which only costs the sight of stuck runs and of those that are tried again. */
async function tasksByJob({
  cluster,
  note,
  signal,
}: CommandContext<unknown>): Promise<Map<string, Task[]> | undefined> {
  if (!cluster.has('mesos')) return undefined;
  try {
    const byJob = new Map<string, Task[]>();
    for (const task of await cluster.mesos.tasks({ signal })) {
      const job = /^ChronosTask:(.+)$/.exec(task.name ?? '')?.[1];
      if (job === undefined) continue;
      byJob.set(job, [...(byJob.get(job) ?? []), task]);
    }
    return byJob;
  } catch {
    if (!signal.aborted)
      note('Mesos does not answer, so that stuck runs and those that are tried again cannot be seen.');
    return undefined;
  }
}

function headline(reports: readonly JobReport[], environment: string): string {
  const bad = reports.filter(({ rank }) => rank === 0).length;
  const off = reports.filter(({ rank }) => rank === 2).length;
  const parts = [bad === 0 ? 'none in trouble' : `${bad} in trouble`, ...(off > 0 ? [`${off} disabled or done`] : [])];
  return `${counted(reports.length, 'job')} in ${environment}: ${parts.join(', ')}.`;
}

function lineOf({ icon, name, words }: JobReport): string {
  return `${icon} *${name}* ${words}`;
}
