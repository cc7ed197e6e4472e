import { DateTime } from 'luxon';
import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { whyNotOffered } from '../src/bot/schedule-words.js';
import { asStarsError } from '../src/errors.js';
import type { Environment } from '../src/home/home.js';
import { nextOccurrence } from '../src/home/schedule-time.js';
import { type Schedule, schedulesOf } from '../src/home/schedules.js';
import { utcWords } from '../src/model/utc-words.js';
import { stateIcon, stateWords } from '../src/slack/messages/run.js';
import type { Occurrence } from '../src/store/schedules.js';

type Context = CommandContext<unknown>;

export const schedules = defineCommand({
  name: 'schedules',
  summary: 'Show what is going to happen by itself and when, and how it went the last time.',
  environment: 'optional',
  args: z.strictObject({}),
  permission: 'read',
  kind: 'answer',
  examples: ['schedules', 'schedules production'],

  async run(context) {
    const { environmentName, control, home } = context;
    const timers = await control.timers(environmentName);
    const lines = timers.map(
      ({ id, dueAt, says, person }) => `⏰ ${utcWords(dueAt)} · ${says} · asked by ${person.name} · ${id}`,
    );
    const names = environmentName === undefined ? home.environments() : [environmentName];
    for (const name of names) lines.push(...(await linesOf(name, context)));
    return lines.length === 0 ? 'Nothing is scheduled.' : lines.join('\n');
  },
});

/** Nothing of an environment that the person may not read, and where its file is broken what is wrong with it. */
async function linesOf(name: string, context: Context): Promise<string[]> {
  const { home, rights, person, source } = context;
  const verdict = await rights.mayReadRuns({ person, source }, name).catch(() => ({ allowed: true }));
  if (!verdict.allowed) return [];
  try {
    const environment = await home.environment(name);
    const all = schedulesOf(environment, home);
    const last = await context.schedules.last(
      name,
      all.map((schedule) => schedule.name),
    );
    return await Promise.all(all.map((schedule) => lineOf(schedule, last.get(schedule.name), environment, context)));
  } catch (thrown) {
    return [`⚠️ ${name} · ${asStarsError(thrown).describe()}`];
  }
}

async function lineOf(
  schedule: Schedule,
  last: Occurrence | undefined,
  environment: Environment,
  context: Context,
): Promise<string> {
  const { name, command, cron, timeZone } = schedule;
  const what = `${environment.name} · ${name}: “${command}” at \`${cron}\` (${timeZone})`;
  const before = last ? ` · last ${lastWords(last, timeZone)}` : '';
  if (!schedule.enabled) return `💤 ${what} · switched off${before}`;
  try {
    const { commands, home, rights } = context;
    const refused = await whyNotOffered(schedule, { commands, home, rights, environment });
    if (refused !== undefined) return `${schedule.byDefault ? '💤' : '⚠️'} ${what} · not permitted: ${refused}${before}`;
  } catch (thrown) {
    return `⚠️ ${what} · ${asStarsError(thrown).describe()}${before}`;
  }
  const next = nextOccurrence(schedule, context.clock.now());
  return `🔁 ${what} · next ${next ? wordsIn(timeZone, next.toISOString()) : 'never'}${before}`;
}

function lastWords({ dueAt, state, says, run, outcome }: Occurrence, timeZone: string): string {
  const when = wordsIn(timeZone, dueAt);
  if (run) return `${when} ${stateIcon(run.state)} ${stateWords(run.state)}, \`${run.id}\``;
  if (says !== undefined) return `${when}, ${state === 'asked' ? '' : `${state}: `}${says}`;
  return `${when}, ${state === 'asked' ? (outcome ?? 'being done') : state}`;
}

/** `2026-11-30 02:30 GMT` */
function wordsIn(timeZone: string, iso: string): string {
  return DateTime.fromISO(iso, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm ZZZZ');
}
