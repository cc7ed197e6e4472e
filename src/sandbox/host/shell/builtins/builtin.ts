import type { Interpreter } from '../interpreter.js';

/** A command that runs inside the shell; gets its arguments without its own name. */
export type Builtin = (shell: Interpreter, args: string[], name: string) => Promise<number>;
