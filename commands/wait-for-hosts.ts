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
