import { type Choice, StarsError } from '../errors.js';
import type { Flag } from './command.js';

/** The flag of a command that asks before it does something that may be meant otherwise. */
export const YES_FLAG: Record<'yes', Flag> = { yes: { says: 'go on without being asked' } };

export type Question = {
  /** What speaks against it, in whole sentences. */
  says: string;
  /** What to do instead. */
  hint: string;
  /** The same command again, with everything that was asked for; `--yes` is added. */
  words: string;
  label: string;
  /** What else may be done. */
  others?: readonly Choice[];
};

/** Ends the run with a question: a button in Slack, a prompt in a terminal, status 2 where nobody can be asked. Nothing is done. */
export function askFirst({ says, hint, words, label, others = [] }: Question): never {
  throw new StarsError('UNCONFIRMED', `${says} Nothing was done.`, {
    hint: `${hint} To go on all the same: ${words} --yes`,
    choices: [{ words: `${words} --yes`, label, style: 'danger' }, ...others],
  });
}
