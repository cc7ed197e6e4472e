import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { historyText } from '../src/bot/run-text.js';

export const history = defineCommand({
  name: 'history',
  summary: 'List the latest runs, newest first.',
  environment: 'optional',
  flags: { lines: { takes: 'N', says: 'So many runs, 20 when not said.' } },
  args: z.strictObject({
    lines: z
      .string()
      .regex(/^[1-9]\d{0,2}$/, 'must be a number from 1 to 999')
      .default('20')
      .transform(Number),
  }),
  permission: 'read',
  kind: 'answer',
  examples: ['history', 'history staging --lines 50'],

  async run({ args, environmentName, runs }) {
    return historyText(await runs.list({ environment: environmentName, limit: args.lines }));
  },
});
