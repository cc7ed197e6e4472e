import { dueOf } from '../../src/bot/schedule-plan.js';
import { occurrencesBetween } from '../../src/home/schedule-time.js';
import { createChance } from '../kill/chance.js';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
const FROM_MS = Date.parse('2026-01-01T00:00:00.000Z');
const UNTIL_MS = Date.parse('2030-01-01T00:00:00.000Z');
// At times that the changes of the clock leave out or repeat.
const TIMES = [
  ['Europe/London', '30 1 * * *'],
  ['America/New_York', '15 2 * * *'],
  ['Australia/Lord_Howe', '45 1 * * *'],
  ['Asia/Kolkata', '30 1 * * *'],
] as const;

const schedule = (timeZone: string, cron: string) =>
  ({ cron, timeZone, missed: 'run', missedWithinMs: 12 * 60 * MINUTE_MS }) as const;

/** When processes look: about once in a while, and never while all of them are gone; the last one is at the end. */
function* looks(seed: number, everyMs: number): Generator<number> {
  const chance = createChance(seed);
  for (let ms = FROM_MS; ms < UNTIL_MS; ms += everyMs + Math.floor(chance.number() * everyMs)) {
    yield ms;
    if (chance.number() < 0.01) ms += Math.floor(chance.number() * 3 * DAY_MS);
  }
  yield UNTIL_MS;
}

test.each(TIMES)(
  'four years in %s of %s, with absences: each occurrence is decided once, and most are run',
  (zone, cron) => {
    const decided: number[] = [];
    let asked = 0;
    let mark = new Date(FROM_MS - 1);
    for (const ms of looks(1, 6 * 60 * MINUTE_MS)) {
      const due = dueOf(schedule(zone, cron), mark, new Date(ms));
      if (!due) continue;
      decided.push(...due.occurrences.map(({ dueAt }) => Date.parse(dueAt)));
      if (due.run) asked += 1;
      mark = due.until;
    }
    const wanted = occurrencesBetween(schedule(zone, cron), new Date(FROM_MS - 1), new Date(UNTIL_MS), 100_000);
    expect(decided).toEqual(wanted.map(Number));
    expect(asked).toBeGreaterThan(wanted.length * 0.9);
    expect(asked).toBeLessThan(wanted.length);
  },
);
