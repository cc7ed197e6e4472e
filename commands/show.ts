import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { storyText } from '../src/bot/run-text.js';

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
    return storyText(await runs.events(await runs.find(args.run)));
  },
});
