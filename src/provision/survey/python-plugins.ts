import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { MissingName } from '../../errors.js';

// A module of a project may have a plugin for its part on the controller beside it, or instead of it.
const FOLDERS: Readonly<Record<MissingName['kind'], readonly string[]>> = {
  filter: ['filter_plugins', 'plugins/filter'],
  test: ['test_plugins', 'filter_plugins', 'plugins/test'],
  lookup: ['lookup_plugins', 'plugins/lookup'],
  module: ['library', 'action_plugins', 'plugins/modules', 'plugins/action'],
};

const MOST_FILES = 500;
const MOST_BYTES = 1_000_000;

/** Finds the file in which a project defines a filter, test, lookup or module; `folders` are those of playbooks and of roles. */
export function createPythonPlugins(folders: () => readonly string[]) {
  const known = new Map<string, string | undefined>();

  return ({ kind, name }: MissingName): string | undefined => {
    const key = `${kind} ${name}`;
    if (!known.has(key)) known.set(key, find(kind, name.split('.').at(-1) ?? name));
    return known.get(key);
  };

  function find(kind: MissingName['kind'], name: string): string | undefined {
    const files = folders()
      .flatMap((folder) => FOLDERS[kind].map((inner) => join(folder, inner)))
      .flatMap(filesIn)
      .slice(0, MOST_FILES);
    const named = files.find((file) => basename(file).replace(/\.\w+$/, '') === name);
    // A file of filters or tests holds many, under names of their own.
    if (named !== undefined || kind === 'lookup' || kind === 'module') return named;
    return files.find((file) => textOf(file).includes(`'${name}'`) || textOf(file).includes(`"${name}"`));
  }
}

/** The folders of a project in which Ansible looks for plugins: beside playbooks and in roles. */
export function pluginFolders(playbookFolder: string, stackFolder: string): string[] {
  const places = [...new Set([playbookFolder, stackFolder])];
  const roles = [...new Set(places.map((place) => join(place, 'roles')))];
  return [...places, ...roles.flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))];
}

function filesIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => !/^(__init__\.py|\..*|.*\.pyc|README.*)$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return statSync(file).size > MOST_BYTES ? '' : readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
