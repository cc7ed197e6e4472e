import { quote, sh } from '../../shell/command.js';
import { args, int, path, text, textDict } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

const schema = args({
  chdir: path().describe('Folder in which make runs.'),
  target: text().optional().describe('What is to be made; what the Makefile names first when not given.'),
  params: textDict().optional().describe('Variables for make.'),
  file: path().optional().describe('The Makefile.'),
  jobs: int().optional().describe('How many commands may run at a time.'),
  make: path().optional().describe('The make program.'),
});
type Args = ReturnType<typeof schema.parse>;

export const make = defineModule<Args>({
  name: 'make',
  collection: 'community.general',
  summary: 'Have make bring a target up to date.',
  needs: 'make, or gmake',
  differences: [
    'A folder that is not there fails the task, but for check mode, where it may come from an earlier task; Ansible runs make elsewhere.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const folder = await hostPath(context, given.chdir);
    const words = wordsOf(given);
    const before = exported(context);
    const find = `program=${given.make === undefined ? '$(command -v gmake || command -v make)' : quote(given.make)}\n`;
    const asking = `"$program" ${[...words, '-q'].map((word) => quote(word)).join(' ')}`;
    const { there, current, command, said } = await context.fact({
      script: `${before}${find}if cd ${quote(folder)}; then echo there; command -v "$program" >/dev/null && printf 'command %s\\n' "$program" && { ${asking} && printf '\\ncurrent'; }; fi; :`,
      parse: ({ stdout, stderr }) => ({
        there: stdout.startsWith('there\n'),
        current: stdout.endsWith('\ncurrent'),
        command: /^there\ncommand (.*)$/m.exec(stdout)?.[1] ?? '',
        said: {
          stdout: stdout
            .replace(/^there\n(command .*\n)?/, '')
            .replace(/\ncurrent$/, '')
            .trimEnd(),
          stderr: stderr.trimEnd(),
        },
      }),
    });
    if (!there && !context.checkMode) return { actions: [], failed: `There is no folder ${folder} to run make in.` };
    if (there && command === '')
      return {
        actions: [],
        failed: `${given.make ?? 'make'} is no program of this host, so that nothing can be made.`,
      };
    const { target, params, file, jobs } = given;
    const known = {
      target: target ?? null,
      params: params ? new Map(params) : null,
      chdir: given.chdir,
      file: file ?? null,
      jobs: jobs ?? null,
      command: [command, ...words.map((word) => quote(word))].join(' '),
    };
    const run = `${before}${find}cd ${quote(folder)} && "$program" ${sh`${words}`.text}`;
    return {
      actions: current ? [] : [{ kind: 'run', command: { text: run } }],
      result: dict({ ...known, ...said }),
      finish(results) {
        const { stdout = '', stderr = '' } = results.at(-1) ?? {};
        return dict({ ...known, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() });
      },
    };
  },
});

function wordsOf({ target, params, file, jobs }: Args): string[] {
  return [
    ...(jobs === undefined ? [] : ['-j', String(jobs)]),
    ...(file === undefined ? [] : ['-f', file]),
    ...(target === undefined ? [] : [target]),
    ...[...(params ?? [])].map(([name, value]) => `${name}=${value}`),
  ];
}
