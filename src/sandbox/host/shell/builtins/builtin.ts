import type { Shell } from '../shell.js';

/** A command that runs inside the shell; gets its arguments without its own name. */
export type Builtin = (shell: Shell, args: string[], name: string) => Promise<number>;
