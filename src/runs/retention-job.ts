import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { repeat } from '../repeat.js';
import type { Audit } from '../store/audit.js';
import type { DailyJobs } from '../store/daily-jobs.js';
import type { Retention } from '../store/retention.js';
import { forgetFiles } from './forget-files.js';

export type RetentionJobOptions = {
  retention: Retention;
  dailyJobs: DailyJobs;
  audit: Audit;
  /** For how long they are kept, in milliseconds. */
  keep: { events: number; runs: number };
  /** Where runs left files for people without a chat; each machine has its own. */
  filesFolder: string;
  clock: Clock;
  log: Log;
};

const LOOK_EVERY_MS = 60 * 60_000;
const NAME = 'retention';

/** Forgets old runs once a day, whichever process comes first, until the returned function is called. */
export function startRetention(options: RetentionJobOptions): () => Promise<void> {
  const { clock, log } = options;
  const onError = (error: unknown) => log.warn({ error }, 'old runs could not be deleted');
  const look = async (signal: AbortSignal) => {
    await forgetOldFiles(options, signal);
    await applyRetention(options, signal);
  };
  return repeat(look, { clock, everyMs: LOOK_EVERY_MS, onError });
}

/** With the events of their runs. */
async function forgetOldFiles(
  { filesFolder, keep, clock, log }: RetentionJobOptions,
  signal: AbortSignal,
): Promise<void> {
  const before = new Date(clock.now().getTime() - keep.events);
  const runs = await forgetFiles(filesFolder, before, signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    log.warn({ error, folder: filesFolder }, 'old files of runs could not be deleted');
    return 0;
  });
  if (runs > 0) log.info({ runs }, 'old files of runs were deleted');
}

/** Once: unless it was done today. Deleting is itself in the audit. */
export async function applyRetention(
  { retention, dailyJobs, audit, keep, clock, log }: Omit<RetentionJobOptions, 'filesFolder'>,
  signal: AbortSignal,
): Promise<void> {
  const now = clock.now();
  if (!(await dailyJobs.claim(NAME, now))) return;
  const before = (ms: number) => new Date(now.getTime() - ms);
  const limits = { events: before(keep.events), runs: before(keep.runs) };
  const swept = await retention.sweep(limits, signal);
  if (swept.events + swept.runs > 0) {
    const details = { ...swept, eventsBefore: limits.events.toISOString(), runsBefore: limits.runs.toISOString() };
    await audit.record({ kind: 'service', outcome: 'retention', details });
    log.info(swept, 'old runs were deleted');
  }
  await dailyJobs.done(NAME, clock.now());
}
