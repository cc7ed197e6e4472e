import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { storyText } from '../src/bot/run-text.js';
import { StarsError } from '../src/errors.js';

export const show = defineCommand({
  name: 'show',
  summary: 'Tell the whole story of a run.',
  words: ['<run>'],
  environment: 'none',
  args: z.strictObject({ run: z.string() }),
  permission: 'read',
  kind: 'answer',
  examples: ['show 261122-2145-k7f2qa', 'show last'],

  async run({ args, runs }) {
    const id = args.run === 'last' ? (await runs.list({ limit: 1 }))[0]?.id : (await runs.find(args.run))?.id;
    if (id === undefined) {
      throw new StarsError('UNKNOWN_RUN', `There is no run ${args.run}, or several start so.`, {
        hint: '“history” lists the runs with their ids.',
      });
    }
    return storyText(await runs.events(id));
  },
});
