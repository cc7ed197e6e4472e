import { parseArgs } from 'node:util';
import { StarsError } from '../errors.js';
import { type DemoOptions, playDemo } from '../sandbox/demo.js';
import type { Terminal } from './terminal.js';

export type DemoCommand = Omit<DemoOptions, 'out' | 'pictureFile'> & { argv: readonly string[]; terminal: Terminal };

const USAGE = 'Usage: stars demo [--picture FILE.svg]';

/** `stars demo`: plays the demo and resolves with its exit status. */
export async function runDemo({ argv, terminal, ...options }: DemoCommand): Promise<number> {
  const { help, picture } = readFlags(argv);
  if (!help) return playDemo({ ...options, out: terminal.out, pictureFile: picture });
  terminal.out(
    `${USAGE}\nPlay deploy, status, restart and backup on a whole practice cluster inside this process. --picture draws the first thread.`,
  );
  return 0;
}

function readFlags(argv: readonly string[]) {
  try {
    const options = { help: { type: 'boolean', short: 'h' }, picture: { type: 'string' } } as const;
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (cause) {
    throw new StarsError('USAGE', `demo: ${cause instanceof Error ? cause.message : String(cause)}`, {
      hint: USAGE,
      cause,
    });
  }
}
