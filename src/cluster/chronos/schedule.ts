import { DateTime, Duration } from 'luxon';
import type { Definition } from '../normalise.js';

/** `R[n]/<start>/P<period>`; `repeats` is undefined for ever, `start` for an empty one, which means now. */
export type Schedule = { repeats: number | undefined; start: DateTime | undefined; period: Duration };

const SHAPE = /^R(\d*)\/([^/]*)\/(P.+)$/;

/** The schedule of a job; undefined when it has none or Chronos could not read it. */
export function scheduleOf({ schedule, scheduleTimeZone }: Definition): Schedule | undefined {
  const [whole, count = '', startText = '', periodText = ''] =
    SHAPE.exec(typeof schedule === 'string' ? schedule : '') ?? [];
  if (whole === undefined) return undefined;
  const written = DateTime.fromISO(startText, { setZone: true });
  // The zone of the job counts more than the one that is written.
  const start = typeof scheduleTimeZone === 'string' && scheduleTimeZone ? written.setZone(scheduleTimeZone) : written;
  const period = Duration.fromISO(periodText);
  if (!period.isValid || period.toMillis() <= 0 || (startText !== '' && !start.isValid)) return undefined;
  return { repeats: count === '' ? undefined : Number(count), start: startText === '' ? undefined : start, period };
}

/**
 * Whether the schedule of a job is the same a while later: Chronos moves the start on after each run and counts the repetitions down,
 * which is no change of anybody's.
 */
export function hasMoved(before: Definition, after: Definition): boolean {
  const [from, to] = [scheduleOf(before), scheduleOf(after)];
  if (!from || !to?.start || from.period.toISO() !== to.period.toISO()) return false;
  if (!countedDown(from.repeats, to.repeats)) return false;
  if (!from.start) return true;
  // Months and years are not equally long, and the end of a long one moves: any later start is taken for the next one.
  if (from.period.months > 0 || from.period.years > 0) return to.start >= from.start;
  return isStep(from.start, to.start, from.period);
}

/** The first start of the schedule after this moment; the start itself when that is still to come, or when there is none. */
export function nextStart({ start, period }: Schedule, now: Date): DateTime | undefined {
  if (!start || start.toMillis() > now.getTime()) return start;
  let steps = Math.max(0, Math.floor((now.getTime() - start.toMillis()) / period.toMillis()) - 1);
  // A month of the period is taken for 30 days, so a long-past start needs more steps than that, or fewer.
  while (steps > 0 && after(start, period, steps).toMillis() > now.getTime()) steps = Math.floor(steps * 0.9);
  while (after(start, period, steps).toMillis() <= now.getTime()) steps += 1;
  return after(start, period, steps);
}

/** The same schedule from another start, which is written in the zone that the old one had. */
export function withStart(schedule: string, start: DateTime): string {
  const [repeats = '', old = '', period = ''] = schedule.split('/');
  const text = old.endsWith('Z') ? start.toUTC().toISO() : start.toISO();
  return [repeats, text, period].join('/');
}

function countedDown(before: number | undefined, after: number | undefined): boolean {
  return before === undefined || after === undefined ? before === after : after <= before;
}

/** Whether so many periods lie between two moments; days are as long as the zone makes them. */
function isStep(from: DateTime, to: DateTime, period: Duration): boolean {
  const about = Math.round((to.toMillis() - from.toMillis()) / period.toMillis());
  return [about - 1, about, about + 1].some((steps) => after(from, period, steps).toMillis() === to.toMillis());
}

function after(start: DateTime, period: Duration, steps: number): DateTime {
  return start.plus(period.mapUnits((amount) => amount * steps));
}
