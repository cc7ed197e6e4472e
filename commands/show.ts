import { z } from 'zod';
import { runPath } from '../src/home/run-link.js';
import { defineCommand } from '../src/bot/command.js';
import { forgottenText, storyText, takenUpText } from '../src/bot/run-text.js';

/** What Slack shows of a message. */
const LONGEST_ANSWER = 3_000;

export const show = defineCommand({
  name: 'show',
  summary: 'Tell the whole story of a run.',
  words: ['<run>'],
  environment: 'none',
  args: z.strictObject({ run: z.string() }),
  permission: 'read',
  kind: 'answer',
  examples: ['show 261122-2145-k7f2qa', 'show last'],

  async run({ args, runs, home, clock, source, attach }) {
    const run = await runs.find(args.run);
    const events = await runs.events(run);
    if (events.length === 0) return forgottenText(run);
    // It may have been forgotten by now, while this one is still kept.
    const next = run.takenUpBy === undefined ? undefined : await runs.find(run.takenUpBy).catch(() => undefined);
    const story = [storyText(events), ...(next ? [takenUpText(next)] : [])].join('\n');
    const { publicUrl } = home.settings;
    if (publicUrl === undefined) {
      if (source === 'slack' && story.length > LONGEST_ANSWER)
        await attach({ name: `${run.id}.txt`, content: story, alt: `The whole story of ${run.text}` });
      return story;
    }
    // A chat cuts what is long; whoever may read the run gets the way to all of it.
    const link = `${publicUrl.replace(/\/$/, '')}${runPath(run.id, home, clock.now())}`;
    return `All of it, for a week: ${link}\n${story}`;
  },
});
