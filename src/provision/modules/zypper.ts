import type { ExecResult } from '../../connection/connection.js';
import { sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, list, text } from '../arguments.js';
import { defineModule, type Fact, type ModuleContext, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';
import { plainPackages, solvablesIn, splitPackages, type ZypperPackage } from './zypper-packages.js';

const schema = args({
  name: list().describe('Packages, each also with a version (`a>=1.2`) or with `-` before it, files or addresses.'),
  state: choice('present', 'installed', 'latest', 'absent', 'removed', 'dist-upgrade')
    .default('present')
    .describe(
      'Whether they are there, there in the newest version, or gone; `installed` and `removed` are other words for the first and last, and `dist-upgrade` upgrades the whole host.',
    ),
  type: choice('package', 'patch', 'pattern', 'product', 'srcpackage', 'application')
    .default('package')
    .describe('What is meant.'),
  update_cache: bool().default(false).describe('Fetch the lists of packages first.'),
  disable_gpg_check: bool().default(false).describe('Install packages without looking at their signatures.'),
  disable_recommends: bool().default(true).describe('Do not install what packages recommend.'),
  force: bool().default(false).describe('Install even what is there, or older.'),
  allow_vendor_change: bool().default(false).describe('Let a package of another vendor replace one.'),
  clean_deps: bool().default(false).describe('Together with packages, remove those that only they needed.'),
  force_resolution: bool().default(false).describe('Remove packages that are in the way.'),
  replacefiles: bool().default(false).describe('Overwrite files of other packages.'),
  extra_args: text().optional().describe("Words to put behind zypper's command."),
  extra_args_precommand: text().optional().describe("Words to put before zypper's command."),
  oldpackage: bool().default(false).describe('Let a version replace a newer one.'),
});
type Args = ReturnType<typeof schema.parse>;

export const zypper = defineModule<Args>({
  name: 'zypper',
  collection: 'community.general',
  summary: 'Install or remove packages of SUSE.',
  needs: 'zypper',
  aliases: { pkg: 'name', refresh: 'update_cache' },
  differences: [
    'A host whose root is only changed by `transactional-update` is not known as one.',
    'That the host should be restarted (exit code 102) is no failure, as which Ansible takes it.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const problem = contradictionIn(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const command = await commandFor(given, context);
    const refresh = given.update_cache && !context.checkMode;
    const commands = [
      ...(refresh ? [twice(zypperCommand(given, 'refresh', []))] : []),
      ...(command ? [twice(command)] : []),
    ];
    const result = dict({ name: given.name, state: given.state, update_cache: given.update_cache, rc: 0 });
    if (!command) return { actions: runs(commands, context), changed: false, result };
    // Only zypper knows what versions, files and the newest come to; new lists may know more than those at hand.
    const known = refresh || (isCertain(given) && !context.checkMode);
    const foreseen = known ? undefined : await context.fact(attempt(dryRun(command), context));
    if (foreseen?.failed !== undefined) return { actions: [], failed: foreseen.failed, result };
    if (foreseen?.found.length === 0) return { actions: runs(commands.slice(0, -1), context), changed: false, result };
    return { actions: runs(commands, context), changed: true, result, finish: (results) => ended(results.at(-1)) };
  },
});

function contradictionIn({ name, state, type }: Args): string | undefined {
  const everything = name.length === 1 && name[0] === '*';
  if (state === 'dist-upgrade') return everything ? undefined : 'Can not dist-upgrade specific packages.';
  if (!isRemoval(state)) return undefined;
  const { packages, files } = splitPackages(name, '-');
  if (packages.some(({ sign }) => sign === '+')) return "Can not combine '+' prefix with state=remove/absent.";
  if (files.length > 0) return 'Can not remove via URL.';
  return type === 'patch' ? 'Can not remove patches.' : undefined;
}

/** Whether it shows without zypper that something is to be done. */
function isCertain({ name, state }: Args): boolean {
  const { packages, files } = splitPackages(name, '+');
  return (
    isRemoval(state) || (state !== 'latest' && files.length === 0 && packages.every(({ version }) => version === ''))
  );
}

function isRemoval(state: Args['state']): boolean {
  return state === 'absent' || state === 'removed';
}

async function commandFor(given: Args, context: ModuleContext): Promise<ShellCommand | undefined> {
  const { name, state, type } = given;
  if (name.length === 1 && name[0] === '*' && (state === 'latest' || state === 'dist-upgrade'))
    return zypperCommand(given, type === 'patch' ? 'patch' : state === 'latest' ? 'update' : 'dist-upgrade', []);
  return isRemoval(state) ? removal(given, context) : installation(given, context);
}

async function removal(given: Args, context: ModuleContext): Promise<ShellCommand | undefined> {
  const { packages } = splitPackages(given.name, '-');
  const there = await installedOf(packages, given, context);
  const words = packages.filter((one) => there.has(one.name)).map((one) => `${one.name}${one.version}`);
  return words.length === 0 ? undefined : zypperCommand(given, 'remove', words);
}

/** Those with a sign come and go in one command, so that one may take the place of another. */
async function installation(given: Args, context: ModuleContext): Promise<ShellCommand | undefined> {
  const { packages, files } = splitPackages(given.name, '+');
  const versioned = packages.some(({ version }) => version !== '');
  const there = given.state === 'latest' ? undefined : await installedOf(plainPackages(packages), given, context);
  const wanted = there ? packages.filter((one) => (one.sign === '+') !== there.has(one.name)) : packages;
  if (wanted.length === 0 && files.length === 0) return undefined;
  const words = ['--', ...files, ...wanted.map((one) => `${one.sign}${one.name}${one.version}`)];
  return zypperCommand({ ...given, oldpackage: given.oldpackage || versioned }, 'install', words);
}

async function installedOf(
  packages: readonly ZypperPackage[],
  given: Args,
  context: ModuleContext,
): Promise<ReadonlySet<string>> {
  if (packages.length === 0) return new Set();
  const words = ['--match-exact', '--details', '--installed-only', ...packages.map(({ name }) => name)];
  const { found } = await context.fact(attempt(zypperCommand(given, 'search', words), context));
  return new Set(found);
}

type Verb = 'search' | 'install' | 'remove' | 'update' | 'patch' | 'dist-upgrade' | 'refresh';

function zypperCommand(given: Args, verb: Verb, words: readonly string[]): ShellCommand {
  const flag = (name: string, when: boolean) => (when ? [name] : []);
  const split = (more: string | undefined) => (more ?? '').split(/\s+/).filter(Boolean);
  const installs = ['install', 'update', 'patch', 'dist-upgrade'].includes(verb);
  const all = [
    ...split(given.extra_args_precommand),
    ...flag('--no-gpg-checks', given.disable_gpg_check && (installs || verb === 'refresh')),
    ...flag('--disable-repositories', verb === 'search'),
    verb,
    ...(['patch', 'dist-upgrade', 'refresh'].includes(verb) ? [] : ['--type', given.type]),
    ...flag('--auto-agree-with-licenses', installs),
    ...flag('--no-recommends', installs && given.disable_recommends),
    ...flag('--force', installs && given.force),
    ...flag('--force-resolution', installs && given.force_resolution),
    ...flag('--oldpackage', installs && given.oldpackage),
    ...flag('--replacefiles', installs && given.replacefiles),
    ...flag('--clean-deps', verb === 'remove' && given.clean_deps),
    ...flag('--allow-vendor-change', verb === 'dist-upgrade' && given.allow_vendor_change),
    ...split(given.extra_args),
    ...words,
  ];
  return sh`zypper --quiet --non-interactive --xmlout ${all}`;
}

function dryRun({ text: line }: ShellCommand): ShellCommand {
  return { text: line.replace(/ (install|remove|update|patch|dist-upgrade)(?= |$)/, ' $1 --dry-run') };
}

type Attempt = { found: string[]; failed: string | undefined };

const NOT_FOUND = 104;

function attempt({ text: line }: ShellCommand, context: ModuleContext): Fact<Attempt> {
  return {
    script: `( ${exported(context)}export LC_ALL=C\n${line} )`,
    parse: (result) => ({
      found: result.code === NOT_FOUND ? [] : solvablesIn(result.stdout),
      failed: isFine(result.code) ? undefined : problemOf(result),
    }),
  };
}

/** Also when the host should be restarted, or zypper itself was replaced. */
function isFine(code: number): boolean {
  return [0, 102, 103].includes(code);
}

function problemOf({ code, stdout, stderr }: Pick<ExecResult, 'code' | 'stdout' | 'stderr'>): string {
  const said = [...stdout.matchAll(/<message[^>]*>([^<]*)<\/message>/g)].at(-1)?.[1];
  return said ?? (stderr.trim() || `Zypper run command failed with return code ${code}.`);
}

/** zypper that has replaced itself wants to be called again. */
function twice({ text: line }: ShellCommand): ShellCommand {
  return { text: `${line}; code=$?; if [ $code = 103 ]; then ${line}; code=$?; fi; [ $code = 102 ] || ( exit $code )` };
}

function runs(commands: readonly ShellCommand[], context: ModuleContext): Plan['actions'] {
  const setting = `${exported(context)}export LC_ALL=C\n`;
  return commands.map(({ text: line }) => ({ kind: 'run', command: { text: setting + line } }));
}

function ended(last: ExecResult | undefined) {
  if (!last) return new Map();
  const { code, stdout, stderr } = last;
  if (code !== 0) return dict({ rc: code, stdout, stderr, msg: problemOf(last) });
  return dict({ rc: 0, stdout, stderr, changed: solvablesIn(stdout).length > 0 });
}
