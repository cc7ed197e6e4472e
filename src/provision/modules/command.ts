import { args, bool, list, path, text } from '../arguments.js';
import { expandingWord } from '../facts/host-path.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { splitWords } from '../split-words.js';
import { commandPlan } from './command-plan.js';

const shared = {
  cmd: text().optional(),
  creates: path().optional(),
  removes: path().optional(),
  chdir: path().optional(),
  executable: text().optional(),
  stdin: text().optional(),
  stdin_add_newline: bool().default(true),
  strip_empty_ends: bool().default(true),
  /** Accepted and ignored, as playbooks of older Ansibles have it. */
  warn: bool().optional(),
};

export const command = defineModule({
  name: 'command',
  summary: 'Run a program, without a shell.',
  freeForm: 'cmd',
  args: args({ ...shared, argv: list().optional() }),

  async plan(given, context: ModuleContext): Promise<Plan> {
    const line = given.cmd?.trim() ?? '';
    if (line === '' && !given.argv?.length) return { actions: [], failed: 'no command given' };
    if (line !== '' && given.argv) return { actions: [], failed: 'only command or argv can be given, not both' };
    const words = given.argv ?? splitWords(line);
    return commandPlan(context, { ...given, cmd: words, script: wordsScript(words), program: words[0] });
  },
});

export const shell = defineModule({
  name: 'shell',
  summary: 'Run a command line in a shell.',
  freeForm: 'cmd',
  args: args(shared),

  async plan(given, context: ModuleContext): Promise<Plan> {
    const line = given.cmd ?? '';
    if (line.trim() === '') return { actions: [], failed: 'no command given' };
    return commandPlan(context, {
      ...given,
      cmd: line,
      script: shellScript(line, given.executable),
      program: undefined,
    });
  },
});

// A program of this name must be meant, for a shell would run its own instead: `exit` would even end our shell.
const BUILTINS = new Set(
  `. : [ alias bg break cd chdir command continue echo eval exec exit export false fc fg getopts hash help history jobs kill let local
  printf pwd read readonly return set shift source test times trap true type typeset ulimit umask unalias unset wait`.split(
    /\s+/,
  ),
);

function wordsScript(words: string[]): string {
  const [program = '', ...rest] = words.map((word) => expandingWord(word));
  const first = words[0]?.includes('=') ? `"${program}"` : program;
  return [...(BUILTINS.has(words[0] ?? '') ? ['env'] : []), first, ...rest].join(' ');
}

/** `eval` keeps the text, which may hold secrets, out of every process's arguments. */
function shellScript(line: string, executable: string | undefined): string {
  const quoted = `'${line.replaceAll("'", `'\\''`)}'`;
  if (executable === undefined || executable === '/bin/sh') return `eval ${quoted}`;
  const program = expandingWord(executable);
  return executable.endsWith('sh') && !executable.endsWith('csh')
    ? `STARS_SCRIPT=${quoted} ${program} -c 'stars_script=$STARS_SCRIPT; unset STARS_SCRIPT; eval "$stars_script"'`
    : `${program} -c ${quoted}`;
}
