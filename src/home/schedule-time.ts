import { Cron } from 'croner';
import { IANAZone } from 'luxon';

/** When something happens again and again: five fields of cron, read in a time zone such as Europe/London. */
export type ScheduleTime = { cron: string; timeZone: string };

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Whether this is a schedule of five fields, as cron has them, that comes at some time. */
export function isValidCron(text: string): boolean {
  if (text.trim().split(/\s+/).length !== 5) return false;
  try {
    return wallClock(text).nextRun(new Date(0)) !== null;
  } catch {
    return false;
  }
}

export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/**
 * The first occurrence after a moment. Where clocks are changed, a named hour is a time of day: one that is left out comes when the clock has
 * jumped, one that comes twice counts the first time. With `*` as the hour every minute that really passes counts, the repeated ones too.
 */
export function nextOccurrence({ cron, timeZone }: ScheduleTime, after: Date): Date | undefined {
  const zone = IANAZone.create(timeZone);
  const next = (wallMs: number) => wallClock(cron).nextRun(new Date(wallMs))?.getTime();
  const find = /^\*(?:\/1)?$/.test(cron.trim().split(/\s+/)[1] ?? '') ? nextByMinutes : nextByTimeOfDay;
  const ms = find(zone, next, Math.floor(after.getTime() / MINUTE_MS) * MINUTE_MS);
  return ms === undefined ? undefined : new Date(ms);
}

/** All of them after one moment and up to another, oldest first; at most `most`, of which the newest are kept. */
export function occurrencesBetween(time: ScheduleTime, after: Date, until: Date, most: number): Date[] {
  const found: Date[] = [];
  for (let next = nextOccurrence(time, after); next && next <= until; next = nextOccurrence(time, next)) {
    found.push(next);
    if (found.length > most) found.shift();
  }
  return found;
}

// What the clock on the wall shows is reckoned with as if it were UTC, where no hour is missing or comes twice.
const clocks = new Map<string, Cron>();
const MOST_CLOCKS = 500;

function wallClock(cron: string): Cron {
  const known = clocks.get(cron);
  if (known) return known;
  if (clocks.size >= MOST_CLOCKS) clocks.clear();
  const made = new Cron(cron, { timezone: 'UTC', paused: true });
  clocks.set(cron, made);
  return made;
}

type NextOnWall = (wallMs: number) => number | undefined;

function nextByTimeOfDay(zone: IANAZone, next: NextOnWall, afterMs: number): number | undefined {
  for (let wallMs = next(afterMs + offsetMs(zone, afterMs)); wallMs !== undefined; wallMs = next(wallMs)) {
    const ms = firstMoment(zone, wallMs);
    if (ms > afterMs) return ms;
  }
  return undefined;
}

/** When a clock on the wall first shows this; where it never does, the moment at which it has jumped over it. */
function firstMoment(zone: IANAZone, wallMs: number): number {
  const before = offsetMs(zone, wallMs - DAY_MS);
  const behind = offsetMs(zone, wallMs + DAY_MS);
  const shown = [wallMs - Math.max(before, behind), wallMs - Math.min(before, behind)].find(
    (ms) => ms + offsetMs(zone, ms) === wallMs,
  );
  return shown ?? changeBetween(zone, wallMs - behind, wallMs - before);
}

function nextByMinutes(zone: IANAZone, next: NextOnWall, afterMs: number): number | undefined {
  let sinceMs = afterMs;
  let offset = offsetMs(zone, afterMs);
  let wallMs = next(afterMs + offset);
  while (wallMs !== undefined) {
    const changeMs = firstChange(zone, sinceMs, wallMs - offset);
    if (changeMs === undefined) return wallMs - offset;
    // From then on the clock shows something else.
    sinceMs = changeMs;
    offset = offsetMs(zone, changeMs);
    wallMs = next(changeMs - MINUTE_MS + offset);
  }
  return undefined;
}

/** When the clock is changed in this time, up to its last minute; undefined when it is not. */
function firstChange(zone: IANAZone, fromMs: number, untilMs: number): number | undefined {
  const offset = offsetMs(zone, fromMs);
  for (let ms = fromMs; ms < untilMs; ms += DAY_MS) {
    const endMs = Math.min(ms + DAY_MS, untilMs);
    if (offsetMs(zone, endMs) !== offset) return changeBetween(zone, ms, endMs);
  }
  return undefined;
}

/** The first minute at which the offset is no longer that of `fromMs`. */
function changeBetween(zone: IANAZone, fromMs: number, toMs: number): number {
  const offset = offsetMs(zone, fromMs);
  let [same, changed] = [fromMs, toMs];
  while (changed - same > MINUTE_MS) {
    const middle = same + Math.floor((changed - same) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetMs(zone, middle) === offset) same = middle;
    else changed = middle;
  }
  return changed;
}

function offsetMs(zone: IANAZone, ms: number): number {
  const day = Math.floor(ms / DAY_MS);
  const offset = offsetAtDay(zone, day);
  return offset === offsetAtDay(zone, day + 1) ? offset : zone.offset(ms) * MINUTE_MS;
}

// To ask for an offset is slow; a day that begins and ends with the same one has no other in between.
const offsets = new Map<string, number>();
const MOST_OFFSETS = 10_000;

function offsetAtDay(zone: IANAZone, day: number): number {
  const key = `${zone.name} ${day}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  if (offsets.size >= MOST_OFFSETS) offsets.clear();
  const offset = zone.offset(day * DAY_MS) * MINUTE_MS;
  offsets.set(key, offset);
  return offset;
}
