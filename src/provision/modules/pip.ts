import { posix } from 'node:path';
import type { ExecResult } from '../../connection/connection.js';
import type { Dict } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, list, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Fact, type ModuleContext, type Plan } from '../module.js';
import { splitWords } from '../split-words.js';
import { exported } from './environment.js';
import { findingPip, isVenv, makingEnvironment } from './pip-program.js';
import { comparableName, type Requirement, requirementsOf, satisfies, withVersion } from './pip-requirement.js';
import { dict } from './result.js';

const schema = args(
  {
    name: list().optional().describe('Packages, each also with versions (`a>=1,<2`) or as an address.'),
    version: text().optional().describe('Version of the one package named.'),
    requirements: text().optional().describe('A file of the host that lists packages.'),
    state: choice('present', 'latest', 'absent', 'forcereinstall')
      .default('present')
      .describe('Whether they are there, there in the newest version, gone, or installed anew.'),
    executable: path().optional().describe('The pip program.'),
    virtualenv: path().optional().describe('Folder of a virtual environment to use, made when it is missing.'),
    virtualenv_command: text().default('virtualenv').describe('Program that makes it.'),
    virtualenv_python: text().optional().describe('Python of a new virtual environment.'),
    virtualenv_site_packages: bool()
      .default(false)
      .describe("Let a new virtual environment see the host's own packages."),
    extra_args: text().optional().describe('More arguments for pip.'),
    editable: bool().default(false).describe('Install sources so that they can be changed in place.'),
    chdir: path().optional().describe('Folder in which pip runs.'),
    umask: text().optional().describe('Permissions that new files do not get, in octal.'),
  },
  { emptyByNull: ['name', 'requirements'] },
);
type Args = ReturnType<typeof schema.parse>;

export const pip = defineModule<Args>({
  name: 'pip',
  summary: 'Install or remove Python packages.',
  needs: 'pip, and for a virtual environment the program that makes it',
  differences: [
    'Without `extra_args`, packages that are there in versions that will do are left alone, and pip is not asked whether what they need is there too.',
  ],
  oneNeeded: [['name', 'requirements']],
  exclusive: [
    ['name', 'requirements'],
    ['executable', 'virtualenv'],
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const problem = contradictionIn(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const home = await homeOf(given, context);
    const made = home === undefined || (await context.fact(isThere(`${home}/bin/activate`)));
    if (!made && isVenv(given.virtualenv_command) && given.virtualenv_python !== undefined)
      return { actions: [], failed: NO_PYTHON_FOR_VENV };
    if (!made && context.checkMode) return { actions: [], changed: true };
    const wanted = wantedOf(given);
    if (made && wanted.length === 0 && !given.requirements) return { actions: [] };
    const task = { given, context, home, made, wanted };
    if (context.checkMode) return foreseen(task);
    if (made && !mustAsk(given, wanted)) {
      const { packages } = await context.fact(installedPackages(task));
      if (packages && !isWanting(task, packages)) return { actions: [], result: told(task) };
    }
    return {
      actions: [{ kind: 'run', command: { text: actionOf(task) } }],
      result: told(task),
      finish: (results) => ended(results, task),
    };
  },
});

type Task = {
  given: Args;
  context: ModuleContext;
  home: string | undefined;
  made: boolean;
  wanted: readonly Requirement[];
};

function contradictionIn({ name, requirements, state, version, umask }: Args): string | undefined {
  if (name === undefined && requirements === undefined) return 'one of the following is required: name, requirements';
  if (umask !== undefined && !/^(0o?)?[0-7]+$/.test(umask)) return 'umask must be an octal integer';
  if (state === 'latest' && version !== undefined) return 'version is incompatible with state=latest';
  if (version === undefined || !name?.length) return undefined;
  const named = requirementsOf(name);
  if (named.length > 1)
    return "'version' argument is ambiguous when installing multiple package distributions. Please specify version restrictions next to each package in 'name' argument.";
  return named[0]?.versions.length
    ? "The 'version' argument conflicts with any version specifier provided along with a package name. Please keep the version specifier, but remove the 'version' argument."
    : undefined;
}

const NO_PYTHON_FOR_VENV =
  'virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command';

async function homeOf({ virtualenv, chdir }: Args, context: ModuleContext): Promise<string | undefined> {
  if (virtualenv === undefined) return undefined;
  const home = await hostPath(context, virtualenv);
  return chdir === undefined ? home : posix.join(home.startsWith('/') ? '' : await hostPath(context, chdir), home);
}

function isThere(file: string): Fact<boolean> {
  return { script: `[ -e ${quote(file)} ] && echo yes; :`, parse: ({ stdout }) => stdout.startsWith('yes') };
}

function wantedOf({ name, version }: Args): Requirement[] {
  if (!name?.length) return [];
  const found = requirementsOf(name);
  return version === undefined ? found : found.map((one) => withVersion(one, version));
}

/** As Ansible foresees it: where options or a file decide, pip may change something. */
async function foreseen(task: Task): Promise<Plan> {
  const { given } = task;
  if (given.extra_args || given.editable || given.requirements || given.state === 'latest') {
    const problem = given.executable?.startsWith('/') ? undefined : await task.context.fact(missingPip(task));
    return problem === undefined ? { actions: [], changed: true } : { actions: [], failed: problem };
  }
  const { packages, problem } = await task.context.fact(installedPackages(task));
  if (!packages) return { actions: [], failed: problem };
  const present = (one: Requirement) => hasIt(one, packages);
  const changed =
    (given.state === 'present' && !task.wanted.every(present)) ||
    (given.state === 'absent' && task.wanted.some(present));
  return { actions: [], changed, result: told(task) };
}

function missingPip(task: Task): Fact<string | undefined> {
  return {
    script: `( ${prelude(task)} )`,
    parse: ({ code, stderr }) => (code === 0 ? undefined : stderr.trim() || 'pip was not found.'),
  };
}

function hasIt(one: Requirement, packages: Packages): boolean {
  const version = one.name === undefined ? undefined : packages.get(one.name);
  return version !== undefined && satisfies(version, one);
}

/** Whether only pip itself can tell what there is to do. */
function mustAsk({ state, extra_args: more, editable, requirements }: Args, wanted: readonly Requirement[]): boolean {
  if (more || editable || requirements || state === 'latest' || state === 'forcereinstall') return true;
  return wanted.some(({ plain, name }) => (state === 'absent' ? name === undefined : !plain));
}

/** pip removes whatever version there is. */
function isWanting({ given, wanted }: Task, packages: Packages): boolean {
  return given.state === 'absent'
    ? wanted.some(({ name }) => name !== undefined && packages.has(name))
    : !wanted.every((one) => hasIt(one, packages));
}

type Packages = ReadonlyMap<string, string>;

function installedPackages(task: Task): Fact<{ packages: Packages | undefined; problem: string }> {
  return {
    script: `( ${prelude(task)}\n${LIST} )`,
    parse: ({ code, stdout, stderr }) => ({
      packages: code === 0 ? new Map(stdout.split('\n').flatMap(pinOf)) : undefined,
      problem: stderr.trim() || stdout.trim() || 'pip failed.',
    }),
  };
}

const LIST =
  '"$@" list --format=freeze --disable-pip-version-check 2>/dev/null || "$@" freeze --all 2>/dev/null || "$@" freeze';

function pinOf(line: string): [string, string][] {
  const [name = '', version] = line.trim().split('==');
  return version === undefined ? [] : [[comparableName(name), version]];
}

/** Shell up to where `"$@"` calls pip, in the folder and with the environment of the task. */
function prelude({ given, context, home }: Task): string {
  const variable = context.variable('ansible_python_interpreter');
  const python = typeof variable === 'string' && variable.startsWith('/') ? variable : undefined;
  const folder = given.chdir === undefined ? '/tmp' : quote(given.chdir);
  return `${exported(context)}cd ${folder} || exit\n${findingPip({ home, executable: given.executable, python })}`;
}

const CALLED = 'stars-pip';
const OTHERS = 'stars-other-packages';

function actionOf(task: Task): string {
  const { given, home, made, wanted } = task;
  const making = {
    home: home ?? '',
    command: given.virtualenv_command,
    python: given.virtualenv_python,
    sitePackages: given.virtualenv_site_packages,
  };
  const folder = given.chdir === undefined ? '/tmp' : quote(given.chdir);
  const make = made ? '' : `( ${exported(task.context)}cd ${folder} || exit\n${makingEnvironment(making)} ) || exit\n`;
  const umask = given.umask === undefined ? '' : `umask ${given.umask.replace('o', '')}\n`;
  const words = [...commandOf(given), ...wanted.map((one) => one.text)];
  if (wanted.length === 0 && !given.requirements) return `( ${umask}${make}: )`;
  const path = home === undefined ? '' : `PATH=${quote(home)}/bin:$PATH\n`;
  const call = `set -- "$@" ${words.map((word) => quote(word)).join(' ')}\nprintf '${CALLED} %s\\n' "$*"`;
  return `( ${umask}${make}${prelude(task)}\n${path}${comparing(task, `( ${call}\n${running(given)} )`)} )`;
}

function commandOf({ state, editable, extra_args: more, requirements }: Args): string[] {
  const extra = more ? splitWords(more) : [];
  return [
    ...COMMANDS[state],
    ...extra,
    ...(editable && !extra.includes('-e') ? ['-e'] : []),
    ...(requirements ? ['-r', requirements] : []),
  ];
}

const COMMANDS = {
  present: ['install'],
  absent: ['uninstall', '-y'],
  latest: ['install', '-U'],
  forcereinstall: ['install', '-U', '--force-reinstall'],
} as const;

/** Old ones fail when there is nothing to remove. */
function running({ state }: Args): string {
  if (state !== 'absent') return '"$@"';
  return `said=$("$@" 2>&1); code=$?; printf '%s\\n' "$said"
case $code$said in 1*'not installed'*) code=0;; [!0]*) printf '%s\\n' "$said" >&2;; esac; exit $code`;
}

/** What a file or an address brings shows only in the list of packages. */
function isToldByList({ given, wanted }: Task): boolean {
  return Boolean(given.requirements) || wanted.some(({ text: one }) => /^(svn|git|hg|bzr)\+/.test(one));
}

function comparing(task: Task, run: string): string {
  if (!isToldByList(task)) return run;
  return `before=$(${LIST})\n${run} || exit\n[ "$before" = "$(${LIST})" ] || echo ${OTHERS}`;
}

function told({ given, home }: Task): Dict {
  return dict({
    name: given.name ?? null,
    state: given.state,
    version: given.version ?? null,
    requirements: given.requirements ?? null,
    virtualenv: home ?? null,
  });
}

function ended(results: readonly ExecResult[], task: Task): Dict {
  const { code = 0, stdout = '', stderr = '' } = results.at(-1) ?? {};
  const [, call = ''] = new RegExp(`^${CALLED} (.*)$`, 'm').exec(stdout) ?? [];
  const said = stdout.replaceAll(new RegExp(`^(${CALLED} .*|${OTHERS})\n`, 'gm'), '');
  const end = dict({ cmd: call.split(' '), stdout: said, stderr });
  if (code !== 0) return end;
  const lists = stdout.includes(`\n${OTHERS}\n`);
  const installed = task.given.state === 'absent' ? /Successfully uninstalled/ : /Successfully installed/;
  return end.set('changed', !task.made || lists || (!isToldByList(task) && installed.test(said)));
}
