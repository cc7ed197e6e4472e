import { sh } from '../../shell/command.js';
import { aptNames, aptVersions, dpkgAtLeast, dpkgPackage, dpkgResidue } from '../facts/packages.js';
import { lacking } from '../missing-program.js';
import type { ModuleContext } from '../module.js';
import { APT_NEEDS, type AptArgs, namesOf } from './apt-arguments.js';
import { aptOptions, type Commands, install } from './apt-commands.js';
import { neededFile } from './apt-files.js';
import { type PackageName, parsePackageName, versionMatches } from './package-names.js';

/** `refreshed`: the lists will be newer than those that can be asked now. */
type Lists = { refreshed: boolean };

export async function installation(given: AptArgs, lists: Lists, context: ModuleContext): Promise<Commands> {
  const wanted = namesOf(given).map((name) => parsePackageName(name, /\.deb$/));
  if (given.state === 'build-dep') return namesOf(given).length === 0 ? [] : [install(given, namesOf(given))];
  const needed = await Promise.all(wanted.map((name) => neededWords(name, { given, context, ...lists })));
  const problem = needed.find((entry) => typeof entry === 'string');
  if (problem !== undefined) return problem;
  const words = needed.flat();
  return words.length === 0 ? [] : [install(given, words)];
}

type Asking = Lists & { given: AptArgs; context: ModuleContext };

async function neededWords(wanted: PackageName, asking: Asking): Promise<string[] | string> {
  const { context } = asking;
  if (wanted.kind === 'file') return neededFile(wanted.name, context);
  if (wanted.kind === 'name') return neededPackage(wanted, asking);
  const names = await context.fact(aptNames(wanted.name));
  if (names.length === 0) return `No package(s) matching '${wanted.name}' available`;
  const each = await Promise.all(names.map((name) => neededPackage({ kind: 'name', name }, asking)));
  return each.find((entry) => typeof entry === 'string') ?? each.flat();
}

type Named = PackageName & { kind: 'name' };

async function neededPackage(wanted: Named, asking: Asking): Promise<string[] | string> {
  const { given, context, refreshed } = asking;
  const release = given.default_release;
  const { installed } = await context.fact(dpkgPackage(wanted.name));
  if (wanted.version !== undefined) return neededVersion({ ...wanted, version: wanted.version }, installed, asking);
  const latest = given.state === 'latest';
  // What the lists offer takes long to read and does not matter for what is there.
  if (installed !== undefined && !latest) return [];
  if (installed !== undefined && refreshed) return [wanted.name];
  const { candidate } = await context.fact(dpkgPackage(wanted.name, { candidate: true, release }));
  if (installed === undefined && candidate === undefined) return isVirtual(wanted.name, context);
  if (installed === undefined) return given.only_upgrade ? [] : [wanted.name];
  return candidate !== undefined && candidate !== installed ? [wanted.name] : [];
}

/** A virtual package has no candidate of its own; apt knows who provides it. */
async function isVirtual(name: string, context: ModuleContext): Promise<string[] | string> {
  const provided = await context.fact({
    script: `command -v apt-cache >/dev/null || exit
LC_ALL=C apt-cache showpkg ${sh`${name}`.text} 2>/dev/null | sed -n '/^Reverse Provides:/,$p' | sed 1d; :`,
    parse: ({ code, stdout }) =>
      code === 0 ? stdout.split('\n').flatMap((line) => line.split(' ')[0] || []) : undefined,
  });
  if (provided === undefined) return lacking('apt-cache', { name: 'apt', needs: APT_NEEDS });
  if (provided.length === 0) return `No package matching '${name}' is available`;
  const states = await Promise.all(provided.map((provider) => context.fact(dpkgPackage(provider))));
  return states.some(({ installed }) => installed !== undefined) ? [] : [name];
}

type Versioned = Named & { version: string };

async function neededVersion(
  wanted: Versioned,
  installed: string | undefined,
  asking: Asking,
): Promise<string[] | string> {
  const { given, context, refreshed } = asking;
  const { name, version, operator } = wanted;
  if (installed === undefined && given.only_upgrade) return [];
  const spec = `${name}${operator === '>=' ? '>=' : '='}${version}`;
  const missing = `no available installation candidate for ${spec}`;
  if (operator === '>=') {
    const enough = installed !== undefined && (await context.fact(dpkgAtLeast(installed, version)));
    if (enough && given.state !== 'latest') return [];
    if (refreshed) return [name];
    const { candidate } = await context.fact(dpkgPackage(name, { candidate: true, release: given.default_release }));
    if (candidate !== undefined && (await context.fact(dpkgAtLeast(candidate, version))))
      return candidate === installed ? [] : [name];
    return enough ? [] : missing;
  }
  const fits = versionMatches(installed, version);
  // A version with a pattern in it means the newest that fits, also for what is there.
  if (fits && !/[*?[]/.test(version)) return [];
  if (refreshed) return [`${name}=${version}`];
  const found = (await context.fact(aptVersions(name))).find((offered) => versionMatches(offered, version));
  if (found === undefined) return fits ? [] : missing;
  return found === installed ? [] : [`${name}=${found}`];
}

/** With `purge`, also what configuration files are left of. */
export async function removal(given: AptArgs, context: ModuleContext): Promise<Commands> {
  const wanted = namesOf(given).map((name) => parsePackageName(name, /\.deb$/));
  const found = await Promise.all(wanted.map((name) => removable(name, given, context)));
  const problem = found.find((entry) => typeof entry === 'string');
  if (problem !== undefined) return problem;
  const names = found.flat();
  return names.length === 0
    ? []
    : [sh`apt-get -y -q ${[...aptOptions(given), ...(given.purge ? ['--purge'] : [])]} remove -- ${names}`];
}

async function removable(wanted: PackageName, { purge }: AptArgs, context: ModuleContext): Promise<string[] | string> {
  if (wanted.kind !== 'glob') return (await isLeft(wanted, purge, context)) ? [wanted.name] : [];
  const names = await context.fact(aptNames(wanted.name));
  if (names.length === 0) return `No package(s) matching '${wanted.name}' available`;
  const left = await Promise.all(names.map((name) => isLeft({ kind: 'name', name }, purge, context)));
  return names.filter((_, index) => left[index]);
}

async function isLeft(wanted: PackageName, purge: boolean, context: ModuleContext): Promise<boolean> {
  const { installed } = await context.fact(dpkgPackage(wanted.name));
  if (installed === undefined) return purge && (await context.fact(dpkgResidue(wanted.name)));
  return wanted.kind !== 'name' || wanted.version === undefined || (await isOf(wanted, installed, context));
}

async function isOf({ version = '', operator }: Named, installed: string, context: ModuleContext): Promise<boolean> {
  return operator === '>=' ? context.fact(dpkgAtLeast(installed, version)) : versionMatches(installed, version);
}
