import type { ExecResult } from '../../connection/connection.js';
import type { Dict } from '../../jinja/value.js';
import { args, path, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { shellScript, usualShell } from './command.js';
import { splitLines } from './command-plan.js';
import { dict } from './result.js';

// What command and shell take out of their text is taken out here too, and means nothing, as in Ansible.
const UNUSED = ['creates', 'removes', 'chdir', 'stdin', 'stdin_add_newline', 'strip_empty_ends', 'warn'];
const UNUSED_SENTENCE = 'Accepted and without effect.';

export const raw = defineModule({
  name: 'raw',
  summary: 'Run a command line in the shell of the login, as it is written.',
  differences: [
    'It runs without a terminal: Ansible has one over SSH, so that lines of its `stdout` end with a carriage return and what went to `stderr` is among them.',
  ],
  checkMode: 'Skips the task.',
  freeForm: 'cmd',
  args: args({
    cmd: text().default('').describe('The command line.'),
    executable: path()
      .optional()
      .describe(
        'The shell that runs it, by its whole path; as another user, without it that of `ansible_shell_executable`.',
      ),
    ...Object.fromEntries(UNUSED.map((name) => [name, text().optional().describe(UNUSED_SENTENCE)])),
  }),

  async plan({ cmd, executable }, context): Promise<Plan> {
    if (context.checkMode) return { actions: [], skipped: '' };
    // Another user's shell is not that of the login: as in Ansible it is then the one that the host's variables name.
    const shell = executable ?? (context.become && usualShell(context));
    return {
      actions: [{ kind: 'run', command: { text: shellScript(cmd, shell) } }],
      finish: (results) => programResult(results.at(-1)),
    };
  },
});

/** What a program said and how it ended, as raw and script register it: no times, and not a blank line less. */
export function programResult(result: ExecResult | undefined): Dict {
  const { code: rc, stdout, stderr } = result ?? { code: 1, stdout: '', stderr: '' };
  return dict({
    rc,
    stdout,
    stdout_lines: splitLines(stdout),
    stderr,
    stderr_lines: splitLines(stderr),
    changed: true,
    ...(rc === 0 ? {} : { failed: true, msg: 'non-zero return code' }),
  });
}
