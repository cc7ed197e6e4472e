import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { StarsError } from '../errors.js';

export type FileKind = 'files' | 'templates' | 'vars';

export type ControllerFiles = {
  /** The path of a file by Ansible's search order, folders in `first` before all; undefined when there is none. */
  find(name: string, kind: FileKind, first?: readonly string[]): string | undefined;
  /** The text of a file, decrypted when it is vaulted. Throws TEMPLATE. */
  read(path: string): string;
  /** Paths that match a pattern with `*`, `?` and `[…]`, sorted. */
  glob(pattern: string, kind: FileKind): string[];
  home(): string;
};

const MAX_BYTES = 10_000_000;

/** As it stands: `files/../a` is there only if `files` is. */
export function candidate(folder: string, name: string): string {
  return isAbsolute(name) ? name : `${folder}/${name}`;
}

/** Reading on the machine Stars runs on, for lookups, includes and the fileglob filter. */
export function createControllerFiles({
  searchFolders = () => [process.cwd()],
  environment = {},
  vault,
  onRead,
}: {
  searchFolders?: (kind: FileKind) => readonly string[];
  environment?: Readonly<Record<string, string | undefined>>;
  vault?: ((text: string) => string) | undefined;
  onRead?: ((path: string) => void) | undefined;
}): ControllerFiles {
  const home = () => environment['HOME'] ?? homedir();

  function expanded(name: string): string {
    return name === '~' || name.startsWith('~/') ? home() + name.slice(1) : name;
  }

  function find(name: string, kind: FileKind, first: readonly string[] = []): string | undefined {
    const wanted = expanded(name);
    if (isAbsolute(wanted)) return existsSync(wanted) ? wanted : undefined;
    return [...first, ...searchFolders(kind)]
      .map((folder) => candidate(folder, wanted))
      .find((path) => existsSync(path));
  }

  function read(path: string): string {
    onRead?.(path);
    try {
      const { size } = statSync(path);
      if (size > MAX_BYTES) throw new StarsError('TEMPLATE', `The file ${path} is larger than ${MAX_BYTES} bytes.`);
      const text = readFileSync(path, 'utf8');
      return vault && text.startsWith('$ANSIBLE_VAULT;') ? vault(text) : text;
    } catch (cause) {
      if (cause instanceof StarsError) throw cause;
      throw new StarsError('TEMPLATE', `The file ${path} cannot be read.`, { cause });
    }
  }

  function glob(pattern: string, kind: FileKind): string[] {
    const wanted = expanded(pattern);
    if (isAbsolute(wanted)) return matches(wanted);
    for (const folder of searchFolders(kind)) {
      const found = matches(join(folder, wanted));
      if (found.length > 0) return found;
    }
    return [];
  }

  return { find, read, glob, home };
}

function matches(pattern: string): string[] {
  const folder = dirname(pattern);
  const name = globPattern(pattern.slice(folder === '/' ? 1 : folder.length + 1));
  const hidden = /(?:^|\/)\.[^/]*$/.test(pattern);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) =>
        name.test(entry.name) &&
        (hidden || !entry.name.startsWith('.')) &&
        statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isFile(),
    )
    .map((entry) => join(folder, entry.name))
    .sort();
}

function globPattern(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]]*\]|[^]/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1) return `[${part.slice(1, -1).replace(/^!/, '^').replace(/\\/g, '\\\\')}]`;
    return part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
