import { utcWords } from '../../model/utc-words.js';
import { changedAt } from '../mesos/changed-at.js';
import type { Task } from '../mesos/schema.js';
import { jobState } from './job-health.js';
import { missedSince } from './missed.js';
import { nextStart, scheduleOf } from './schedule.js';
import type { Job, JobSummary } from './schema.js';

/** How a job stands for people: the worst first when sorted by `rank`. */
export type JobReport = {
  name: string;
  rank: number;
  icon: string;
  words: string;
};

export type JobFacts = {
  job: Job;
  /** What Chronos says it does now: `idle`, `queued`, `2 running`. */
  summary: JobSummary | undefined;
  /** Its tasks, as Mesos knows them; undefined when Mesos was not asked. */
  tasks: readonly Task[] | undefined;
  now: Date;
};

const DAY_MS = 24 * 3_600_000;
/** A minute apart unless Chronos is told otherwise. */
const RETRY_WITHIN_MS = 3_600_000;

/** A job in one line: what it does, when it last succeeded, and what is wrong with it. */
export function reportOfJob(facts: JobFacts): JobReport {
  const { job, summary, now } = facts;
  const state = jobState(job);
  const stuck = stuckFor(facts);
  const missed = missedRuns(facts);
  const again = triedAgain(facts);
  const troubles = [
    ...(stuck === undefined ? [] : [stuck]),
    ...(missed === undefined ? [] : [missed]),
    ...(again === undefined ? [] : [again]),
    ...(state === 'failing' ? [failing(job)] : []),
  ];
  const working = summary && summary.state !== 'idle' ? summary.state : undefined;
  const words = [
    ...troubles,
    ...(state === 'off' ? [offWords(job)] : []),
    ...(working === undefined ? [] : [working]),
    lastSuccess(job),
    ...(state === 'off' ? [] : [whenNext(job, now)]),
  ];
  const rank = troubles.length > 0 && state !== 'off' ? 0 : state === 'off' ? 2 : 1;
  const icon = { 0: '🔴', 1: state === 'fresh' ? '⚪' : '🟢', 2: '⚫' }[rank] ?? '⚪';
  return { name: job.name, rank, icon, words: words.join(' · ') };
}

/** People switch jobs off, and so does Chronos itself when one failed too often in a row. */
function offWords(job: Job): string {
  if (isDone(job)) return 'has run as often as it was to';
  return job.errorsSinceLastSuccess > 0 ? `disabled, after it ${failing(job)}` : 'disabled';
}

function failing({ errorsSinceLastSuccess, lastError }: Job): string {
  const at = lastError ? utcWords(lastError) : 'an unknown time';
  return errorsSinceLastSuccess > 1
    ? `failed ${errorsSinceLastSuccess} times in a row, last at ${at}`
    : `failed last time, at ${at}`;
}

function lastSuccess({ lastSuccess, successCount }: Job): string {
  if (!lastSuccess) return 'never succeeded';
  return `last success ${utcWords(lastSuccess)} (${successCount} in all)`;
}

function whenNext({ parents, ...job }: Job, now: Date): string {
  if (parents.length > 0) return `after ${parents.join(', ')}`;
  const schedule = scheduleOf(job);
  const next = schedule && nextStart(schedule, now);
  return next ? `next ${utcWords(next.toUTC().toISO() ?? '')}` : 'no time to run at';
}

function missedRuns({ job, now }: JobFacts): string | undefined {
  const missed = missedSince(job, now);
  if (!missed) return undefined;
  const { runs, since } = missed;
  return `missed ${runs === 1 ? 'a run' : `${runs} runs`}: it was due at ${utcWords(since)}`;
}

/** A run that goes on for longer than the job's runs are apart. */
function stuckFor({ job, tasks, now }: JobFacts): string | undefined {
  const apartMs = scheduleOf(job)?.period.toMillis() ?? DAY_MS;
  const begun = (tasks ?? [])
    .filter(({ state }) => state === 'TASK_RUNNING')
    .flatMap(({ statuses }) => statuses.flatMap(({ timestamp }) => timestamp ?? []))
    .sort((a, b) => a - b)[0];
  const forMs = begun === undefined ? 0 : now.getTime() - begun * 1_000;
  return forMs > Math.min(apartMs, DAY_MS) ? `stuck: it has been running for ${inHours(forMs)}` : undefined;
}

/** A run of which a try failed; Chronos itself counts no error before the last try. */
function triedAgain({ job, tasks, now }: JobFacts): string | undefined {
  const [last] = (tasks ?? []).toSorted((a, b) => changedAt(b) - changedAt(a));
  const tries = last?.state === 'TASK_FAILED' ? triesOf(last) : undefined;
  if (!last || tries === undefined || tries > job.retries) return undefined;
  const at = new Date(changedAt(last)).toISOString();
  // What was taken out of the queue leaves no trace but that nothing comes after it.
  const isOver =
    at < (job.lastError ?? '') || at < (job.lastSuccess ?? '') || now.getTime() - Date.parse(at) > RETRY_WITHIN_MS;
  return isOver ? undefined : `failed at ${utcWords(at)} and is tried again (${tries} of ${job.retries + 1} tries)`;
}

/** Chronos names a task `ct:<due>:<attempt>:<job>:…`. */
function triesOf({ id }: Task): number | undefined {
  const attempt = /^ct:\d+:(\d+):/.exec(id)?.[1];
  return attempt === undefined ? undefined : Number(attempt) + 1;
}

function isDone(job: Job): boolean {
  return scheduleOf(job)?.repeats === 0;
}

function inHours(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
