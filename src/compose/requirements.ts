import { readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import { type Position, StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { positionOf } from '../yaml/position.js';

/** A role to fetch with git. `version` is a tag, a branch or a commit; undefined means the repository's default branch. */
export type RoleRequirement = { name: string; src: string; version: string | undefined; where: Position | undefined };

export type Requirements = { roles: RoleRequirement[]; collections: string[] };

const DEEPEST_INCLUDE = 10;

/** Reads a requirements.yml in either form, with the files it includes. Throws CONFIG or SYNTAX with file and line. */
export async function readRequirements(file: string): Promise<Requirements> {
  const found = await readFileOf(file, { folder: dirname(file), open: [] });
  const names = new Set<string>();
  for (const { name, where } of found.roles) {
    if (names.has(name)) throw wrong(`Two roles are to be called ${name}.`, where, 'Give one of them another “name”.');
    names.add(name);
  }
  return found;
}

type Reading = { folder: string; open: readonly string[] };

async function readFileOf(file: string, { folder, open }: Reading): Promise<Requirements> {
  if (open.includes(file) || open.length >= DEEPEST_INCLUDE)
    throw wrong('The files of requirements include each other in a circle.', { file });
  const value = loadYaml(await textOf(file), { file });
  const inner = { folder, open: [...open, file] };
  if (value === null) return { roles: [], collections: [] };
  if (Array.isArray(value)) return rolesOf(value, file, inner);
  if (!(value instanceof Map))
    throw wrong('Requirements are a list of roles, or “roles:” and “collections:”.', { file });
  const roles = value.get('roles') ?? [];
  const collections = value.get('collections') ?? [];
  if (!Array.isArray(roles) || !Array.isArray(collections))
    throw wrong('“roles” and “collections” must be lists.', positionOf(value) ?? { file });
  const found = await rolesOf(roles, file, inner);
  return { ...found, collections: [...found.collections, ...collections.map(collectionName)] };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new StarsError('CONFIG', `There is no file ${file}.`, {
      hint: 'Write the roles into it, each as “- src: https://…/role.git”, “scm: git”, “version: …” and “name: …”.',
      cause,
    });
  }
}

async function rolesOf(entries: readonly Value[], file: string, reading: Reading): Promise<Requirements> {
  const found: Requirements = { roles: [], collections: [] };
  for (const entry of entries) {
    const included = entry instanceof Map ? entry.get('include') : undefined;
    if (typeof included === 'string') {
      const more = await readFileOf(inside(included, file, reading.folder), reading);
      found.roles.push(...more.roles);
      found.collections.push(...more.collections);
    } else found.roles.push(roleOf(entry, positionOf(entry) ?? positionOf(entries) ?? { file }));
  }
  return found;
}

function inside(name: string, from: string, folder: string): string {
  const path = resolve(dirname(from), name);
  const way = relative(folder, path);
  if (way.split('/')[0] === '..' || isAbsolute(way))
    throw wrong(`The included file ${name} is not one of the stack.`, { file: from });
  return path;
}

function roleOf(entry: Value, where: Position): RoleRequirement {
  const words = typeof entry === 'string' ? fromText(entry) : entry instanceof Map ? fromDict(entry, where) : undefined;
  if (!words) throw wrong('A role is a mapping with “src”.', where);
  const src = gitSource(words, where);
  const name = words.name ?? basename(src.replace(/\/+$/, '').replace(/^.*:/, '')).replace(/\.git$/, '');
  if (!/^[A-Za-z0-9]\w*([.-]\w+)*$/.test(name))
    throw wrong(
      `A role cannot be called “${name}”.`,
      where,
      'A name holds letters, digits, underscores, dots and dashes.',
    );
  const { version } = words;
  if (version !== undefined && !/^[\w][\w./+@-]*$/.test(version))
    throw wrong(`“${version}” is no version.`, where, 'Name a tag, a branch or a commit.');
  return { name, src, version, where };
}

type Words = { src: string; scm: string | undefined; version: string | undefined; name: string | undefined };

/** `src[,version[,name]]` */
function fromText(text: string): Words {
  const [src = '', version, name] = text.split(',').map((word) => word.trim());
  return { src, scm: undefined, version, name };
}

function fromDict(entry: Dict, where: Position): Words {
  const text = (key: string) => {
    const value = entry.get(key);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string') return value.trim();
    throw wrong(
      `“${key}” must be a text.`,
      where,
      'Put it in quotes: a version such as 1.10 would be read as a number.',
    );
  };
  const src = text('src') ?? text('role') ?? text('name');
  if (src === undefined) throw wrong('This role has no “src”.', where);
  return { src, scm: text('scm'), version: text('version'), name: text('name') };
}

/** The address for git. What ansible-galaxy would fetch elsewhere is refused with what to write instead. */
function gitSource({ src, scm }: Words, where: Position): string {
  const address = src.replace(/^git\+/, '');
  const isGit =
    scm === 'git' ||
    address !== src ||
    /\.git\/?$|^git@|^ssh:|^git:/.test(src) ||
    src.startsWith('https://github.com/');
  if (scm !== undefined && scm !== 'git') throw wrong(`Stars fetches roles with git, not with ${scm}.`, where);
  if (/\.(tar\.gz|tgz|zip)$/.test(src))
    throw wrong(`${src} is an archive; Stars fetches roles with git.`, where, AS_GIT);
  if (!isGit && !/:|\//.test(src))
    throw wrong(`${src} is a name on Ansible Galaxy, which Stars does not ask.`, where, AS_GIT);
  if (!isGit) throw wrong(`Stars cannot tell what to fetch from ${src}.`, where, AS_GIT);
  if (
    /^(https?|ssh|git|file):\/\/[^-\s]/.test(address) ||
    /^[\w.-]+@[\w.-]+:[^-\s]/.test(address) ||
    /^\/[^\s]*$/.test(address)
  )
    return address;
  throw wrong(
    `git is not asked to fetch “${address}”.`,
    where,
    'Write an address with https, ssh, git or file, or user@host:path.',
  );
}

const AS_GIT =
  'Write its repository: “src: https://github.com/<owner>/<role>.git”, “scm: git”, “version: <tag>”, “name: <role>”.';

function collectionName(entry: Value): string {
  const name = entry instanceof Map ? entry.get('name') : entry;
  return typeof name === 'string' ? name : '';
}

function wrong(message: string, where: Position | undefined, hint?: string): StarsError {
  return new StarsError('CONFIG', message, { ...(where ? { where } : {}), ...(hint ? { hint } : {}) });
}
