import { DateTime } from 'luxon';
import { z } from 'zod';
import { StarsError } from '../errors.js';

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST_MS = 90 * UNITS.d;

/** What `for` and `until` take: a moment in words, which `momentOf` reads once it matters when now is. */
export const Moment = z.string().refine((text) => readMoment(text, new Date(0)) !== undefined, {
  error: 'is a time such as 90m, 2h, 3d, 18:00 or 2026-12-24T18:00',
});

/** The moment that `2h`, `90m`, `3d`, `18:00` or an ISO date means, seen from now; a time of day is the next one, in the zone of the service. USAGE else. */
export function momentOf(text: string, now: Date): Date {
  const moment = readMoment(text, now);
  if (!moment)
    throw new StarsError('USAGE', `“${text.slice(0, 40)}” is no time.`, {
      hint: 'Say 90m, 2h, 3d, 18:00 or 2026-12-24T18:00.',
    });
  const ms = moment.getTime() - now.getTime();
  if (ms <= 0) throw new StarsError('USAGE', `${text} has passed already.`);
  if (ms > LONGEST_MS) throw new StarsError('USAGE', `${text} is more than 90 days away.`);
  return moment;
}

function readMoment(text: string, now: Date): Date | undefined {
  return afterSpan(text, now) ?? atTime(text, now) ?? atDate(text);
}

function afterSpan(text: string, now: Date): Date | undefined {
  const [, number, unit] = /^(\d{1,5})\s*(m|h|d)[a-z]*$/i.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  return new Date(now.getTime() + Number(number) * UNITS[unit.toLowerCase() as keyof typeof UNITS]);
}

function atTime(text: string, now: Date): Date | undefined {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text.trim()) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  const today = DateTime.fromJSDate(now).set({ hour: Number(hour), minute: Number(minute), second: 0, millisecond: 0 });
  return (today.toJSDate() > now ? today : today.plus({ days: 1 })).toJSDate();
}

function atDate(text: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\d/.test(text.trim())) return undefined;
  const date = DateTime.fromISO(text.trim());
  return date.isValid ? date.toJSDate() : undefined;
}
