import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { StarsError } from '../errors.js';
import { didYouMean } from '../near-names.js';
import { loadYaml } from '../yaml/load-yaml.js';

export type TargetKind = 'playbook' | 'role' | 'app' | 'job';

/**
 * Something of the stack that can be deployed. `name` is a file's or role's name; `ids` are an app's ids, a job's names, or how else a
 * playbook is called.
 */
export type Target = { kind: TargetKind; name: string; path: string; ids: string[] };

const KINDS: readonly TargetKind[] = ['playbook', 'role', 'app', 'job'];

/** Everything in a stack that can be deployed, sorted by name within its kind; a folder that does not exist holds nothing. */
export async function stackTargets(stackFolder: string): Promise<Target[]> {
  const [playbooks, below, roles, apps, jobs] = await Promise.all([
    playbooksIn(stackFolder),
    playbooksIn(join(stackFolder, PLAYBOOKS)),
    rolesIn(join(stackFolder, 'roles')),
    definitionsIn(join(stackFolder, 'conf', 'marathon'), 'app', 'id'),
    definitionsIn(join(stackFolder, 'conf', 'chronos'), 'job', 'name'),
  ]);
  const taken = new Set(playbooks.map(({ name }) => name));
  return [...playbooks, ...below.map((target) => fromBelow(target, taken)), ...roles, ...apps, ...jobs];
}

/** Where many projects have their playbooks. */
const PLAYBOOKS = 'playbooks';

/** Called by its name alone, unless one in the stack itself has that name, or by its path. */
function fromBelow(target: Target, taken: ReadonlySet<string>): Target {
  const path = `${PLAYBOOKS}/${target.name}`;
  return {
    ...target,
    name: taken.has(target.name) ? path : target.name,
    ids: [path, `${PLAYBOOKS}/${basename(target.path)}`],
  };
}

/**
 * The target that a person named: a playbook or an app by its name, the others as `role:NAME` and `job:NAME`; a playbook goes
 * before an app of the same name, `app:NAME` says otherwise. Throws UNKNOWN_TARGET with near names or a list.
 */
export async function resolveTarget(text: string, targets: readonly Target[], stackFolder?: string): Promise<Target> {
  const [, prefix, name = ''] = /^(?:(playbook|role|app|job):)?(.*)$/s.exec(text) ?? [];
  const kinds = prefix === undefined ? (['playbook', 'app'] as const) : KINDS.filter((kind) => kind === prefix);
  for (const kind of kinds) {
    const found = targets.find((target) => target.kind === kind && isCalled(target, name));
    if (found) return found;
  }
  const link = stackFolder && kinds.includes('playbook') ? linkToNowhere(name, stackFolder) : undefined;
  if (link) throw danglingLink(link);
  const file = stackFolder && fileCalled(name, stackFolder);
  if (file && kinds.includes('playbook')) throw noPlaybook(file);
  const below = stackFolder && kinds.includes('playbook') ? await fileBelow(name, stackFolder) : undefined;
  if (below?.startsWith(`${PLAYBOOKS}/`)) throw noPlaybook(join(stackFolder ?? '', below));
  if (below) throw tooDeep(text, below);
  throw unknownTarget(text, name, targets);
}

/** A YAML file of that name which is no playbook. */
function fileCalled(name: string, stackFolder: string): string | undefined {
  return filesCalled(name, stackFolder).find((file) => existsSync(file));
}

function linkToNowhere(name: string, stackFolder: string): string | undefined {
  return filesCalled(name, stackFolder).find(
    (file) => !existsSync(file) && lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink(),
  );
}

function danglingLink(file: string): StarsError {
  return new StarsError('PLAYBOOK', `This playbook is a symbolic link that leads nowhere: ${readlinkSync(file)}.`, {
    where: { file },
    hint: 'Point the link at the playbook, or put the playbook in its place.',
  });
}

function filesCalled(name: string, stackFolder: string): string[] {
  if (!/^[\w.-]+$/.test(name)) return [];
  return ['', '.yml', '.yaml']
    .map((ending) => join(stackFolder, name + ending))
    .filter((file) => /\.ya?ml$/.test(file));
}

/** The path of a YAML file of that name one folder below the stack's. */
async function fileBelow(name: string, stackFolder: string): Promise<string | undefined> {
  if (!/^[\w.-]+(?:\/[\w.-]+)?$/.test(name) || name.includes('..')) return undefined;
  const folders = name.includes('/') ? [''] : await foldersIn(stackFolder);
  return folders
    .flatMap((folder) => ['', '.yml', '.yaml'].map((ending) => join(folder, name + ending)))
    .find((path) => /\.ya?ml$/.test(path) && existsSync(join(stackFolder, path)));
}

const MOST_FOLDERS = 100;

async function foldersIn(stackFolder: string): Promise<string[]> {
  const names = (await entriesIn(stackFolder)).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names
    .filter((name) => !/^(\.|roles$|group_vars$|host_vars$|templates$|files$)/.test(name))
    .slice(0, MOST_FOLDERS);
}

function tooDeep(text: string, path: string): StarsError {
  return new StarsError('UNKNOWN_TARGET', `There is no playbook or app called ${text}.`, {
    hint: `${path} stands one folder too deep: only playbooks in the stack itself and in its folder ${PLAYBOOKS} can be deployed. Write one there with “- import_playbook: ${path}”.`,
  });
}

function noPlaybook(file: string): StarsError {
  return new StarsError('PLAYBOOK', 'This file is no playbook: it holds no list of plays.', {
    where: { file, line: 1 },
    hint: 'A playbook is a list of plays, each starting with “- hosts: <group>”.',
  });
}

function isCalled({ kind, name, path, ids }: Target, wanted: string): boolean {
  if (wanted === name || wanted === basename(path)) return true;
  if (kind === 'app') return ids.some((id) => withoutSlash(id) === withoutSlash(wanted));
  return ids.includes(wanted);
}

function withoutSlash(id: string): string {
  return id.replace(/^\//, '');
}

async function playbooksIn(folder: string): Promise<Target[]> {
  const files = (await filesIn(folder)).filter(
    (file) => /\.ya?ml$/.test(file) && !basename(file).startsWith('requirements.'),
  );
  const targets: Target[] = [];
  for (const path of files) if (await isPlaybook(path)) targets.push(targetOf('playbook', path, []));
  return targets;
}

/**
 * A list of plays. What looks like one and is no YAML counts too: deploying it then says what is wrong with it. Only what may be
 * either is parsed, since that takes longer than many a command: not what begins as plays do, nor variables that somebody keeps there.
 */
async function isPlaybook(path: string): Promise<boolean> {
  try {
    const about = await stat(path);
    if (!about.isFile() || about.size > LARGEST_PLAYBOOK) return false;
    const text = await readFile(path, 'utf8');
    if (PLAIN_PLAYBOOK.test(text)) return true;
    if (PLAIN_MAPPING.test(text) || !PLAY_KEY.test(text.replaceAll('\0', ''))) return false;
    const plays = loadYaml(text, { file: path });
    return Array.isArray(plays) && plays.some((play) => play instanceof Map && PLAY_KEYS.some((key) => play.has(key)));
  } catch (error) {
    return error instanceof StarsError;
  }
}

const PLAIN_PLAYBOOK = /^(?:[ \t]*(?:#.*|---[ \t]*)?\n)*- (?:name: .*\n {2})?(?:hosts|import_playbook): /;
const LARGEST_PLAYBOOK = 4 * 1024 * 1024;
const PLAIN_MAPPING = /^(?:[ \t]*(?:#.*|---[ \t]*)?\n)*[\w.-]+:(?:\s|$)/;
const PLAY_KEY = /\b(?:hosts|import_playbook|include|(?:pre_|post_)?tasks|roles)["']?[ \t]*:/;
/** A play that forgot its hosts is told so when it is deployed. */
const PLAY_KEYS = [
  'hosts',
  'import_playbook',
  'ansible.builtin.import_playbook',
  'ansible.legacy.import_playbook',
  'include',
  'tasks',
  'roles',
];

async function rolesIn(folder: string): Promise<Target[]> {
  const entries = await entriesIn(folder);
  const roles = entries.filter(
    (entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'),
  );
  return roles.map(({ name }) => ({ kind: 'role' as const, name, path: join(folder, name), ids: [] })).sort(byName);
}

async function definitionsIn(folder: string, kind: 'app' | 'job', key: 'id' | 'name'): Promise<Target[]> {
  const files = (await filesIn(folder)).filter((file) => file.endsWith('.json'));
  return Promise.all(files.map(async (path) => targetOf(kind, path, await idsIn(path, key))));
}

/** The ids in a definition, one or a list of them; none when it cannot be read, which deploying it then says. */
async function idsIn(path: string, key: 'id' | 'name'): Promise<string[]> {
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    return [content].flat().flatMap((definition: unknown) => {
      const id: unknown =
        typeof definition === 'object' && definition !== null
          ? (definition as Record<string, unknown>)[key]
          : undefined;
      return typeof id === 'string' ? [id] : [];
    });
  } catch {
    return [];
  }
}

function targetOf(kind: TargetKind, path: string, ids: string[]): Target {
  return { kind, name: basename(path, extname(path)), path, ids };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await entriesIn(folder);
  const names = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  return names.sort().map((name) => join(folder, name));
}

async function entriesIn(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function byName(a: Target, b: Target): number {
  return a.name.localeCompare(b.name);
}

function unknownTarget(text: string, name: string, targets: readonly Target[]): StarsError {
  const words = targets.flatMap(wordsFor);
  const elsewhere = targets
    .filter((target) => isCalled(target, name))
    .map(({ kind, name: found }) => `${kind}:${found}`);
  const hint =
    elsewhere.length > 0 ? `Did you mean ${elsewhere.join(' or ')}?` : (didYouMean(text, words) ?? overview(targets));
  const prefix = /^(playbook|role|app|job):/.exec(text)?.[1];
  const what = prefix === undefined ? `playbook or app called ${text}` : `${prefix} called ${name}`;
  return new StarsError('UNKNOWN_TARGET', `There is no ${what}.`, { hint });
}

/** What a person can type for it. */
function wordsFor({ kind, name, ids }: Target): string[] {
  if (kind === 'playbook') return [name];
  return kind === 'app' ? [name, ...ids] : [`${kind}:${name}`, ...ids.map((id) => `${kind}:${id}`)];
}

function overview(targets: readonly Target[]): string {
  const lines = KINDS.flatMap((kind) => {
    const names = targets.filter((target) => target.kind === kind).map(({ name }) => name);
    return names.length === 0 ? [] : [`${kind}s: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`];
  });
  return lines.length === 0 ? 'The stack is empty: put playbooks and roles into it.' : lines.join('; ');
}
