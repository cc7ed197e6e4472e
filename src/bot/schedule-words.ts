import { asStarsError, StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import { type Schedule, schedulePlace } from '../home/schedules.js';
import type { AnyCommand } from './command.js';
import { validate } from './meaning.js';
import { parse, type Parsed } from './parse.js';
import type { Rights } from './rights.js';
import { splitWords, type Words } from './words.js';

export type ScheduledWords = { words: Words; text: string; parsed: Parsed };

type Around = { commands: readonly AnyCommand[]; home: Home; environment: Environment };

/** What a schedule asks for, about its own environment. What is wrong with its words is thrown with the file and line where they stand. */
export async function scheduledWords(schedule: Schedule, around: Around): Promise<ScheduledWords> {
  try {
    return await understood(schedule, around);
  } catch (thrown) {
    const error = asStarsError(thrown);
    const where = schedule.byDefault ? {} : { where: schedulePlace(around.environment, schedule.name) };
    const message = `The schedule ${schedule.name} cannot do “${schedule.command}”: ${error.message}`;
    throw new StarsError(error.code, message, { ...(error.hint ? { hint: error.hint } : {}), ...where, cause: error });
  }
}

/** Why the person it stands for may not do what it is for, in words; undefined when it may. Throws as `scheduledWords`. */
export async function whyNotOffered(
  schedule: Schedule,
  around: Around & { rights: Rights },
): Promise<string | undefined> {
  const { command } = (await scheduledWords(schedule, around)).parsed;
  const { environment, rights } = around;
  const verdict = await rights.may({ person: schedule.person, source: 'schedule', command, environment });
  return verdict.allowed ? undefined : verdict.hint;
}

async function understood(
  { command: typed, environment: name }: Schedule,
  { commands, home }: Around,
): Promise<ScheduledWords> {
  const asked = splitWords(typed);
  const environments = home.environments();
  const first = parse(asked, { commands, environments });
  if (first.environment !== undefined && first.environment !== name) {
    throw new StarsError('CONFIG', `it names the environment ${first.environment}.`, {
      hint: `A schedule is about the environment in whose file it stands: write it to inventories/${first.environment}/environment.yml.`,
    });
  }
  const own = first.environment === undefined && first.command.environment !== 'none';
  const words = own ? withEnvironment(asked, name, first.command) : asked;
  const parsed = own ? parse(words, { commands, environments }) : first;
  const args = validate(parsed);
  const text = [...words.words, ...(words.rest === undefined ? [] : ['--', words.rest])].join(' ');
  await parsed.command.check?.({ args: args as never, rest: words.rest, home, text, trusted: true });
  return { words, text, parsed };
}

/** `for 2h` stays at the end. */
function withEnvironment({ words, rest }: Words, name: string, { takesEnd }: AnyCommand): Words {
  const hasEnd = takesEnd === true && /^(?:for|until)$/i.test(words.at(-2) ?? '');
  const at = hasEnd ? words.length - 2 : words.length;
  return { words: [...words.slice(0, at), name, ...words.slice(at)], rest };
}
