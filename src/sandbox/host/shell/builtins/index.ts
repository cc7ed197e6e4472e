import type { Builtin } from './builtin.js';
import { breakLoop, continueLoop, exit, returnFrom, shift } from './control.js';
import { changeFolder, printFolder } from './folder.js';
import { getopts } from './getopts.js';
import { jobs, killProcess, wait } from './jobs.js';
import { command, evaluate, exec, source, type } from './meta.js';
import { printf } from './printf.js';
import { read } from './read.js';
import { registerBuiltins } from './registry.js';
import { set } from './set.js';
import { test } from './test.js';
import { trap } from './trap.js';
import { echo, no, umask, yes } from './simple.js';
import { exportVariables, local, makeReadOnly, unset } from './variables.js';

/** Special builtins of POSIX: found before functions, assignments before them stay. */
export const specialBuiltins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', yes],
  ['.', source],
  ['source', source],
  ['break', breakLoop],
  ['continue', continueLoop],
  ['eval', evaluate],
  ['exec', exec],
  ['exit', exit],
  ['export', exportVariables],
  ['readonly', makeReadOnly],
  ['return', returnFrom],
  ['set', set],
  ['shift', shift],
  ['times', yes],
  ['trap', trap],
  ['unset', unset],
]);

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['true', yes],
  ['false', no],
  ['echo', echo],
  ['printf', printf],
  ['test', test],
  ['[', test],
  ['cd', changeFolder],
  ['pwd', printFolder],
  ['read', read],
  ['getopts', getopts],
  ['local', local],
  ['declare', local],
  ['typeset', local],
  ['umask', umask],
  ['wait', wait],
  ['jobs', jobs],
  ['kill', killProcess],
  ['command', command],
  ['builtin', command],
  ['type', type],
  ['hash', yes],
  ['alias', yes],
  ['unalias', yes],
  ['ulimit', yes],
  ['shopt', yes],
  ['disown', yes],
]);

registerBuiltins(new Map([...specialBuiltins, ...builtins]));
