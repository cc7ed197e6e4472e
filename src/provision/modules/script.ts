import { posix } from 'node:path';
import { quote } from '../../shell/command.js';
import { args, bool, path, text } from '../arguments.js';
import { fileState } from '../facts/file-state.js';
import { expandingWord, hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { splitWords } from '../split-words.js';
import { exported } from './environment.js';
import { programResult } from './raw.js';

const schema = args({
  cmd: text().default('').describe('The script of this project and its arguments, which a shell reads.'),
  creates: path().optional().describe('A path on the host; when it exists already, the script is not run.'),
  removes: path().optional().describe('A path on the host; when it does not exist, the script is not run.'),
  chdir: path().optional().describe('An absolute folder on the host in which the script runs.'),
  executable: text().optional().describe('The program that runs the script, instead of its first line.'),
  decrypt: bool().default(true).describe('Whether a script that is a vault is decrypted on the way.'),
});
type Args = ReturnType<typeof schema.parse>;

export const script = defineModule<Args>({
  name: 'script',
  summary: 'Run a script of this project on the host and leave nothing of it there.',
  checkMode: 'Skips the task, unless `creates` or `removes` tells that it would run.',
  freeForm: 'cmd',
  args: schema,
  differences: ['`~` in `creates` and `removes` is the home of the user, as it is for command and shell.'],

  async plan(given, context): Promise<Plan> {
    const reason = await needless(given, context);
    if (reason !== undefined) return { actions: [], skipped: reason };
    if (given.chdir !== undefined && !given.chdir.startsWith('/'))
      return { actions: [], failed: `chdir ${given.chdir} must be an absolute path for a Unix-aware remote node` };
    const line = given.cmd.trim();
    const [name] = splitWords(line);
    if (name === undefined) return { actions: [], failed: 'no script given' };
    const source = await context.readLocal(name, 'files', { vaulted: !given.decrypt });
    if (context.checkMode)
      return given.creates === undefined && given.removes === undefined
        ? { actions: [], skipped: 'Check mode is not supported for this task.' }
        : { actions: [], changed: true };
    const folder = context.temporaryPath(`${await context.fact(roomForPrograms)}/x`);
    const file = `${folder}/${posix.basename(source.path)}`;
    return {
      actions: runOf(given, { folder, file, content: source.content, line: line.replaceAll(name, file) }, context),
      finish: (results) => programResult(results.at(-1)),
    };
  },
});

async function needless({ creates, removes }: Args, context: ModuleContext): Promise<string | undefined> {
  const exists = async (given: string) => (await context.fact(fileState(await hostPath(context, given)))).stat;
  if (creates !== undefined && (await exists(creates))) return `${creates} exists, matching creates option`;
  if (removes !== undefined && !(await exists(removes))) return `${removes} does not exist, matching removes option`;
  return undefined;
}

/** The home of the user, as Ansible has it: /tmp is often mounted so that nothing in it may be run. */
const roomForPrograms: Fact<string> = {
  script: `for folder in ~ /var/tmp; do if [ -d "$folder" ] && [ -w "$folder" ]; then echo "$folder"; exit; fi; done; echo /tmp`,
  parse: ({ stdout }) => stdout.trim().replace(/\/$/, ''),
};

type Sent = { folder: string; file: string; content: Buffer; line: string };

function runOf({ executable, chdir }: Args, { folder, file, content, line }: Sent, context: ModuleContext): Action[] {
  const start = executable === undefined ? line : `${executable} ${line}`;
  const enter = chdir === undefined ? '' : `cd ${expandingWord(chdir)} || exit\n`;
  // The folder goes whatever becomes of the script, also when it is ended in the middle.
  const clean = `trap ${quote(`rm -rf ${quote(folder)}`)} EXIT\ntrap 'exit 143' HUP INT TERM\n`;
  const text = `${clean}chmod u+x ${quote(file)} || exit\n( ${enter}${exported(context)}eval ${quote(start)}\n)`;
  return [
    { kind: 'run', command: { text: `mkdir -m 700 ${quote(folder)}` } },
    { kind: 'upload', content, path: file },
    { kind: 'run', command: { text } },
  ];
}
