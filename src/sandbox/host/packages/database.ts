import type { FileSystem } from '../fs/file-system.js';
import { putFile } from '../fs/base-tree.js';
import { ROOT } from '../fs/inode.js';
import type { Clock } from '../../../clock.js';
import { addAccount } from '../accounts.js';
import type { Users } from '../users.js';
import { MAGIC } from '../kernel/magic.js';
import { compilePattern, matchesPattern } from '../shell/pattern.js';
import { BASE_PACKAGES, REPOSITORY } from './repository.js';
import type { Package, PackageFile } from './package.js';

export type InstalledPackage = Package & { installedAt: Date };

/** What is installed on a host and what its repositories offer. */
export class PackageDatabase {
  readonly #installed = new Map<string, InstalledPackage>();

  constructor(
    readonly fs: FileSystem,
    readonly users: Users,
    readonly clock: Clock,
    readonly available: readonly Package[] = REPOSITORY,
  ) {
    for (const pack of BASE_PACKAGES) this.#installed.set(pack.name, { ...pack, installedAt: clock.now() });
  }

  installed(): InstalledPackage[] {
    return [...this.#installed.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The installed package of this name, or with version (and release, and architecture) as `rpm -q` takes it. */
  find(spec: string): InstalledPackage | undefined {
    return this.installed().find((pack) => matchesSpec(pack, spec));
  }

  /** The newest offered package that fits, or the one that provides this path or name. */
  offered(spec: string): Package | undefined {
    const fitting = this.available.filter(
      (pack) =>
        matchesSpec(pack, spec) || pack.provides?.includes(spec) || pack.files.some(({ path }) => path === spec),
    );
    return fitting.toSorted(compareVersions).at(-1);
  }

  /** The package and all it needs that is not there yet, needed ones first. */
  toInstall(pack: Package, seen = new Set<string>()): Package[] {
    if (seen.has(pack.name)) return [];
    seen.add(pack.name);
    const needed = (pack.requires ?? [])
      .filter((name) => !this.find(name))
      .flatMap((name) => {
        const found = this.offered(name);
        return found ? this.toInstall(found, seen) : [];
      });
    return [...needed, pack];
  }

  install(pack: Package): void {
    const before = this.#installed.get(pack.name);
    for (const account of pack.users ?? []) addAccount(this.users, account);
    for (const file of pack.files) this.#place(file, before !== undefined);
    this.#installed.set(pack.name, { ...pack, installedAt: this.clock.now() });
  }

  /** Removes the package; those that need it go with it. Returns what went. */
  remove(name: string): InstalledPackage[] {
    const pack = this.#installed.get(name);
    if (!pack) return [];
    this.#installed.delete(name);
    const dependents = this.installed()
      .filter(({ requires }) => requires?.includes(name))
      .flatMap((other) => this.remove(other.name));
    for (const { path, kind } of pack.files.toReversed()) this.#delete(path, kind);
    return [...dependents, pack];
  }

  dependents(name: string): InstalledPackage[] {
    return this.installed().filter(({ requires }) => requires?.includes(name));
  }

  owner(path: string): InstalledPackage | undefined {
    return this.installed().find(({ files }) => files.some((file) => file.path === path));
  }

  #place({ path, kind, text = '', mode, owner, program }: PackageFile, upgrade: boolean): void {
    makeFolders(this.fs, path);
    const existing = this.fs.find(path, ROOT, false);
    if (kind === 'folder') {
      if (!existing) this.fs.mkdir(path, mode ?? 0o755, ROOT);
    } else if (kind === 'link') {
      if (!existing) this.fs.symlink(text, path, ROOT);
    } else if (kind === 'config' && existing && upgrade) return;
    else if (kind === 'config' && existing) putFile(this.fs, `${path}.rpmnew`, text, mode ?? 0o644);
    else putFile(this.fs, path, program ? `${MAGIC}${program}\n` : text, mode ?? (program ? 0o755 : 0o644));
    const account = owner ? this.users.find(owner) : undefined;
    const node = this.fs.find(path, ROOT, false);
    if (account && node) this.fs.chown(node, account.uid, account.gid, ROOT);
  }

  #delete(path: string, kind: PackageFile['kind']): void {
    const node = this.fs.find(path, ROOT, false);
    if (!node) return;
    if (node.kind !== 'dir') return this.fs.unlink(path, ROOT);
    if (kind === 'folder' && node.entries.size === 0) this.fs.rmdir(path, ROOT);
  }
}

function makeFolders(fs: FileSystem, path: string): void {
  const parts = path.split('/').slice(1, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = `/${parts.slice(0, depth).join('/')}`;
    if (!fs.find(folder)) fs.mkdir(folder, 0o755, ROOT);
  }
}

export function versionRelease({ version, release }: Package): string {
  return `${version}-${release}`;
}

/** `name-version-release.arch` */
export function fullName(pack: Package): string {
  return `${pack.name}-${versionRelease(pack)}.${pack.arch}`;
}

export function matchesSpec(pack: Package, spec: string): boolean {
  const { name, version, arch, release } = pack;
  const forms = [name, `${name}.${arch}`, `${name}-${version}`, `${name}-${version}-${release}`, fullName(pack)];
  if (!/[*?[]/.test(spec)) return forms.includes(spec.replace(/-\d+:/, '-'));
  const pattern = compilePattern(spec);
  return forms.some((form) => matchesPattern(pattern, form));
}

function compareVersions(a: Package, b: Package): number {
  return compareText(a.version, b.version) || compareText(a.release, b.release);
}

/** As rpm compares: runs of digits as numbers, letters as text. */
export function compareText(a: string, b: string): number {
  const left = a.match(/\d+|[A-Za-z]+/g) ?? [];
  const right = b.match(/\d+|[A-Za-z]+/g) ?? [];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const x = left[at];
    const y = right[at];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const numeric = /^\d/.test(x) && /^\d/.test(y);
    const order = numeric ? Number(x) - Number(y) : x < y ? -1 : Number(x > y);
    if (order !== 0) return order;
  }
  return 0;
}
