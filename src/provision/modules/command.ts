import { args, bool, path, text, texts } from '../arguments.js';
import { expandingWord } from '../facts/host-path.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { splitWords } from '../split-words.js';
import { commandPlan } from './command-plan.js';

const shared = {
  cmd: text().optional().describe('The program and its arguments, in one line.'),
  creates: path().optional().describe('A file or pattern: when it exists, nothing is run.'),
  removes: path().optional().describe('A file or pattern: when it does not exist, nothing is run.'),
  chdir: path().optional().describe('Folder in which it runs.'),
  executable: text()
    .optional()
    .describe(
      'The shell that runs it; only `shell` looks at it, and without it at the variable `ansible_shell_executable`.',
    ),
  stdin: text().optional().describe('Text for its standard input.'),
  stdin_add_newline: bool().default(true).describe('End that text with a line break.'),
  strip_empty_ends: bool().default(true).describe('Drop empty lines at the end of what it prints.'),
  warn: bool().optional().describe('Accepted and without effect, as playbooks of older Ansibles have it.'),
};

const WARN = 'Ansible 2.14 refuses `warn`; here it runs with a note.';

export const command = defineModule({
  name: 'command',
  summary: 'Run a program, without a shell.',
  differences: [WARN],
  checkMode: 'Skipped; with `creates` or `removes` it says whether it would run.',
  freeForm: 'cmd',
  oneNeeded: [['cmd', 'argv']],
  args: args({
    ...shared,
    argv: texts().optional().describe('The program and its arguments as a list, in place of `cmd`.'),
  }),

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
  differences: [
    WARN,
    'The words of a syntax error name `eval`, which keeps the text out of the arguments of every process.',
  ],
  checkMode: 'Skipped; with `creates` or `removes` it says whether it would run.',
  freeForm: 'cmd',
  oneNeeded: [['cmd']],
  args: args(shared),

  async plan(given, context: ModuleContext): Promise<Plan> {
    const line = given.cmd ?? '';
    if (line.trim() === '') return { actions: [], failed: 'no command given' };
    const executable = given.executable ?? usualShell(context);
    return commandPlan(context, {
      ...given,
      cmd: line,
      script: shellScript(line, executable),
      program: executable?.startsWith('/') ? executable : undefined,
    });
  },
});

/** What the inventory says of a host's shell. */
export function usualShell(context: ModuleContext): string | undefined {
  const shell = context.variable('ansible_shell_executable');
  return typeof shell === 'string' && shell !== '' ? shell : undefined;
}

// A program of this name must be meant, for a shell would run its own instead: `exit` would even end our shell.
const BUILTINS = new Set(
  `. : [ alias bg break cd chdir command continue echo eval exec exit export false fc fg getopts hash help history jobs kill let local
  printf pwd read readonly return set shift source test times trap true type typeset ulimit umask unalias unset wait`.split(
    /\s+/,
  ),
);

function wordsScript(words: string[]): string {
  const [program = '', ...rest] = words.map((word) => (word === '' ? "''" : expandingWord(word)));
  const first = words[0]?.includes('=') ? `"${program}"` : program;
  return [...(BUILTINS.has(words[0] ?? '') ? ['env'] : []), first, ...rest].join(' ');
}

/**
 * `eval` keeps the text, which may hold secrets, out of every process's arguments. Another shell reads it from standard input and
 * only then has the command's own: what a process was started with, its variables too, can be read by others.
 */
export function shellScript(line: string, executable: string | undefined): string {
  const quoted = `'${line.replaceAll("'", `'\\''`)}'`;
  if (executable === undefined || executable === '/bin/sh') return `eval ${quoted}`;
  const program = expandingWord(executable);
  return executable.endsWith('sh') && !/(csh|fish)$/.test(executable)
    ? `{ printf '%s\\n' ${quoted} | ${program} -c 'stars_script=$(cat);exec <&4 4<&-;eval "$stars_script"'; } 4<&0`
    : `${program} -c ${quoted}`;
}
