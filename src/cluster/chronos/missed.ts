import { scheduleOf } from './schedule.js';
import type { Job } from './schema.js';

/** A job may begin so late as its epsilon says, which is up to half an hour as a rule; one that is an hour late is not merely late. */
const LATE_MS = 3_600_000;

/**
 * The runs of an enabled job that were due and have not begun, and since when, ISO UTC: nobody leads, or there are no offers. Chronos moves
 * the start on with every run, so one that stays in the past was missed.
 */
export function missedSince(job: Job, now: Date): { runs: number; since: string } | undefined {
  const schedule = scheduleOf(job);
  if (job.disabled || !schedule?.start || schedule.repeats === 0 || job.parents.length > 0) return undefined;
  const lateMs = now.getTime() - schedule.start.toMillis();
  if (lateMs <= LATE_MS) return undefined;
  // One that never ran may have been sent with a start of long ago, which 2.x keeps until the first run.
  const isNew = !job.lastSuccess && !job.lastError;
  if (isNew && lateMs > schedule.period.toMillis()) return undefined;
  const runs = Math.floor(lateMs / schedule.period.toMillis()) + 1;
  return { runs, since: schedule.start.toUTC().toJSDate().toISOString() };
}
