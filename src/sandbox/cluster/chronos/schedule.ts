import { DateTime, Duration } from 'luxon';

/** `R[n]/<start>/P<period>`; `repeats` undefined = for ever. */
export type Schedule = { repeats: number | undefined; start: DateTime; period: Duration };

const SHAPE = /^R(\d*)\/([^/]*)\/(P.+)$/;

/** The schedule, or undefined if Chronos could not read it. An empty start is `now`; `zone` overrides the written one. */
export function parseSchedule(text: string, { zone = '', now }: { zone?: string; now: Date }): Schedule | undefined {
  const match = SHAPE.exec(text);
  if (!match) return undefined;
  const [, count = '', startText = '', periodText = ''] = match;
  const written =
    startText === '' ? DateTime.fromJSDate(now, { zone: 'utc' }) : DateTime.fromISO(startText, { setZone: true });
  const start = zone ? written.setZone(zone) : written;
  const period = Duration.fromISO(periodText);
  if (!start.isValid || !period.isValid || period.toMillis() <= 0) return undefined;
  return { repeats: count === '' ? undefined : Number(count), start, period };
}

export function formatSchedule({ repeats, start, period }: Schedule): string {
  return `R${repeats ?? ''}/${start.toISO()}/${period.toISO()}`;
}

/** One run later: the next start, one repeat less. */
export function stepOn({ repeats, start, period }: Schedule): Schedule {
  return { repeats: repeats === undefined ? undefined : Math.max(0, repeats - 1), start: start.plus(period), period };
}

/** The first due time at or after `nowMs`; runs that were missed do not count as repeats. */
export function skipForward(schedule: Schedule, nowMs: number): Schedule {
  const { start, period } = schedule;
  const behindMs = nowMs - start.toMillis();
  if (behindMs <= 0) return schedule;
  const unitMs = period.toMillis();
  // Whole periods at once, then one by one: days and months are not all of the same length.
  const whole = Math.max(0, Math.floor(behindMs / unitMs) - 2);
  let next = start.plus(Duration.fromObject(scale(period, whole)));
  if (next.toMillis() > nowMs) next = start;
  while (next.toMillis() < nowMs) next = next.plus(period);
  return { ...schedule, start: next };
}

function scale(period: Duration, factor: number): Record<string, number> {
  return Object.fromEntries(Object.entries(period.toObject()).map(([unit, amount]) => [unit, Number(amount) * factor]));
}
