import { compareText, fullName, matchesSpec, versionRelease } from '../packages/database.js';
import type { Package } from '../packages/package.js';
import { baseName } from '../kernel/path.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';

const LONG = {
  assumeyes: 'y',
  assumeno: 'N',
  quiet: 'q',
  enablerepo: 'E',
  disablerepo: 'D',
  'disable-repo': 'D',
  nogpgcheck: 'G',
  installroot: 'R',
  setopt: 'S',
  disableplugin: 'P',
  enableplugin: 'P',
  showduplicates: 'U',
  cacheonly: 'C',
  'skip-broken': 'G',
  noplugins: 'G',
  debuglevel: 'd',
  errorlevel: 'e',
  exclude: 'x',
  obsoletes: 'G',
  security: 'G',
  allowerasing: 'G',
  color: 'P',
  version: 'V',
  rpmverbosity: 'P',
  downloadonly: 'G',
  repo: 'E',
  releasever: 'S',
  config: 'c',
};

type Verb = (call: Call, specs: string[], quiet: boolean) => Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  install,
  localinstall: install,
  reinstall: install,
  remove,
  erase: remove,
  update,
  upgrade: update,
  downgrade: install,
  list,
  info,
  search: async (call, specs) => {
    const found = call.machine.packages.available.filter(({ name, summary }) =>
      specs.some((spec) => name.includes(spec) || summary.toLowerCase().includes(spec.toLowerCase())),
    );
    await call.print(found.map(({ name, arch, summary }) => `${name}.${arch} : ${summary}\n`).join(''));
    return 0;
  },
  provides: async (call, specs) => {
    const found = specs.map((spec) => call.machine.packages.offered(spec)).filter((pack) => pack !== undefined);
    await call.print(
      found.map((pack) => `${fullName(pack)} : ${pack.summary}\nRepo        : ${pack.repo}\n`).join('') ||
        'No matches found\n',
    );
    return 0;
  },
  'check-update': checkUpdate,
  clean: says('Cleaning repos: base extras updates\n'),
  makecache: says('Metadata Cache Created\n'),
  repolist: says(
    'repo id                 repo name                    status\nbase/7/x86_64           CentOS-7 - Base              10072\nextras/7/x86_64         CentOS-7 - Extras              526\nupdates/7/x86_64        CentOS-7 - Updates            6173\nrepolist: 16771\n',
  ),
  groupinstall: says('Complete!\n'),
  autoremove: says('No Packages marked for removal\n'),
  history: says('Loaded plugins: fastestmirror\n'),
  versionlock: says('versionlock done\n'),
};

/** install, remove, update, list, info, search, provides, check-update, clean, makecache, repolist of yum 3.4. */
export const yum: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'yNqvtCE:D:GR:S:P:Ud:e:x:Vc:b', long: LONG });
  if (options.has('V')) {
    await call.print('3.4.3\n');
    return 0;
  }
  const [verb, ...specs] = options.operands;
  if (verb === undefined) throw new UsageFault('You need to give some command');
  const action = VERBS[verb];
  if (!action) {
    await call.print(`No such command: ${verb}. Please use /usr/bin/yum --help\n`);
    return 1;
  }
  const changes = [
    'install',
    'localinstall',
    'remove',
    'erase',
    'update',
    'upgrade',
    'reinstall',
    'downgrade',
    'groupinstall',
    'autoremove',
  ].includes(verb);
  if (changes && call.user.uid !== 0) {
    await call.print('Loaded plugins: fastestmirror\nYou need to be root to perform this command.\n');
    return 1;
  }
  if (!options.has('q')) await call.print('Loaded plugins: fastestmirror\n');
  if (changes && !options.has('y') && !['update', 'upgrade'].includes(verb)) {
    await call.print('Is this ok [y/d/N]: Exiting on user command\n');
    return 1;
  }
  return action(call, specs, options.has('q'));
};

function says(text: string): Verb {
  return async (call) => {
    await call.print(text);
    return 0;
  };
}

async function install(call: Call, specs: string[], quiet: boolean): Promise<number> {
  const { packages } = call.machine;
  const wanted: Package[] = [];
  let found = 0;
  for (const spec of specs) {
    const name = specName(call, spec);
    const offered = packages.offered(name);
    const present = packages.find(name) ?? (offered && packages.find(offered.name));
    if (!offered && !present) {
      await call.print(`No package ${spec} available.\n`);
      continue;
    }
    found++;
    const same =
      present && (!offered || versionRelease(present) === versionRelease(offered) || matchesSpec(present, name));
    if (same) await call.print(`Package ${fullName(present)} already installed and latest version\n`);
    else if (offered) wanted.push(...packages.toInstall(offered).filter((pack) => !wanted.includes(pack)));
  }
  if (found === 0 && specs.length > 0) {
    await complainNothing(call);
    return 1;
  }
  if (wanted.length === 0) {
    await call.print('Nothing to do\n');
    return 0;
  }
  for (const pack of wanted) packages.install(pack);
  if (!quiet)
    await call.print(
      `Resolving Dependencies\nDependencies Resolved\n\nInstalling:\n${rows(wanted)}\nRunning transaction\n${wanted.map((pack, index) => `  Installing : ${fullName(pack)} ${index + 1}/${wanted.length}\n`).join('')}\n`,
    );
  await call.print(
    `\nInstalled:\n${wanted.map((pack) => `  ${pack.name}.${pack.arch} 0:${versionRelease(pack)}\n`).join('')}\nComplete!\n`,
  );
  return 0;
}

/** A local file or an address is known by its name. */
function specName(call: Call, spec: string): string {
  if (!spec.endsWith('.rpm')) return spec.startsWith('@') ? spec.slice(1) : spec;
  if (!/^https?:/.test(spec) && !call.find(spec)) return spec;
  const name = baseName(spec).replace(/\.rpm$/, '');
  return call.machine.packages.offered(name) ? name : (/^(.+?)-(?:latest|\d)/.exec(name)?.[1] ?? name);
}

function complainNothing(call: Call): Promise<void> {
  return call.proc.files.get(2)?.write(Buffer.from('Error: Nothing to do\n'), call.proc) ?? Promise.resolve();
}

function rows(packs: readonly Package[]): string {
  return packs.map((pack) => ` ${pack.name.padEnd(28)} ${pack.arch} ${versionRelease(pack)} ${pack.repo}\n`).join('');
}

async function remove(call: Call, specs: string[]): Promise<number> {
  const { packages } = call.machine;
  const removed = specs.flatMap((spec) => {
    const pack = packages.find(spec);
    return pack ? packages.remove(pack.name) : [];
  });
  for (const spec of specs)
    if (!removed.some((pack) => matchesSpec(pack, spec))) await call.print(`No Match for argument: ${spec}\n`);
  if (removed.length === 0) {
    await call.print('No Packages marked for removal\n');
    return 0;
  }
  await call.print(
    `\nRemoved:\n${removed.map((pack) => `  ${pack.name}.${pack.arch} 0:${versionRelease(pack)}\n`).join('')}\nComplete!\n`,
  );
  return 0;
}

/** What is newer in the repositories than on the host. */
function newer(call: Call, specs: readonly string[]): Package[] {
  const { packages } = call.machine;
  return packages.installed().flatMap((pack) => {
    if (specs.length > 0 && !specs.some((spec) => matchesSpec(pack, spec))) return [];
    const offered = packages.offered(pack.name);
    return offered &&
      offered.name === pack.name &&
      (compareText(offered.version, pack.version) || compareText(offered.release, pack.release)) > 0
      ? [offered]
      : [];
  });
}

async function update(call: Call, specs: string[]): Promise<number> {
  const names = specs.filter((spec) => spec !== '*');
  const updates = newer(call, names);
  for (const spec of names) if (!call.machine.packages.find(spec)) await call.print(`No Match for argument: ${spec}\n`);
  if (updates.length === 0) {
    await call.print('No packages marked for update\n');
    return 0;
  }
  for (const pack of updates) call.machine.packages.install(pack);
  await call.print(
    `\nUpdated:\n${updates.map((pack) => `  ${pack.name}.${pack.arch} 0:${versionRelease(pack)}\n`).join('')}\nComplete!\n`,
  );
  return 0;
}

async function checkUpdate(call: Call, specs: string[]): Promise<number> {
  const updates = newer(call, specs);
  await call.print(updates.length > 0 ? `\n${listed(updates)}` : '');
  return updates.length > 0 ? 100 : 0;
}

function listed(packs: readonly Package[], marker = ''): string {
  return packs
    .map(
      (pack) => `${`${pack.name}.${pack.arch}`.padEnd(40)} ${versionRelease(pack).padEnd(32)} ${marker}${pack.repo}\n`,
    )
    .join('');
}

async function list(call: Call, specs: string[]): Promise<number> {
  const { packages } = call.machine;
  const [kind, ...rest] = ['installed', 'available', 'updates', 'all', 'extras'].includes(specs[0] ?? '')
    ? specs
    : ['all', ...specs];
  const fits = (pack: Package) => rest.length === 0 || rest.some((spec) => matchesSpec(pack, spec));
  const installed = kind === 'installed' || kind === 'all' ? packages.installed().filter(fits) : [];
  const available =
    kind === 'available' || kind === 'all'
      ? packages.available.filter((pack) => fits(pack) && !packages.find(`${pack.name}-${versionRelease(pack)}`))
      : [];
  const updates = kind === 'updates' ? newer(call, rest) : [];
  const sections = [
    ['Installed Packages', installed, '@'],
    ['Available Packages', available, ''],
    ['Updated Packages', updates, ''],
  ] as const;
  for (const [title, packs, marker] of sections)
    if (packs.length > 0) await call.print(`${title}\n${listed(packs, marker)}`);
  if (installed.length + available.length + updates.length > 0 || rest.length === 0) return 0;
  await call.proc.files.get(2)?.write(Buffer.from('Error: No matching Packages to list\n'), call.proc);
  return 1;
}

async function info(call: Call, specs: string[]): Promise<number> {
  const { packages } = call.machine;
  const found = specs.map((spec) => packages.find(spec) ?? packages.offered(spec)).filter((pack) => pack !== undefined);
  await call.print(
    found
      .map(
        (pack) =>
          `Name        : ${pack.name}\nArch        : ${pack.arch}\nVersion     : ${pack.version}\nRelease     : ${pack.release}\nRepo        : ${packages.find(pack.name) ? 'installed' : pack.repo}\nSummary     : ${pack.summary}\n\n`,
      )
      .join(''),
  );
  if (found.length > 0) return 0;
  await call.proc.files.get(2)?.write(Buffer.from('Error: No matching Packages to list\n'), call.proc);
  return 1;
}
