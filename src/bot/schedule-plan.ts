import { occurrencesBetween } from '../home/schedule-time.js';
import type { Schedule } from '../home/schedules.js';
import type { OccurrenceState } from '../store/schedules.js';

/** What is to become of the occurrences of a schedule that came since it was last looked at. */
export type Due = {
  /** Up to here everything is decided. */
  until: Date;
  occurrences: { dueAt: string; state: OccurrenceState; says?: string }[];
  /** The one that is asked for now. */
  run: Date | undefined;
  /** Those that people are told of, since nothing was done. */
  missed: Date[];
};

/** A restart is no absence. */
const ON_TIME_MS = 5 * 60_000;
const LOOK_BACK_MS = 8 * 86_400_000;
const MOST = 100;

type Timed = Pick<Schedule, 'cron' | 'timeZone' | 'missed' | 'missedWithinMs'>;

/**
 * Undefined when nothing was due. Of several occurrences one run, that of the newest, stands for all; one that is late is run, reported or
 * left out as the schedule says.
 */
export function dueOf(schedule: Timed, decidedUntil: Date, now: Date): Due | undefined {
  const after = new Date(Math.max(decidedUntil.getTime(), now.getTime() - LOOK_BACK_MS));
  const due = occurrencesBetween(schedule, after, now, MOST);
  const newest = due.at(-1);
  if (!newest) return undefined;
  const lateMs = now.getTime() - newest.getTime();
  const runs = lateMs <= ON_TIME_MS || (schedule.missed === 'run' && lateMs <= schedule.missedWithinMs);
  const left = runs ? due.slice(0, -1) : due;
  const tells = schedule.missed === 'report' || (schedule.missed === 'run' && !runs);
  const state = tells ? 'missed' : 'skipped';
  const says = runs && !tells ? 'a later one stands for it' : 'no Stars was there';
  return {
    until: newest,
    run: runs ? newest : undefined,
    missed: tells ? left : [],
    occurrences: [
      ...left.map((at) => ({ dueAt: at.toISOString(), state, says }) as const),
      ...(runs ? [{ dueAt: newest.toISOString(), state: 'asked' } as const] : []),
    ],
  };
}
