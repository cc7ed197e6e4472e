import { StarsError } from '../errors.js';
import { type DemoOptions, playDemo } from '../sandbox/demo.js';
import type { Terminal } from './terminal.js';

export type DemoCommand = Omit<DemoOptions, 'out'> & { argv: readonly string[]; terminal: Terminal };

const USAGE = 'Usage: stars demo';

/** `stars demo`: plays the demo and resolves with its exit status. */
export async function runDemo({ argv, terminal, ...options }: DemoCommand): Promise<number> {
  const [word] = argv;
  if (word === undefined) return playDemo({ ...options, out: terminal.out });
  if (word !== '--help' && word !== '-h')
    throw new StarsError('USAGE', `demo: “${word.slice(0, 40)}” is not known here.`, { hint: USAGE });
  terminal.out(`${USAGE}\nPlay deploy, status, restart and backup on a whole practice cluster inside this process.`);
  return 0;
}
