import type { FileSystem } from '../fs/file-system.js';
import { fileBytes, ROOT } from '../fs/inode.js';

export const UNIT_FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system'];

/** A unit as it stands on disk: its settings with drop-ins applied. */
export type UnitFile = {
  name: string;
  path: string;
  dropIns: string[];
  masked: boolean;
  /** Values by `Section.Key`; an empty assignment clears what came before. */
  settings: Map<string, string[]>;
  /** Differs when any of the files does. */
  fingerprint: string;
};

/** `x` as `x.service`. */
export function unitName(text: string): string {
  return /\.(service|target|socket|timer|mount|path|slice|scope|device|swap)$/.test(text) ? text : `${text}.service`;
}

/** Reads a unit; undefined when there is none. */
export function readUnit(fs: FileSystem, name: string): UnitFile | undefined {
  const path = unitPath(fs, name);
  if (path === undefined) return undefined;
  const masked = isMasked(fs, path);
  const settings = new Map<string, string[]>();
  const dropIns = dropInPaths(fs, name);
  const texts = (masked ? [] : [path, ...dropIns]).map((file) => textOf(fs, file));
  for (const text of texts) addSettings(settings, text);
  return {
    name,
    path,
    dropIns,
    masked,
    settings: withInstance(settings, name),
    fingerprint: [path, ...dropIns, ...texts].join('\0'),
  };
}

function unitPath(fs: FileSystem, name: string): string | undefined {
  const template = name.replace(/@[^.]+\./, '@.');
  const names = template === name ? [name] : [name, template];
  const candidates = names.flatMap((candidate) => UNIT_FOLDERS.map((folder) => `${folder}/${candidate}`));
  return candidates.find((path) => isMasked(fs, path) || fs.find(path)?.kind === 'file');
}

function isMasked(fs: FileSystem, path: string): boolean {
  const node = fs.find(path, ROOT, false);
  return (node?.kind === 'symlink' && node.target === '/dev/null') || (node?.kind === 'file' && node.size === 0);
}

function dropInPaths(fs: FileSystem, name: string): string[] {
  const byName = new Map<string, string>();
  for (const folder of UNIT_FOLDERS.toReversed()) {
    const dir = fs.find(`${folder}/${name}.d`);
    if (dir?.kind !== 'dir') continue;
    for (const file of fs.names(dir)) if (file.endsWith('.conf')) byName.set(file, `${folder}/${name}.d/${file}`);
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

function textOf(fs: FileSystem, path: string): string {
  const node = fs.find(path);
  return node?.kind === 'file' ? fileBytes(node).toString('latin1') : '';
}

function addSettings(settings: Map<string, string[]>, text: string): void {
  let section = '';
  for (const raw of text.replace(/\\\n/g, ' ').split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const header = /^\[(.+)\]$/.exec(line);
    if (header) {
      section = header[1] as string;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    const key = `${section}.${line.slice(0, equals).trim()}`;
    const value = line.slice(equals + 1).trim();
    settings.set(key, value === '' ? [] : [...(settings.get(key) ?? []), value]);
  }
}

function withInstance(settings: Map<string, string[]>, name: string): Map<string, string[]> {
  const instance = /@([^.]*)\./.exec(name)?.[1] ?? '';
  const prefix = name.replace(/[@.].*$/, '');
  const replaced = (value: string) =>
    value.replace(
      /%([iInNpHu%])/g,
      (_, letter: string) =>
        ({ i: instance, I: instance, n: name, N: name.replace(/\.\w+$/, ''), p: prefix, '%': '%' })[letter] ?? '',
    );
  return new Map([...settings].map(([key, values]) => [key, values.map(replaced)]));
}

export function setting(unit: UnitFile, key: string): string | undefined {
  return unit.settings.get(key)?.at(-1);
}

export function settings(unit: UnitFile, key: string): string[] {
  return unit.settings.get(key) ?? [];
}

/** `5`, `5s`, `2min`, `500ms` in milliseconds. */
export function durationMs(text: string | undefined, fallbackMs: number): number {
  const found = /^(\d+(?:\.\d+)?)\s*(ms|s|sec|min|m|h)?$/.exec(text ?? '');
  if (!found) return fallbackMs;
  const scale = { ms: 1, s: 1000, sec: 1000, min: 60_000, m: 60_000, h: 3_600_000 }[found[2] ?? 's'] ?? 1000;
  return Number(found[1]) * scale;
}

/** A command line of a unit as words, with `$NAME` and `${NAME}` from the environment. */
export function commandWords(
  line: string,
  environment: ReadonlyMap<string, string>,
): { argv: string[]; ignoreFailure: boolean } {
  const prefix = /^[-@+!:]*/.exec(line)?.[0] ?? '';
  const argv: string[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g;
  for (const found of line.slice(prefix.length).matchAll(pattern)) {
    const bare = found[3];
    const whole = /^\$(\w+)$/.exec(bare ?? '');
    // `$NAME` alone is split into words, anything else stays one.
    if (whole) argv.push(...(environment.get(whole[1] as string) ?? '').split(/\s+/).filter(Boolean));
    else
      argv.push(
        (found[1]?.replace(/\\(.)/g, '$1') ?? found[2] ?? bare ?? '')
          .replace(/\$\{(\w+)\}/g, (_, name: string) => environment.get(name) ?? '')
          .replaceAll('$$', '$'),
      );
  }
  return { argv, ignoreFailure: prefix.includes('-') };
}
