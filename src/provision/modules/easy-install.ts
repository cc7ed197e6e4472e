import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { fileState } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Fact, type ModuleContext, type Plan } from '../module.js';
import { splitWords } from '../split-words.js';
import { exported } from './environment.js';
import { dict } from './result.js';

const schema = args({
  name: text().describe('The Python package, which may have a version as easy_install takes it.'),
  state: choice('present', 'latest')
    .default('present')
    .describe('Whether the package is there, or the newest there is.'),
  virtualenv: path().optional().describe('The virtualenv to install into, made when it is not there.'),
  virtualenv_site_packages: bool()
    .default(false)
    .describe('Whether a virtualenv made for it sees the packages of the host.'),
  virtualenv_command: text().default('virtualenv').describe('The program that makes a virtualenv.'),
  executable: text().default('easy_install').describe('The easy_install to use, by name or by its whole path.'),
});
type Args = ReturnType<typeof schema.parse>;

export const easyInstall = defineModule<Args>({
  name: 'easy_install',
  collection: 'community.general',
  summary: 'Install a Python package with easy_install.',
  needs: 'easy_install',
  args: schema,

  async plan(given, context): Promise<Plan> {
    const home = given.virtualenv === undefined ? undefined : await hostPath(context, given.virtualenv);
    const made = home === undefined || (await context.fact(fileState(`${home}/bin/activate`))).stat !== undefined;
    const known = (binary: string) => dict({ binary, name: given.name, virtualenv: home ?? null });
    if (home !== undefined && !made) return installAnew({ ...given, home }, context);
    const enter = exported(context);
    const { binary, installed } = await context.fact(packageState(finding(given, home), { enter, given }));
    return {
      actions: installed ? [] : [{ kind: 'run', command: { text: `${enter}${quote(binary)} ${wordsOf(given)}` } }],
      result: known(binary),
    };
  },
});

/** Shell that puts the program's path into `binary`, that of the virtualenv first; fails when there is none. */
function finding({ executable }: Args, home: string | undefined): string {
  if (executable.startsWith('/')) return `binary=${quote(executable)}`;
  const names = executable === 'easy_install' ? [executable] : [executable, 'easy_install'];
  const own = home === undefined ? '' : `PATH=${quote(`${home}/bin`)}:$PATH; `;
  const tries = names.map((name) => `command -v ${quote(name)}`).join(' || ');
  return `binary=$(${own}PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; ${tries}) || { echo ${quote(`Failed to find required executable "${executable}".`)} >&2; exit 127; }`;
}

function wordsOf({ state, name }: Args, ...more: string[]): string {
  return [...(state === 'latest' ? ['--upgrade'] : []), ...more, ...splitWords(name)]
    .map((word) => quote(word))
    .join(' ');
}

type State = { binary: string; installed: boolean };

/** A dry run tells whether there is something to download. */
function packageState(find: string, { enter, given }: { enter: string; given: Args }): Fact<State> {
  return {
    script: `${enter}${find}\nprintf '%s\\n' "$binary"\n"$binary" ${wordsOf(given, '--dry-run')}`,
    parse({ code, stdout, stderr }) {
      if (code !== 0) throw new StarsError('HOSTS_FAILED', stderr.trim() || 'easy_install failed.');
      const [binary = ''] = stdout.split('\n', 1);
      return { binary, installed: !stdout.slice(binary.length).includes('Downloading') };
    },
  };
}

/** What a new virtualenv will hold shows only when it is there. */
function installAnew(given: Args & { home: string }, context: ModuleContext): Plan {
  const { home, virtualenv_command: command, virtualenv_site_packages: site } = given;
  const make = [...splitWords(command), home, ...(site ? ['--system-site-packages'] : [])].map((word) => quote(word));
  const text = `( ${exported(context)}( cd /tmp && ${make.join(' ')} ) >&2 || exit
${finding(given, home)}
printf '%s\\n' "$binary"
said=$("$binary" ${wordsOf(given, '--dry-run')}) || exit
case $said in *Downloading*) "$binary" ${wordsOf(given)} && echo stars-installed;; esac )`;
  return {
    actions: [{ kind: 'run', command: { text } }],
    finish(results) {
      const stdout = results.at(-1)?.stdout ?? '';
      if (results.at(-1)?.code !== 0) return new Map();
      const [binary = ''] = stdout.split('\n', 1);
      return dict({ changed: /^stars-installed$/m.test(stdout), binary, name: given.name, virtualenv: home });
    },
  };
}
