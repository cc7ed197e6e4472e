import { sh, sequence, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, list, text } from '../arguments.js';
import { defineModule, type Fact, type ModuleContext, type Plan } from '../module.js';
import { splitWords } from '../split-words.js';
import { exported, factWithin } from './environment.js';
import { dict } from './result.js';

const pacmanArguments = args({
  name: list().default([]).describe('Packages or groups, `repository/package`, or files and addresses of packages.'),
  state: choice('present', 'installed', 'latest', 'absent', 'removed')
    .default('present')
    .describe(
      'Whether they are there, there in the newest version, or gone; `installed` and `removed` are other words for the first and last.',
    ),
  update_cache: bool().default(false).describe('Fetch the lists of packages first.'),
  upgrade: bool().default(false).describe('Upgrade every package of the host.'),
  force: bool()
    .default(false)
    .describe('Remove packages that others need, and fetch lists even where they are the newest.'),
  remove_nosave: bool().default(false).describe('Keep no copy of changed settings of packages that are removed.'),
  reason: choice('explicit', 'dependency').optional().describe('Why packages are said to be installed.'),
  reason_for: choice('new', 'all').default('new').describe('Whether that is said of new packages alone.'),
  extra_args: text().default('').describe('More options of pacman when it installs or removes.'),
  update_cache_extra_args: text().default('').describe('More options of pacman when it fetches lists.'),
  upgrade_extra_args: text().default('').describe('More options of pacman when it upgrades everything.'),
  executable: text().default('pacman').describe('The program, should it be another one that takes the same options.'),
});
type Args = (typeof pacmanArguments)['_output'];

export const pacman = defineModule<Args>({
  name: 'pacman',
  collection: 'community.general',
  summary: 'Install, upgrade or remove packages of Arch Linux.',
  needs: 'pacman',
  aliases: { pkg: 'name', package: 'name' },
  exclusive: [['name', 'upgrade']],
  oneNeeded: [['name', 'upgrade', 'update_cache']],
  differences: [
    '`update_cache` in the task that also installs or upgrades is planned with the lists there were before, since planning changes nothing on the host.',
  ],
  args: pacmanArguments,

  async plan(given, context): Promise<Plan> {
    const mistake = mistakeIn(given);
    if (mistake !== undefined) return { actions: [], failed: mistake };
    const wanted = await context.fact(factWithin(context, inventory(given)));
    if (wanted.unknown.length > 0) return { actions: [], failed: `Failed to list package ${wanted.unknown[0]}` };
    const work = given.upgrade ? upgrading(given, wanted) : given.name.length > 0 ? naming(given, wanted) : NOTHING;
    return planOf(given, work, context);
  },
});

function mistakeIn({ name, upgrade, update_cache }: Args): string | undefined {
  if (name.length === 0 && !upgrade && !update_cache)
    return 'one of the following is required: name, update_cache, upgrade';
  return undefined;
}

type Work = { commands: ShellCommand[]; packages: string[] | undefined; msg: string; would: string };
const NOTHING: Work = { commands: [], packages: undefined, msg: '', would: '' };

function planOf(given: Args, work: Work, context: ModuleContext): Plan {
  const updates = given.update_cache;
  const fetched = ['Updated package db', 'Would have updated the package db'] as const;
  const said = (first: string, second: string) => [...(updates ? [first] : []), second].filter(Boolean).join('\n');
  const known = {
    ...(work.packages === undefined ? {} : { packages: work.packages }),
    ...(updates ? { cache_updated: true } : {}),
  };
  const all = [...(updates ? [refreshed(given)] : []), ...work.commands];
  return {
    actions:
      all.length > 0
        ? [{ kind: 'run', command: { text: `${exported(context)}export LC_ALL=C\n${sequence(all).text}` } }]
        : [],
    result: dict({ ...known, msg: said(fetched[1], work.would) }),
    finish(results) {
      const last = results.at(-1);
      if (last && last.code !== 0) return new Map();
      const fresh = last !== undefined && /^stars-fresh$/m.test(last.stdout);
      const changed = work.commands.length > 0 || (updates && fresh);
      return dict({ ...(updates ? { cache_updated: fresh } : {}), changed, msg: said(fetched[0], work.msg) });
    },
  };
}

/** Fetches the lists and tells whether they are others than before. */
function refreshed({ executable, force, update_cache_extra_args }: Args): ShellCommand {
  const more = [...splitWords(update_cache_extra_args), ...(force ? ['--refresh'] : [])];
  const listed = sh`${executable} --sync --list`.text;
  const fetch = sh`${executable} --sync --refresh ${more}`.text;
  if (force) return { text: `${fetch} && echo stars-fresh` };
  return {
    text: `lists=$(${listed}) && ${fetch} && { [ "$lists" = "$(${listed})" ] || echo stars-fresh; }`,
  };
}

function upgrading(given: Args, { upgradable }: Inventory): Work {
  if (upgradable.length === 0) return { ...NOTHING, msg: 'Nothing to upgrade', would: 'Nothing to upgrade' };
  const more = splitWords(given.upgrade_extra_args);
  return {
    commands: [sh`${given.executable} --sync --sysupgrade --quiet --noconfirm ${more}`],
    packages: upgradable,
    msg: 'System upgraded',
    would: `${upgradable.length} packages would have been upgraded`,
  };
}

function naming(given: Args, wanted: Inventory): Work {
  return given.state === 'absent' || given.state === 'removed' ? removing(given, wanted) : installing(given, wanted);
}

function removing(given: Args, { packages, removes }: Inventory): Work {
  const there = packages.filter(({ installed }) => installed).map(({ name }) => name);
  if (there.length === 0) {
    const msg = 'package(s) already absent';
    return { commands: [], packages: [], msg, would: msg };
  }
  const options = [...removalOptions(given), ...(given.remove_nosave ? ['--nosave'] : [])];
  return {
    commands: [sh`${given.executable} ${options} ${there}`],
    packages: removes,
    msg: `Removed ${removes.length} package(s)`,
    would: `Would have removed ${removes.length} packages`,
  };
}

function removalOptions({ extra_args, force }: Args): string[] {
  const more = splitWords(extra_args);
  return ['--remove', '--noconfirm', '--noprogressbar', ...more, ...(force ? ['--nodeps', '--nodeps'] : [])];
}

function installing(given: Args, { packages, upgradable, installs }: Inventory): Work {
  const isDue = ({ name, installed }: Named) => !installed || (given.state === 'latest' && upgradable.includes(name));
  const synced = packages.filter((one) => !one.isFile && isDue(one)).map(({ source }) => source);
  const files = packages.filter(({ isFile }) => isFile).map(({ source }) => source);
  const reasoned = packages
    .filter(({ reason }) => given.reason && (!reason || (given.reason_for === 'all' && reason !== given.reason)))
    .map(({ name }) => name);
  const fresh = synced.length > 0 || files.length > 0 ? installs : [];
  const changed = [...new Set([...fresh, ...reasoned])].toSorted();
  if (changed.length === 0) {
    const msg = 'package(s) already installed';
    return { commands: [], packages: [], msg, would: msg };
  }
  const options = ['--noconfirm', '--noprogressbar', '--needed', ...splitWords(given.extra_args)];
  const { executable } = given;
  const mark = given.reason === 'dependency' ? '--asdeps' : '--asexplicit';
  return {
    commands: [
      ...(synced.length > 0 ? [sh`${executable} ${options} --sync ${synced}`] : []),
      ...(files.length > 0 ? [sh`${executable} ${options} --upgrade ${files}`] : []),
      ...(reasoned.length > 0 ? [sh`${executable} --noconfirm --database ${mark} ${reasoned}`] : []),
    ],
    packages: changed,
    msg: `Installed ${changed.length} package(s)`,
    would: `Would have installed ${changed.length} packages`,
  };
}

type Named = {
  name: string;
  /** What pacman is told to install: the name, or a file or address. */
  source: string;
  isFile: boolean;
  installed: boolean;
  reason: string | undefined;
};

type Inventory = {
  /** What the names mean; a group is all its packages. */
  packages: Named[];
  /** Names that pacman knows nothing of, where they are to be installed. */
  unknown: string[];
  upgradable: string[];
  /** What pacman would install or remove, with what they bring or take along. */
  installs: string[];
  removes: string[];
};

/** What pacman says of the names, and what it would do about them. */
function inventory(given: Args): Fact<Inventory> {
  const { executable: program, name } = given;
  const isRemoving = given.state === 'absent' || given.state === 'removed';
  const query = (...words: string[]) => sh`${program} ${words}`.text;
  const options = ['--noconfirm', '--noprogressbar', '--needed', ...splitWords(given.extra_args)];
  const names = sh`${name}`.text;
  const dryRun = isRemoving
    ? `[ -z "$there" ] || ${query(...removalOptions(given), '--print-format', '%n-%v')} $there | sed 's/^/removes /'`
    : `[ -z "$due" ] || ${query(...options, '--sync', '--print-format', '%n %v')} $due | sed 's/^/installs /'
[ -z "$files" ] || ${query(...options, '--upgrade', '--print-format', '%n %v')} $files | sed 's/^/installs /'`;
  // Names of packages and their files hold no blanks, so lists of them are texts.
  const script = `export LC_ALL=C
set -f
upgradable=$(${query('--query', '--upgrades')} 2>/dev/null | grep -v '\\[ignored\\]' | cut -d' ' -f1)
for one in $upgradable; do echo "upgradable $one"; done
there= due= files=
about() {
kind=missing
if ${query('--query', '--explicit')} "$1" >/dev/null 2>&1; then kind=explicit; elif ${query('--query')} "$1" >/dev/null 2>&1; then kind=dependency; fi
echo "package $kind $2 $1 $3"
if [ "$kind" != missing ]; then there="$there $1"; fi
if [ "$2" = file ]; then files="$files $3"; elif [ "$kind" = missing ]${given.state === 'latest' ? ' || printf "%s\\n" "$upgradable" | grep -qxF -- "$1"' : ''}; then due="$due $3"; fi
}
for one in ${names}; do
members=$(${query('--sync', '--groups')} "$one" 2>/dev/null | cut -d' ' -f2)
if [ -n "$members" ]; then for member in $members; do about "$member" name "$member"; done
elif ${query('--query')} "$one" >/dev/null 2>&1 || ${query('--sync', '--info')} "$one" >/dev/null 2>&1 && [ "\${one#*/}" = "$one" ]; then about "$one" name "$one"
elif meant=$(${query('--sync', '--print-format', '%n')} "$one" 2>/dev/null); then about "$meant" name "$one"
elif meant=$(${query('--upgrade', '--print-format', '%n')} "$one" 2>/dev/null); then about "$(printf '%s\\n' "$meant" | tail -n 1)" file "$one"
else echo "unknown $one"; fi
done
${dryRun}
:`;
  return {
    script: name.length > 0 || given.upgrade ? script : ':',
    parse: ({ stdout }) => parseInventory(stdout, isRemoving),
  };
}

function parseInventory(stdout: string, isRemoving: boolean): Inventory {
  const of = (word: string) =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const packages = of('package').map((line): Named => {
    const [kind = '', form, name = '', source = ''] = line.split(' ');
    const reason = kind === 'missing' ? undefined : kind;
    return { name, source, isFile: form === 'file', installed: reason !== undefined, reason };
  });
  return {
    packages,
    unknown: isRemoving ? [] : of('unknown'),
    upgradable: of('upgradable'),
    installs: of('installs').flatMap((line) => (isNoise(line) ? [] : (/^(\S+) \S+$/.exec(line)?.[1] ?? []))),
    removes: of('removes').flatMap((line) => line.split(/\s+/)),
  };
}

/** What pacman says beside the packages. */
function isNoise(line: string): boolean {
  return line.includes('loading packages') || line.includes('there is nothing to do');
}
