import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { Moment, momentOf } from '../src/bot/moment.js';
import { StarsError } from '../src/errors.js';
import { utcWords } from '../src/model/utc-words.js';

export const mute = defineCommand({
  name: 'mute',
  summary: 'Tell nothing new that is wrong with an environment, for a time.',
  environment: 'required',
  takesEnd: true,
  flags: { reason: { takes: 'WORDS', says: 'Why; shown in the report.' } },
  args: z.strictObject({
    until: Moment.default('1h'),
    reason: z.string().min(1).max(300).default('no reason given'),
  }),
  permission: 'operate',
  kind: 'answer',
  examples: [
    'mute production for 2h --reason "the network is being changed"',
    'mute staging until 18:00',
    'mute staging',
  ],

  async run({ args: { until, reason }, environment, watch, person, clock }) {
    const now = clock.now();
    const { name } = environment;
    const end = momentOf(until, now).toISOString();
    const held = await watch.mute({ environment: name, until: end, reason, person, since: now.toISOString() });
    if (!held) return `${name} was muted, and that is over: what is wrong with it is told again.`;
    return `Nothing new about ${name} is told until ${utcWords(held.until)}: ${held.reason}. “unmute ${name}” ends that; what is wrong then is told.`;
  },
});

export const unmute = defineCommand({
  name: 'unmute',
  summary: 'Tell again what is wrong with an environment.',
  environment: 'required',
  args: z.strictObject({}),
  permission: 'operate',
  kind: 'answer',
  examples: ['unmute production'],

  async run({ environment: { name }, watch, clock }) {
    if (await watch.unmute(name, clock.now())) return `What is wrong with ${name} is told again.`;
    throw new StarsError('USAGE', `${name} is not muted.`, { hint: '“report” tells what is wrong with it.' });
  },
});
