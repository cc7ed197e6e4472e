import { sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, list, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { rpmPackage, rpmUpdate } from '../facts/packages.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

const schema = args({
  name: list().default([]),
  state: choice('present', 'installed', 'latest', 'absent', 'removed').default('present'),
  enablerepo: list().default([]),
  disablerepo: list().default([]),
  exclude: list().default([]),
  update_cache: bool().default(false),
  update_only: bool().default(false),
  disable_gpg_check: bool().default(false),
  skip_broken: bool().default(false),
  nobest: bool().default(false),
  allowerasing: bool().default(false),
  allow_downgrade: bool().default(false),
  autoremove: bool().default(false),
  security: bool().default(false),
  bugfix: bool().default(false),
  installroot: text().default('/'),
  releasever: text().optional(),
  conf_file: text().optional(),
  cacheonly: bool().default(false),
  install_weak_deps: bool().default(true),
  validate_certs: bool().default(true),
  sslverify: bool().default(true),
  install_repoquery: bool().default(true),
  lock_timeout: int().default(30),
  use_backend: choice('auto', 'yum', 'yum4', 'dnf', 'dnf4', 'dnf5').default('auto'),
});
type Args = ReturnType<typeof schema.parse>;

const aliases = { pkg: 'name', package: 'name', 'update-cache': 'update_cache', expire_cache: 'update_cache' };

export const yum = defineModule<Args>({
  name: 'yum',
  summary: 'Install, upgrade or remove rpm packages with yum.',
  aliases,
  args: schema,
  plan: (given, context) => plan('yum', given, context),
});

export const dnf = defineModule<Args>({
  name: 'dnf',
  summary: 'Install, upgrade or remove rpm packages with dnf.',
  aliases,
  args: schema,
  plan: (given, context) => plan('dnf', given, context),
});

async function plan(called: 'yum' | 'dnf', given: Args, context: ModuleContext): Promise<Plan> {
  const manager = called === 'yum' && context.variable('ansible_pkg_mgr') === 'dnf' ? 'dnf' : called;
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
  const msg = last.code === 0 ? '' : (last.stderr || last.stdout).trim();
  return dict({ rc: last.code, results: [last.stdout], ...(msg === '' ? {} : { msg }) });
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
    ...(given.releasever === undefined ? [] : [`--releasever=${given.releasever}`]),
    ...(given.conf_file === undefined ? [] : ['-c', given.conf_file]),
  ];
}

function yumAction(context: ModuleContext, { text }: ShellCommand): Action {
  return { kind: 'run', command: { text: `export LC_ALL=C\n${exported(context)}${text}` } };
}
