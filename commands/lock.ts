import { utcWords } from '../src/model/utc-words.js';
import { z } from 'zod';
import { Moment, momentOf } from '../src/bot/moment.js';
import { defineCommand } from '../src/bot/command.js';
import { StarsError } from '../src/errors.js';
import type { Lease } from '../src/model/lease.js';

export const lock = defineCommand({
  name: 'lock',
  summary: 'Keep changes away from an environment, for a time or until it is unlocked.',
  environment: 'required',
  takesEnd: true,
  flags: { reason: { takes: 'WORDS', says: 'Why; shown to whoever is kept away.' } },
  args: z.strictObject({ until: Moment.optional(), reason: z.string().min(1).max(300).default('no reason given') }),
  permission: 'provision',
  kind: 'answer',
  examples: ['lock production for 2h --reason "release day"', 'lock staging until 18:00'],

  async run({ args, environment: { name }, environment, person, control, later, clock }) {
    const wanted = args.until === undefined ? undefined : momentOf(args.until, clock.now()).toISOString();
    const lease = await control.lock(environment, args.reason, wanted);
    if (!lease) return `${name} was locked, and that is over: “locks” shows what is held since.`;
    const { until, reason } = lease;
    const own = lease.person.id === person.id;
    const says = `${name} is open for changes again`;
    if (until !== undefined && own) await later({ at: new Date(until), subject: 'lock', words: '', says });
    const end = until === undefined ? `until somebody says “unlock ${name}”` : `until ${utcWords(until)}`;
    return `${name} is locked ${end}${own ? '' : `, by ${lease.person.name}`}: ${reason}. Runs that go on are not touched.`;
  },
});

export const unlock = defineCommand({
  name: 'unlock',
  summary: 'End the lock of an environment, or take over what a run holds.',
  environment: 'required',
  flags: {
    run: { takes: 'RUN', says: 'Take over what this run holds, though its process may live; needs --reason.' },
    reason: { takes: 'WORDS', says: 'Why, for the record.' },
  },
  args: z.strictObject({ run: z.string().optional(), reason: z.string().min(1).max(300).optional() }),
  permission: 'provision',
  // Taking over needs the right to do what that run does, which is looked up for the run.
  reads: ({ args }) => args.run !== undefined,
  kind: 'answer',
  examples: ['unlock production', 'unlock staging --run 261122-2145-k7f2qa --reason "its machine is gone"'],

  async run({ args, environment, control, runs }) {
    if (args.run === undefined) return unlocked(environment.name, await control.unlock(environment));
    if (args.reason === undefined)
      throw new StarsError('USAGE', 'Taking over what a run holds needs a reason.', { hint: 'Say --reason "…".' });
    const run = await runs.find(args.run);
    if (run.environment !== environment.name)
      throw new StarsError('USAGE', `The run ${run.id} is not of ${environment.name}.`, {
        hint: `Say unlock ${run.environment ?? ''} --run ${run.id} if that is the one.`,
      });
    await control.takeOver(run, args.reason);
    return `Run ${run.id} (${run.text}) holds nothing any more and ends as interrupted. “verify ${run.id}” looks at what it left.`;
  },
});

export const locks = defineCommand({
  name: 'locks',
  summary: 'Show what is locked, by whom and since when.',
  environment: 'optional',
  args: z.strictObject({}),
  permission: 'read',
  kind: 'answer',
  examples: ['locks', 'locks production'],

  async run({ environmentName, control }) {
    const held = await control.locks(environmentName);
    if (held.length === 0) return 'Nothing is locked.';
    return held.map(line).join('\n');
  },
});

function unlocked(environment: string, lease: Lease | 'before' | undefined): string {
  if (lease === 'before') return `${environment} was unlocked; “locks” shows what is held since.`;
  if (lease) return `${environment} is unlocked; ${lease.person.name} had locked it: ${lease.reason}.`;
  throw new StarsError('USAGE', `${environment} is not locked by a person.`, {
    hint: '“locks” shows what is held; --run takes over what a run holds.',
  });
}

function line({ environment, resource, run, person, reason, since, until, fence }: Lease): string {
  const what = run === undefined ? 'all' : resource === '*' ? 'all' : resource;
  const who = run === undefined ? `locked by ${person.name}` : `run ${run} of ${person.name}`;
  const end = until === undefined ? '' : ` until ${utcWords(until)}`;
  return `${environment} · ${what} · ${who}: ${reason} · since ${utcWords(since)}${end} · fence ${fence}`;
}
