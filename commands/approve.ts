import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { StarsError } from '../src/errors.js';

const Decision = z.strictObject({ run: z.string(), reason: z.string().max(500).optional() });

export const approve = defineCommand({
  name: 'approve',
  summary: 'Let a run do what it proposes; only somebody else than its asker can.',
  words: ['<run>'],
  environment: 'none',
  args: Decision,
  permission: 'read',
  kind: 'answer',
  examples: ['approve 261122-2145-k7f2qa'],
  run: (context) => decided('approve', context),
});

export const deny = defineCommand({
  name: 'deny',
  summary: 'Refuse what a run proposes: it ends without having done anything.',
  words: ['<run>'],
  environment: 'none',
  flags: { reason: { takes: 'WORDS', says: 'Why, for the asker.' } },
  args: Decision,
  permission: 'read',
  kind: 'answer',
  examples: ['deny 261122-2145-k7f2qa --reason "not before the weekend"'],
  run: (context) => decided('deny', context),
});

async function decided(
  decision: 'approve' | 'deny',
  { args, runs, control }: CommandContext<z.infer<typeof Decision>>,
): Promise<string> {
  const run = await runs.find(args.run);
  const answer = await control.decide(run, decision, args.reason);
  const what = `${run.text} (run ${run.id})`;
  if (!answer.counted)
    throw new StarsError('USAGE', `${what} waits for no approval: it is ${answer.state ?? 'gone'}.`, {
      hint: `“show ${run.id}” tells what became of it.`,
    });
  if (decision === 'deny') return `Denied ${what}: nothing was done.`;
  const { given, needed } = answer;
  return given >= needed
    ? `Approved ${what}: it begins when its turn comes.`
    : `Approved ${what}: ${given} of ${needed} approvals.`;
}
