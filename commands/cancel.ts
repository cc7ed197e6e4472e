import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { haltOf } from './halt.js';

export const cancel = defineCommand({
  name: 'cancel',
  summary:
    'End a run at its next safe point, one that waits at once, what one that was cut off still does on hosts, or call off what “schedules” lists.',
  words: ['<run>'],
  environment: 'none',
  flags: { reason: { takes: 'WORDS', says: 'Why, for the record.' } },
  args: z.strictObject({ run: z.string(), reason: z.string().max(500).optional() }),
  permission: 'read',
  kind: 'answer',
  examples: ['cancel 261122-2145-k7f2qa', 'cancel last --reason "wrong hosts"'],

  /** What a run that was cut off still does on hosts. */
  async standsFor({ args, ...who }) {
    if (isTimer(args.run)) return undefined;
    const run = await who.runs.find(args.run);
    return run.state === 'interrupted' ? haltOf(run, who) : undefined;
  },

  async run({ args, runs, control, person }) {
    const timer = await control.callOff(args.run);
    if (timer) return `Called off: ${timer.says}. It stays as it is.`;
    const run = await runs.find(args.run);
    const why = args.reason === undefined ? '' : `: ${args.reason}`;
    await control.cancel(run, `Cancelled by ${person.name}${why}.`);
    return `Run ${run.id} (${run.text}) ends at its next safe point.`;
  },
});

function isTimer(id: string): boolean {
  return id.startsWith('t-');
}
