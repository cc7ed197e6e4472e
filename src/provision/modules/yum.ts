import { sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, list, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { rpmPackage, rpmUpdate } from '../facts/packages.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';
import { listedPackages } from './yum-list.js';

const schema = args({
  name: list().default([]).describe('Packages, groups with `@`, files or addresses.'),
  state: choice('present', 'installed', 'latest', 'absent', 'removed')
    .default('present')
    .describe(
      'Whether they are there, there in the newest version, or gone; `installed` and `removed` are other words for the first and last.',
    ),
  enablerepo: list().default([]).describe('Repositories to use although they are off.'),
  disablerepo: list().default([]).describe('Repositories not to use.'),
  exclude: list().default([]).describe('Packages to leave alone.'),
  update_cache: bool().default(false).describe('Fetch the lists of packages first.'),
  update_only: bool().default(false).describe('Upgrade packages that are there, install none.'),
  disable_gpg_check: bool().default(false).describe('Install packages without looking at their signatures.'),
  skip_broken: bool().default(false).describe('Leave out packages whose needs cannot be met.'),
  nobest: bool().default(false).describe('Be content with a version that is not the newest.'),
  allowerasing: bool().default(false).describe('Remove packages that are in the way.'),
  allow_downgrade: bool().default(false).describe('Let a version replace a newer one.'),
  autoremove: bool().default(false).describe('Remove packages that nothing needs any more.'),
  security: bool().default(false).describe('Of upgrades, take only those that mend security.'),
  bugfix: bool().default(false).describe('Of upgrades, take only those that mend mistakes.'),
  installroot: text().default('/').describe('Folder that is the root of what is installed.'),
  releasever: text().optional().describe('Release from which to install.'),
  conf_file: text().optional().describe("The package manager's configuration file."),
  cacheonly: bool().default(false).describe('Use what was fetched before, fetch nothing.'),
  install_weak_deps: bool().default(true).describe('Also install what packages recommend.'),
  validate_certs: bool().default(true).describe('Refuse addresses whose certificates are not trusted.'),
  sslverify: bool().default(true).describe('Refuse repositories whose certificates are not trusted.'),
  install_repoquery: bool().default(true).describe('Accepted and without effect.'),
  download_only: bool().default(false).describe('Fetch packages, install none.'),
  download_dir: text().optional().describe('Folder for packages that are only fetched.'),
  disable_excludes: text()
    .optional()
    .describe('Where not to look for packages to leave alone: `all`, `main` or a repository.'),
  enable_plugin: list().default([]).describe('Plugins of the package manager to use although they are off.'),
  disable_plugin: list().default([]).describe('Plugins of the package manager not to use.'),
  list: text().optional().describe('Only list packages: `installed`, `available`, `updates`, `repos`, or a name.'),
  lock_timeout: int()
    .default(30)
    .describe('Accepted and without effect: the package manager itself waits for another run of it.'),
  use_backend: choice('auto', 'yum', 'yum4', 'dnf', 'dnf4', 'dnf5')
    .default('auto')
    .describe("Accepted and without effect, since the host's own package manager is used."),
});
type Args = ReturnType<typeof schema.parse>;

const aliases = {
  pkg: 'name',
  package: 'name',
  'update-cache': 'update_cache',
  expire_cache: 'update_cache',
  'expire-cache': 'update_cache',
};

export const yum = defineModule<Args>({
  name: 'yum',
  summary: 'Install, upgrade or remove rpm packages with yum.',
  needs: 'yum or dnf, and rpm',
  aliases,
  exclusive: [['name', 'list']],
  args: schema,
  plan: (given, context) => plan('yum', given, context),
});

export const dnf = defineModule<Args>({
  name: 'dnf',
  summary: 'Install, upgrade or remove rpm packages with dnf.',
  needs: 'yum or dnf, and rpm',
  aliases,
  exclusive: [['name', 'list']],
  args: schema,
  plan: (given, context) => plan('dnf', given, context),
});

async function plan(called: 'yum' | 'dnf', given: Args, context: ModuleContext): Promise<Plan> {
  const manager = called === 'yum' && context.variable('ansible_pkg_mgr') === 'dnf' ? 'dnf' : called;
  if (given.list !== undefined)
    return {
      actions: [],
      changed: false,
      result: dict({ results: await context.fact(listedPackages(manager, given.list, options(manager, given))) }),
    };
  const names = await Promise.all(
    given.name.map(async (name) => (name.includes('/') && !name.includes('://') ? hostPath(context, name) : name)),
  );
  const removing = given.state === 'absent' || given.state === 'removed';
  const verbs = removing ? await removal(given, names, context) : await installation(manager, given, names, context);
  const commands = verbs.map(({ verb, words }) => sh`${manager} -y -q ${options(manager, given)} ${verb} ${words}`);
  const refresh = given.update_cache ? [sh`${manager} -q ${options(manager, given)} makecache`] : [];
  const actions = [...refresh, ...commands].map((command) => yumAction(context, command));
  return {
    actions,
    changed: commands.length > 0,
    result: dict({ results: [] }),
    finish: (results) => finished(results.at(-1)),
  };
}

function finished(last: { code: number; stdout: string; stderr: string } | undefined) {
  if (!last) return dict({ results: [] });
  return dict({ rc: last.code, results: [last.stdout] });
}

type Verb = { verb: string; words: string[] };

async function removal(given: Args, names: string[], context: ModuleContext): Promise<Verb[]> {
  if (names.length === 0) return given.autoremove ? [{ verb: 'autoremove', words: [] }] : [];
  const states = await Promise.all(
    names.map(async (name) => (isGroup(name) ? { installed: 'group' } : context.fact(rpmPackage(name)))),
  );
  const words = names.filter((_, index) => states[index]?.installed !== undefined);
  return words.length === 0 ? [] : [{ verb: given.autoremove ? 'autoremove' : 'remove', words }];
}

async function installation(
  manager: 'yum' | 'dnf',
  given: Args,
  names: string[],
  context: ModuleContext,
): Promise<Verb[]> {
  const latest = given.state === 'latest';
  const everything = latest && names.includes('*');
  if (everything)
    return (await context.fact(rpmUpdate(manager, '*', options(manager, given))))
      ? [{ verb: 'update', words: [] }]
      : [];
  const states = await Promise.all(names.map((name) => context.fact(stateOf(name))));
  const missing = given.update_only ? [] : names.filter((_, index) => states[index]?.installed === undefined);
  const present = names.filter((name) => !missing.includes(name));
  const newer = latest
    ? await Promise.all(present.map((name) => context.fact(rpmUpdate(manager, name, options(manager, given)))))
    : [];
  const outdated = present.filter((_, index) => newer[index]);
  return [
    ...(missing.length > 0 ? [{ verb: 'install', words: missing }] : []),
    ...(outdated.length > 0 ? [{ verb: 'update', words: outdated }] : []),
  ];
}

/** An rpm file or URL is installed when the package of that very version is. */
function stateOf(name: string) {
  const file = /(?:^|\/)([^/]+)\.rpm$/.exec(name)?.[1];
  return rpmPackage(file ?? name.replace(/\s*(==?|>=)\s*/, '-'));
}

function isGroup(name: string): boolean {
  return name.startsWith('@');
}

function options(manager: 'yum' | 'dnf', given: Args): string[] {
  const flag = (name: string, when: boolean) => (when ? [name] : []);
  return [
    ...given.disablerepo.map((repo) => `--disablerepo=${repo}`),
    ...given.enablerepo.map((repo) => `--enablerepo=${repo}`),
    ...given.exclude.map((name) => `--exclude=${name}`),
    ...flag('--nogpgcheck', given.disable_gpg_check),
    ...flag('--skip-broken', given.skip_broken),
    ...flag('--nobest', given.nobest && manager === 'dnf'),
    ...flag('--allowerasing', given.allowerasing && manager === 'dnf'),
    ...flag('--security', given.security),
    ...flag('--bugfix', given.bugfix),
    ...flag('--cacheonly', given.cacheonly),
    ...flag('--setopt=install_weak_deps=False', !given.install_weak_deps && manager === 'dnf'),
    ...flag('--setopt=sslverify=False', !given.sslverify || !given.validate_certs),
    ...flag(`--installroot=${given.installroot}`, given.installroot !== '/'),
    ...flag('--downloadonly', given.download_only),
    ...(given.download_dir === undefined ? [] : [`--downloaddir=${given.download_dir}`]),
    ...(given.disable_excludes === undefined ? [] : [`--disableexcludes=${given.disable_excludes}`]),
    ...given.enable_plugin.map((name) => `--enableplugin=${name}`),
    ...given.disable_plugin.map((name) => `--disableplugin=${name}`),
    ...(given.releasever === undefined ? [] : [`--releasever=${given.releasever}`]),
    ...(given.conf_file === undefined ? [] : ['-c', given.conf_file]),
  ];
}

function yumAction(context: ModuleContext, { text }: ShellCommand): Action {
  return { kind: 'run', command: { text: `export LC_ALL=C\n${exported(context)}${text}` } };
}
