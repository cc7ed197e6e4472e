import { z } from 'zod';
import type { Flag } from '../src/bot/command.js';

/** For commands that change hosts. */
export const waitFlag: Flag = {
  takes: 'TIME',
  says: 'Wait so long for a host that another run works on, such as 10m.',
};

/** What it adds to the words of a deploy. */
export function waiting(wait: string | undefined): { wait?: string } {
  return wait === undefined ? {} : { wait };
}

/** For commands that run a recorded deploy again. */
export const againFlags = {
  'extra-vars': { takes: 'KEY=VALUE', short: 'e', many: true, says: 'Give a secret again that was not kept.' },
  wait: waitFlag,
} satisfies Record<string, Flag>;

export const againArgs = z.strictObject({
  run: z.string(),
  extraVars: z.array(z.string()).default([]),
  wait: z.string().optional(),
});
