import type { Shell } from '../shell.js';
import type { Builtin } from './builtin.js';

// `command` and `type` are builtins that know all builtins; the table hands itself in to keep the imports free of cycles.
let all: ReadonlyMap<string, Builtin> = new Map();

export function registerBuiltins(builtins: ReadonlyMap<string, Builtin>): void {
  all = builtins;
}

export function isBuiltin(name: string): boolean {
  return all.has(name);
}

export function runBuiltin(shell: Shell, argv: string[]): Promise<number> {
  const builtin = all.get(argv[0] as string);
  return builtin ? builtin(shell, argv.slice(1), argv[0] as string) : Promise.resolve(127);
}
