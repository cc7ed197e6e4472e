import type { Property } from './properties.js';
import type { World } from './world.js';

/** An environment whose schedules are due every minute, and where they tell what came of it. */
export const TIMED_ENVIRONMENT = 'timed';
export const TIMED_CHANNEL = 'timed';
const NAMES = ['first', 'second', 'third'];
const MINUTE_MS = 60_000;
/** A look comes at each full minute, and when a process starts. */
const DECIDED_WITHIN_MS = 2.5 * MINUTE_MS;

/** Its environment.yml. */
export function timedEnvironment(marathon: string, channel: string): string {
  const schedules = NAMES.map((name) => ({ name, command: 'status', cron: '* * * * *', timeZone: 'UTC', channel }));
  return JSON.stringify({ marathon: { url: marathon }, schedules });
}

/** Every occurrence up to that moment was decided once, and each that was asked for has one run. */
export async function scheduledOnce({ database }: World, asOf: Date): Promise<Property[]> {
  const occurrences = await database
    .selectFrom('occurrences')
    .selectAll()
    .where('environment', '=', TIMED_ENVIRONMENT)
    .where('due_at', '<', asOf.toISOString())
    .orderBy('due_at')
    .execute();
  const runs = await database.selectFrom('runs').selectAll().where('source', '=', 'schedule').execute();
  const keys = runs.map((run) => run.request_key);
  const gaps = NAMES.flatMap((name) => {
    const times = occurrences.filter(({ schedule }) => schedule === name).map(({ due_at }) => Date.parse(due_at));
    const last = times.at(-1);
    const late = last !== undefined && asOf.getTime() - last > DECIDED_WITHIN_MS;
    return [
      ...times.flatMap((time, index) => gapBefore(name, time, times[index - 1])),
      ...(late ? [`${name} was last decided at ${iso(last)}, and it is ${asOf.toISOString()}`] : []),
    ];
  });
  const asked = occurrences.filter(({ state }) => state === 'asked');
  const unasked = keys.filter((key) => key !== null && !asked.some((one) => one.request_key === key));
  return [
    { name: 'each occurrence of a schedule was decided', wrong: gaps },
    {
      name: 'what a schedule asked for has one run',
      wrong: asked.flatMap(({ schedule, due_at: due, request_key: key }) => {
        const number = keys.filter((one) => one === key).length;
        return number === 1 ? [] : [`${schedule} of ${due} has ${number} runs`];
      }),
    },
    {
      name: 'no run of a schedule comes from nowhere',
      wrong: runs
        .filter((run) => run.requested_at < asOf.toISOString() && unasked.includes(run.request_key))
        .map(({ id }) => `${id} belongs to no occurrence`),
    },
  ];
}

/** What became of the occurrences: where none was asked for, nothing was tried. */
export async function scheduleTally({ database }: World): Promise<string> {
  const rows = await database
    .selectFrom('occurrences')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  return `schedules: ${rows.map(({ state, count }) => `${count} ${state}`).join(', ') || 'nothing was due'}`;
}

/** Resolves shortly before the minute ends, so that what comes next meets the looks of all processes. */
export async function untilMinuteEnds(): Promise<void> {
  const left = MINUTE_MS - (Date.now() % MINUTE_MS) - BEFORE_MS;
  await new Promise((done) => setTimeout(done, Math.max(0, left)));
}

const BEFORE_MS = 1_000;

function gapBefore(name: string, time: number, before: number | undefined): string[] {
  if (before === undefined || time - before === MINUTE_MS) return [];
  return [`nothing became of ${name} between ${iso(before)} and ${iso(time)}`];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
