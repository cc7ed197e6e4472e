import { DateTime, IANAZone } from 'luxon';
import { isValidCron, nextOccurrence, occurrencesBetween } from '../../src/home/schedule-time.js';

const ZONES = ['Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'];
const MINUTE_MS = 60_000;
const HALF_HOUR_MS = 30 * MINUTE_MS;
const DAY_MS = 48 * HALF_HOUR_MS;
const FROM_MS = Date.parse('2026-01-01T00:00:00.000Z');
const UNTIL_MS = Date.parse('2030-01-01T00:00:00.000Z');

const localTimes = (cron: string, timeZone: string, from: string, count: number) => {
  const times: string[] = [];
  let at = new Date(from);
  for (let n = 0; n < count; n += 1) {
    at = nextOccurrence({ cron, timeZone }, at) ?? at;
    times.push(DateTime.fromJSDate(at, { zone: timeZone }).toFormat('dd HH:mm ZZ'));
  }
  return times;
};

test.each<[title: string, cron: string, zone: string, from: string, times: string[]]>([
  [
    'a time in the gap of spring comes when the clock has jumped',
    '30 1 * * *',
    'Europe/London',
    '2026-03-28T12:00:00Z',
    ['29 02:00 +01:00', '30 01:30 +01:00'],
  ],
  [
    'in autumn a time that comes twice counts the first time',
    '30 1 * * *',
    'Europe/London',
    '2026-10-24T12:00:00Z',
    ['25 01:30 +01:00', '26 01:30 +00:00'],
  ],
  [
    'every half hour goes through both passes of the hour',
    '*/30 * * * *',
    'Europe/London',
    '2026-10-24T23:59:00Z',
    ['25 01:00 +01:00', '25 01:30 +01:00', '25 01:00 +00:00', '25 01:30 +00:00', '25 02:00 +00:00'],
  ],
  [
    'every half hour goes on without the hour that is left out',
    '*/30 * * * *',
    'America/New_York',
    '2026-03-08T06:15:00Z',
    ['08 01:30 -05:00', '08 03:00 -04:00', '08 03:30 -04:00'],
  ],
  [
    'several times in one gap come once, and the time at its end is one with them',
    '15,45 2,3 * * *',
    'America/New_York',
    '2026-03-08T00:00:00Z',
    ['08 03:00 -04:00', '08 03:15 -04:00', '08 03:45 -04:00', '09 02:15 -04:00'],
  ],
  [
    'a gap of half an hour is jumped over in half an hour',
    '15 2 * * *',
    'Australia/Lord_Howe',
    '2026-10-03T12:00:00Z',
    ['04 02:30 +11:00', '05 02:15 +11:00'],
  ],
  [
    'half an hour that comes twice is counted minute by minute where the hour is a star',
    '*/15 * * * *',
    'Australia/Lord_Howe',
    '2026-04-04T14:29:00Z',
    ['05 01:30 +11:00', '05 01:45 +11:00', '05 01:30 +10:30', '05 01:45 +10:30', '05 02:00 +10:30'],
  ],
  [
    'a day of the month or a day of the week will do, as in cron',
    '0 0 1 * 1',
    'Europe/London',
    '2026-04-28T12:00:00Z',
    ['01 00:00 +01:00', '04 00:00 +01:00'],
  ],
])('%s', (_title, cron, zone, from, times) => {
  expect(localTimes(cron, zone, from, times.length)).toEqual(times);
});

const TIMES_OF_DAY = ['15 2 * * *', '30 1 * * *', '0 2 * * *'];

test.each(ZONES)(
  'four years in %s: a time of day comes once a day, as a clock tells that is watched all the time',
  (zone) => {
    const watched = watch(zone);
    for (const cron of TIMES_OF_DAY) {
      const [minute = 0, hour = 0] = cron.split(' ').map(Number);
      const found = occurrencesBetween({ cron, timeZone: zone }, new Date(FROM_MS - 1), new Date(UNTIL_MS - 1), 10_000);
      expect(found.map(Number)).toEqual(watched.firstTimes(hour * 60 + minute));
    }
  },
);

test.each(ZONES)('around every change of the clock in %s each half hour that passes counts once', (zone) => {
  const { changes, everyHalfHour } = watch(zone);
  for (const change of changes) {
    const [from, until] = [change - DAY_MS, change + DAY_MS];
    const time = { cron: '*/30 * * * *', timeZone: zone };
    const found = occurrencesBetween(time, new Date(from - 1), new Date(until), 1_000);
    expect(found.map(Number)).toEqual(everyHalfHour(from, until));
  }
  expect(changes).toHaveLength(zone === 'Asia/Kolkata' ? 0 : 8);
});

test('what is no schedule of five fields, or never comes, is none', () => {
  expect(['0 7 * * 1-5', '*/5 * * * *', '0 0 29 2 *'].map(isValidCron)).toEqual([true, true, true]);
  expect(['0 7 * *', '0 0 7 * * *', '61 * * * *', '@daily', 'at noon', '0 0 30 2 *'].map(isValidCron)).toEqual(
    Array.from({ length: 6 }, () => false),
  );
});

/** The clock on the wall of a zone, looked at all the time; its offset every half hour, when these zones change it. */
function watch(zone: string) {
  const offsets = offsetsOf(IANAZone.create(zone));
  const wallMinute = (ms: number) => ms / MINUTE_MS + (offsets[Math.floor((ms - FROM_MS) / HALF_HOUR_MS)] ?? 0);
  const changes = offsets.flatMap((offset, at) =>
    at > 0 && offset !== offsets[at - 1] ? [FROM_MS + at * HALF_HOUR_MS] : [],
  );

  /** When it first shows this minute of the day, or has jumped over it, on each day. */
  function firstTimes(minuteOfDay: number): number[] {
    const times: number[] = [];
    let newest = wallMinute(FROM_MS) - 1;
    // The times that are asked for, and all changes, are on a quarter of an hour.
    for (let ms = FROM_MS; ms < UNTIL_MS; ms += 15 * MINUTE_MS) {
      const shown = wallMinute(ms);
      if (shown <= newest) continue;
      if (Math.floor((shown - minuteOfDay) / 1_440) > Math.floor((newest - minuteOfDay) / 1_440)) times.push(ms);
      newest = shown;
    }
    return times;
  }

  function everyHalfHour(from: number, until: number): number[] {
    const all = Array.from({ length: (until - from) / MINUTE_MS + 1 }, (_, at) => from + at * MINUTE_MS);
    return all.filter((ms) => wallMinute(ms) % 30 === 0);
  }

  return { changes, firstTimes, everyHalfHour };
}

function offsetsOf(zone: IANAZone): number[] {
  const days = (UNTIL_MS - FROM_MS) / DAY_MS;
  const ofDay = Array.from({ length: days + 1 }, (_, day) => zone.offset(FROM_MS + day * DAY_MS));
  return Array.from({ length: days }, (_, day) => day).flatMap((day) =>
    Array.from({ length: 48 }, (_, half) =>
      ofDay[day] === ofDay[day + 1] ? (ofDay[day] ?? 0) : zone.offset(FROM_MS + day * DAY_MS + half * HALF_HOUR_MS),
    ),
  );
}
