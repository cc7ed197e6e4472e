import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { type Position, StarsError } from '../errors.js';
import { variablesFilesBelow } from '../inventory/variable-folders.js';
import type { Dict, Value } from '../jinja/value.js';
import { nearNames } from '../near-names.js';
import { loadYaml } from '../yaml/load-yaml.js';
import { positionOf } from '../yaml/position.js';
import { isTrue } from './task-result.js';
import type { ReadVariables } from './variables-reader.js';
import { isFile, isFolder } from '../path-kind.js';

/** A role's folder with what its files say, nothing templated; `tasks` and `handlers` are still YAML. */
export type Role = {
  name: string;
  path: string;
  /** The same without links, as variables tell it. */
  realPath: string;
  defaults: Dict;
  vars: Dict;
  tasks: { file: string; value: Value };
  handlers: { file: string; value: Value };
  /** Entries of `dependencies` in meta/main.yml. */
  dependencies: Value[];
  allowDuplicates: boolean;
  /** What its entry points take, by their names. */
  argumentSpecs: Dict;
};

/** The hosts on which a role of a play ran and was through: it does not run `again` on a host, unless whoever used it last lets it. */
export type RoleUse = { name: string; again: boolean; ran: Set<string>; completed: Set<string> };

export type RoleParts = { tasks?: string; handlers?: string; vars?: string; defaults?: string };

const EXTENSIONS = ['.yml', '.yaml', '.json'];

/** The folder of a role by name or path: `roles/` beside the playbook first; PLAYBOOK names where it was looked for. */
export function findRole(name: string, folders: readonly string[], where: Position | undefined): string {
  const candidates = isAbsolute(name) ? [name] : folders.map((folder) => resolve(folder, name));
  const found = candidates.find(isFolder);
  if (found) return found;
  const link = candidates.find((candidate) => lstatSync(candidate, { throwIfNoEntry: false })?.isSymbolicLink());
  if (link) throw danglingLink(name, link, where);
  const known = folders.flatMap(foldersIn);
  const near = nearNames(name, known);
  const ofCollection =
    /^\w+\.\w+\.\w+$/.test(name) && near.length === 0
      ? 'It is a role of a collection, which Stars does not read: put it, or a link to it, under this name into roles. '
      : '';
  throw new StarsError('PLAYBOOK', `The role ${name} was not found.`, {
    hint: `${ofCollection}${near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : ''}It was looked for in ${[...new Set(folders)].join(', ')}.`,
    ...(where ? { where } : {}),
  });
}

/** Without files: beside a playbook other playbooks stand. */
function foldersIn(folder: string): string[] {
  if (!isFolder(folder)) return [];
  return readdirSync(folder).filter((name) => isFolder(join(folder, name)));
}

function danglingLink(name: string, link: string, where: Position | undefined): StarsError {
  const leads = existsSync(link) ? 'to no folder' : 'nowhere';
  return new StarsError('PLAYBOOK', `The role ${name} is a symbolic link that leads ${leads}: ${readlinkSync(link)}.`, {
    hint: `Point ${link} at the folder of the role, or put the role in its place.`,
    ...(where ? { where } : {}),
  });
}

type Read = (file: string) => Value;

type Reading = { decrypt(text: string, file: string): string; readVariables: ReadVariables };

/** Reads a role; each part is `main` unless `parts` names another file. What is missing is told at the place that asks for it. */
export function loadRole(
  name: string,
  path: string,
  { parts = {}, where }: { parts?: RoleParts | undefined; where?: Position | undefined },
  { decrypt, readVariables }: Reading,
): Role {
  const read: Read = (file) => loadYaml(decrypt(readFileSync(file, 'utf8'), file), { file });
  const meta = asDict(loadPart(path, 'meta', 'main', { read }));
  const dependencies = meta?.get('dependencies') ?? [];
  return {
    name,
    path,
    realPath: realpathSync(path),
    defaults:
      asDict(loadVariables(path, 'defaults', parts.defaults ?? 'main', { read: readVariables, where })) ?? new Map(),
    vars: asDict(loadVariables(path, 'vars', parts.vars ?? 'main', { read: readVariables, where })) ?? new Map(),
    tasks: loadPart(path, 'tasks', parts.tasks ?? 'main', { read, where }),
    handlers: loadPart(path, 'handlers', parts.handlers ?? 'main', { read, where }),
    dependencies: Array.isArray(dependencies) ? dependencies : [],
    allowDuplicates: isTrue(meta?.get('allow_duplicates')),
    argumentSpecs: specsOf(path, meta, read),
  };
}

/** `argument_specs` of a file of its own, or of meta/main.yml. */
function specsOf(path: string, meta: Dict | undefined, read: Read): Dict {
  const own = asDict(loadPart(path, 'meta', 'argument_specs', { read, optional: true }));
  const specs = (own ?? meta)?.get('argument_specs');
  return specs instanceof Map ? specs : new Map();
}

function loadPart(
  path: string,
  folder: string,
  name: string,
  { read, where, optional = name === 'main' }: PartReading & { optional?: boolean },
): { file: string; value: Value } {
  const file = candidatesOf(join(path, folder), name).find(isFile);
  if (file) return { file, value: read(file) };
  if (!optional) throw missingPart(path, folder, name, where);
  return { file: join(path, folder, 'main.yml'), value: null };
}

type PartReading = { read: Read; where?: Position | undefined };

function missingPart(path: string, folder: string, name: string, where: Position | undefined): StarsError {
  const file = EXTENSIONS.some((extension) => name.endsWith(extension)) ? name : `${name}.yml`;
  const near = nearNames(file, filesIn(join(path, folder)));
  return new StarsError('PLAYBOOK', `The role ${basename(path)} has no file ${folder}/${file}.`, {
    hint: `${near.length > 0 ? `Did you mean ${near.join(' or ')}? ` : ''}It was looked for in ${join(path, folder)}.`,
    where: where ?? { file: path },
  });
}

function filesIn(folder: string): string[] {
  return isFolder(folder) ? readdirSync(folder).filter((name) => isFile(join(folder, name))) : [];
}

/** A name as it stands goes before those with an ending, but for `main`. */
function candidatesOf(folder: string, name: string): string[] {
  const endings = name === 'main' ? [...EXTENSIONS, ''] : ['', ...EXTENSIONS];
  return endings.map((ending) => join(folder, name + ending));
}

/** `main.yml`, or a folder `main/` whose files are merged. */
function loadVariables(
  path: string,
  folder: string,
  name: string,
  { read, where }: PartReading,
): { file: string; value: Value } {
  const directory = candidatesOf(join(path, folder), name).find((candidate) => existsSync(candidate));
  if (directory === undefined || !isFolder(directory)) return loadPart(path, folder, name, { read, where });
  const merged: Dict = new Map();
  for (const file of variablesFilesBelow(directory)) {
    for (const [key, value] of asDict({ file, value: read(file) }) ?? []) merged.set(key, value);
  }
  return { file: directory, value: merged };
}

function asDict({ file, value }: { file: string; value: Value }): Dict | undefined {
  if (value === null) return undefined;
  if (value instanceof Map) return value;
  throw new StarsError('PLAYBOOK', 'This file must hold a mapping of names to values.', {
    where: positionOf(value) ?? { file },
  });
}
