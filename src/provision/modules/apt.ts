import { sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, int, list, text } from '../arguments.js';
import { aptListsAge, aptNames, aptVersions, dpkgMatching, dpkgPackage } from '../facts/packages.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { exported } from './environment.js';
import { parsePackageName, versionMatches, type PackageName } from './package-names.js';
import { dict } from './result.js';

const aptArgs = {
  name: list().default([]),
  state: choice('present', 'installed', 'latest', 'absent', 'removed', 'build-dep', 'fixed').default('present'),
  update_cache: bool().optional(),
  cache_valid_time: int().default(0),
  update_cache_retries: int().default(5),
  update_cache_retry_max_delay: int().default(12),
  deb: text().optional(),
  default_release: text().optional(),
  install_recommends: bool().optional(),
  purge: bool().default(false),
  autoremove: bool().default(false),
  autoclean: bool().default(false),
  clean: bool().default(false),
  upgrade: choice('no', 'yes', 'safe', 'full', 'dist').default('no'),
  only_upgrade: bool().default(false),
  force: bool().default(false),
  allow_unauthenticated: bool().default(false),
  allow_downgrade: bool().default(false),
  allow_change_held_packages: bool().default(false),
  fail_on_autoremove: bool().default(false),
  force_apt_get: bool().default(false),
  lock_timeout: int().default(60),
  policy_rc_d: int().optional(),
  dpkg_options: text().default('force-confdef,force-confold'),
} as const;

const schema = args(aptArgs);
type Args = ReturnType<typeof schema.parse>;

export const apt = defineModule<Args>({
  name: 'apt',
  summary: 'Install, upgrade or remove Debian packages.',
  aliases: {
    pkg: 'name',
    package: 'name',
    'update-cache': 'update_cache',
    'default-release': 'default_release',
    'install-recommends': 'install_recommends',
    'allow-unauthenticated': 'allow_unauthenticated',
    'allow-downgrade': 'allow_downgrade',
  },
  args: schema,

  async plan(given, context): Promise<Plan> {
    const refresh = await refreshes(given, context);
    const names = given.name.map((name) => parsePackageName(name, /\.deb$/));
    const upgradeAll = given.upgrade !== 'no' || (given.state === 'latest' && given.name.includes('*'));
    const wanted =
      given.deb === undefined ? names : [{ kind: 'file' as const, name: await hostPath(context, given.deb) }];
    const removing = given.state === 'absent' || given.state === 'removed';
    const change = upgradeAll
      ? upgrade(given)
      : removing
        ? await removal(given, wanted, context)
        : await installation(given, wanted, context);
    if (typeof change === 'string') {
      // New lists may know what the old ones do not: then apt itself has the last word.
      if (!refresh) return { actions: [], failed: change };
    }
    const commands = [...(typeof change === 'string' ? [install(given, given.name)] : change), ...cleaning(given)];
    const result = dict({ cache_updated: refresh, cache_update_time: 0 });
    const actions = [
      ...(refresh ? [aptAction(context, update(given))] : []),
      ...commands.map((command) => aptAction(context, command)),
    ];
    // Fetching lists alone counts as a change, as with Ansible, unless packages were asked for as well.
    const changed = commands.length > 0 || (refresh && given.name.length === 0 && given.deb === undefined);
    return {
      actions,
      changed,
      result,
      finish: (results) =>
        dict({
          ...Object.fromEntries(result),
          stdout: results.at(-1)?.stdout ?? '',
          stderr: results.at(-1)?.stderr ?? '',
        }),
    };
  },
});

async function refreshes(
  { update_cache: asked, cache_valid_time: validSeconds }: Args,
  context: ModuleContext,
): Promise<boolean> {
  if (asked === false || (asked === undefined && validSeconds === 0)) return false;
  if (validSeconds === 0) return true;
  const age = await context.fact(aptListsAge);
  return age === undefined || age > validSeconds;
}

async function removal(given: Args, wanted: PackageName[], context: ModuleContext): Promise<ShellCommand[]> {
  const installed = await Promise.all(
    wanted.map(async ({ kind, name }) => {
      if (kind === 'glob') return context.fact(dpkgMatching(name));
      const { installed: version } = await context.fact(dpkgPackage(name));
      return version === undefined ? [] : [name];
    }),
  );
  const names = installed.flat();
  return names.length === 0
    ? []
    : [sh`apt-get -y -q ${[...options(given), ...(given.purge ? ['--purge'] : [])]} remove -- ${names}`];
}

/** A sentence instead of commands when a package does not exist. */
async function installation(
  given: Args,
  wanted: PackageName[],
  context: ModuleContext,
): Promise<ShellCommand[] | string> {
  const needed = await Promise.all(wanted.map((name) => neededWords(given, name, context)));
  const problem = needed.find((entry) => typeof entry === 'string');
  if (problem !== undefined) return problem;
  const words = needed.flat();
  return words.length === 0 ? [] : [install(given, words)];
}

async function neededWords(given: Args, wanted: PackageName, context: ModuleContext): Promise<string[] | string> {
  if (wanted.kind === 'file') return neededFile(wanted.name, context);
  if (wanted.kind === 'glob') {
    const names = await context.fact(aptNames(wanted.name));
    const states = await Promise.all(names.map((name) => context.fact(dpkgPackage(name))));
    return names.filter((_, index) => states[index]?.installed === undefined);
  }
  const latest = given.state === 'latest';
  const { installed, candidate } = await context.fact(dpkgPackage(wanted.name, { candidate: true }));
  if (wanted.version !== undefined && wanted.operator === '=')
    return pinned({ ...wanted, version: wanted.version }, installed, context);
  if (installed === undefined && candidate === undefined) return isVirtual(wanted.name, context);
  if (installed === undefined) return given.only_upgrade ? [] : [wanted.name];
  return latest && candidate !== undefined && candidate !== installed ? [wanted.name] : [];
}

/** A virtual package has no candidate of its own; apt knows who provides it. */
async function isVirtual(name: string, context: ModuleContext): Promise<string[] | string> {
  const provided = await context.fact({
    script: `LC_ALL=C apt-cache showpkg ${sh`${name}`.text} 2>/dev/null | sed -n '/^Reverse Provides:/,$p' | sed 1d; :`,
    parse: ({ stdout }) => stdout.split('\n').flatMap((line) => line.split(' ')[0] || []),
  });
  if (provided.length === 0) return `No package matching '${name}' is available`;
  const states = await Promise.all(provided.map((provider) => context.fact(dpkgPackage(provider))));
  return states.some(({ installed }) => installed !== undefined) ? [] : [name];
}

async function pinned(
  { name, version }: { name: string; version: string },
  installed: string | undefined,
  context: ModuleContext,
): Promise<string[] | string> {
  if (versionMatches(installed, version)) return [];
  const versions = await context.fact(aptVersions(name));
  const found = versions.find((offered) => versionMatches(offered, version));
  return found === undefined ? `no available installation candidate for ${name}=${version}` : [`${name}=${found}`];
}

async function neededFile(file: string, context: ModuleContext): Promise<string[]> {
  if (/^[a-z]+:\/\//.test(file)) return neededUrl(file, context);
  const same = await context.fact({
    script: `wanted=$(dpkg-deb -W --showformat '\${Package} \${Version}' ${sh`${file}`.text} 2>/dev/null) && set -- $wanted &&
[ "$(dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' "$1" 2>/dev/null)" = "ii $2" ] && echo same; :`,
    parse: ({ stdout }) => stdout.includes('same'),
  });
  return same ? [] : [file.startsWith('/') ? file : `./${file}`];
}

/** A file behind a URL tells by its name what it installs. */
async function neededUrl(url: string, context: ModuleContext): Promise<string[]> {
  const [, name, version = ''] = /([^/_]+)_([^/_]+)_[^/_]+\.deb$/.exec(url) ?? [];
  const state = name === undefined ? undefined : await context.fact(dpkgPackage(name));
  return state?.installed !== undefined && state.installed.replace(/^\d+:/, '') === decodeURIComponent(version)
    ? []
    : [url];
}

function install(given: Args, words: readonly string[]): ShellCommand {
  const urls = words.filter((word) => /^[a-z]+:\/\//.test(word));
  const fetched = urls.map((url, index) => ({ url, file: `"$fetched"/${index}.deb` }));
  const flags = [...options(given), ...(given.only_upgrade ? ['--only-upgrade'] : [])];
  const plain = sh`apt-get -y -q ${flags} install -- ${words.filter((word) => !urls.includes(word))}`;
  if (urls.length === 0) return plain;
  const fetching = fetched.map(
    ({ url, file }) => `{ curl -fsSL -o ${file} ${sh`${url}`.text} || wget -q -O ${file} ${sh`${url}`.text}; }`,
  );
  return {
    text: `fetched=$(mktemp -d) && chmod 755 "$fetched" && ${fetching.join(' && ')} && ${plain.text} ${fetched.map(({ file }) => file).join(' ')}; code=$?; rm -rf "$fetched"; ( exit $code )`,
  };
}

function upgrade(given: Args): ShellCommand[] {
  const how = given.upgrade === 'full' || given.upgrade === 'dist' ? 'dist-upgrade' : 'upgrade';
  return [sh`apt-get -y -q ${options(given)} ${how === 'upgrade' ? ['--with-new-pkgs', how] : [how]}`];
}

function update(given: Args): ShellCommand {
  return sh`apt-get -q ${['-o', `DPkg::Lock::Timeout=${given.lock_timeout}`]} update && { [ ! -d /var/lib/apt/periodic ] || touch /var/lib/apt/periodic/update-success-stamp; }`;
}

function cleaning(given: Args): ShellCommand[] {
  return [
    ...(given.autoremove && given.name.length === 0 ? [sh`apt-get -y -q autoremove`] : []),
    ...(given.autoclean ? [sh`apt-get -y -q autoclean`] : []),
    ...(given.clean ? [sh`apt-get clean`] : []),
  ];
}

function options(given: Args): string[] {
  const dpkg = given.dpkg_options
    .split(',')
    .filter(Boolean)
    .flatMap((option) => ['-o', `Dpkg::Options::=--${option}`]);
  return [
    '-o',
    `DPkg::Lock::Timeout=${given.lock_timeout}`,
    ...dpkg,
    ...(given.install_recommends === undefined
      ? []
      : ['-o', `APT::Install-Recommends=${given.install_recommends ? 'yes' : 'no'}`]),
    ...(given.default_release === undefined ? [] : ['-t', given.default_release]),
    ...(given.autoremove ? ['--auto-remove'] : []),
    ...(given.force
      ? ['--allow-downgrades', '--allow-remove-essential', '--allow-change-held-packages', '--allow-unauthenticated']
      : []),
    ...(given.allow_unauthenticated ? ['--allow-unauthenticated'] : []),
    ...(given.allow_downgrade ? ['--allow-downgrades'] : []),
    ...(given.allow_change_held_packages ? ['--allow-change-held-packages'] : []),
    ...(given.fail_on_autoremove ? ['--no-remove'] : []),
  ];
}

function aptAction(context: ModuleContext, { text }: ShellCommand): Action {
  return {
    kind: 'run',
    command: {
      text: `export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none LC_ALL=C.UTF-8\n${exported(context)}${text}`,
    },
  };
}
