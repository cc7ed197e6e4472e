import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isAbsolute, relative, resolve } from 'node:path';
import { StarsError } from '../errors.js';
import type { Dict } from '../jinja/value.js';
import { didYouMean } from '../near-names.js';
import type { Redactor } from '../secret.js';
import { matchPattern, requirePattern, splitPattern, type HostMatch } from './host-pattern.js';
import { createInventoryChanges } from './inventory-changes.js';
import { createInventoryData, LOCAL_NAMES, type Group, type InventoryData } from './inventory-data.js';
import { readSource } from './read-source.js';
import { createVariableFolders, type VariableFolders, folderOf } from './variable-folders.js';
import { noVault, type Vault } from './vault.js';

export type { HostMatch } from './host-pattern.js';
export type { Group } from './inventory-data.js';

export type InventoryOptions = {
  /** Files, folders, or lists of hosts such as `a,b,`; a later one wins over an earlier one. */
  sources: readonly string[];
  /** Further folders with `group_vars` and `host_vars`, below those beside the sources. */
  variableFolders?: readonly string[];
  vault?: Vault | undefined;
  redactor?: Redactor | undefined;
  /** The folder that `@file` in a limit may name files of; without it such a limit is refused. */
  limitFolder?: string | undefined;
};

export type Inventory = {
  /** Every host, in Ansible's order. */
  readonly hosts: readonly string[];
  readonly groups: ReadonlyMap<string, Readonly<Group>>;
  /** What was skipped or looks wrong, each with its place. */
  readonly warnings: readonly string[];
  /** Hosts of the group and of the groups below it. */
  hostsOf(group: string): string[];
  /** Names of the host's groups without `all`, sorted: Ansible's `group_names`. */
  groupsOf(host: string): string[];
  /** Ansible's `groups`: every group's name to the list of its hosts' names. */
  groupsDict(): Dict;
  /**
   * The hosts of a play's pattern within a person's limit. An unknown name in the pattern is a warning; an unknown name in the
   * limit, or a limit that leaves no host of the inventory, throws UNKNOWN_HOST_PATTERN.
   */
  match(pattern: string | readonly string[], limit?: string): HostMatch;
  /** The hosts of a pattern that a person typed: at least one, else throws UNKNOWN_HOST_PATTERN with near names. */
  requireHosts(pattern: string | readonly string[]): string[];
  /**
   * The host's variables merged by Ansible's precedence, with `inventory_hostname`, `inventory_hostname_short`, `inventory_file`,
   * `inventory_dir` and `group_names`. `playbookDir` adds the `group_vars` and `host_vars` beside a playbook.
   */
  variablesOf(host: string, options?: { playbookDir?: string | undefined }): Dict;
  /** Adds a host, or groups and variables to one that is there; whether any of it was new. */
  addHost(name: string, more: { groups: readonly string[]; variables: Dict }): boolean;
  /** Puts a host into a group below its parents, all made where they are missing; whether any of it was new. */
  addToGroup(host: string, group: string, parents: readonly string[]): boolean;
};

/** Reads an inventory as Ansible does. Throws INVENTORY, SYNTAX or VAULT with file, line and what to do. */
export async function loadInventory(options: InventoryOptions): Promise<Inventory> {
  const { sources, redactor, vault = noVault } = options;
  const tools = { vault, redactor };
  const data = createInventoryData();
  for (const source of sources) readSource(source, data, tools);
  data.reconcile();
  const folders = [...(options.variableFolders ?? []), ...sources.flatMap((source) => folderOf(source) ?? [])];
  return createInventory(data, {
    ...options,
    folders: [...new Set(folders)],
    read: createVariableFolders(tools).variablesIn,
  });
}

type ReadVariables = VariableFolders['variablesIn'];

type Assembled = InventoryOptions & { folders: string[]; read: ReadVariables };

function createInventory(data: InventoryData, { limitFolder, folders, read }: Assembled): Inventory {
  const changes = createInventoryChanges(data);

  function match(pattern: string | readonly string[], limit?: string): HostMatch {
    const matched = matchPattern(pattern, data);
    if (limit === undefined) return matched;
    const allowed = new Set(requirePattern(limitParts(limit, limitFolder), data));
    return { ...matched, hosts: matched.hosts.filter((host) => allowed.has(host)) };
  }

  function groupsOf(host: string): string[] {
    const names = data.groupsOf(requireHost(host).name).map(({ name }) => name);
    return names.filter((name) => name !== 'all').sort(byName);
  }

  function groupsDict(): Dict {
    return new Map([...data.groups.keys()].map((name) => [name, data.hostsOf(name)]));
  }

  function variablesOf(host: string, { playbookDir }: { playbookDir?: string | undefined } = {}): Dict {
    const { name, variables } = requireHost(host);
    const groups = data
      .groupsOf(name)
      .filter((group) => group.name !== 'all')
      .sort(byPrecedence);
    const all = data.groups.get('all');
    const fromFolders = (kind: 'group_vars' | 'host_vars', names: string[], places: string[]): Dict[] =>
      places.flatMap((place) => names.map((entity) => read(place, kind, entity)));
    const names = groups.map((group) => group.name);
    const playbook = playbookDir === undefined ? [] : [playbookDir];
    return merge([
      all?.variables ?? new Map(),
      ...groups.map((group) => group.variables),
      ...fromFolders('group_vars', ['all'], folders),
      ...fromFolders('group_vars', ['all'], playbook),
      ...fromFolders('group_vars', names, folders),
      ...fromFolders('group_vars', names, playbook),
      variables,
      magicVariables(name, names.toSorted(byName)),
      ...fromFolders('host_vars', [name], folders),
      ...fromFolders('host_vars', [name], playbook),
    ]);
  }

  function requireHost(name: string): { name: string; variables: Dict } {
    const host = data.hosts.get(name);
    if (host) return host;
    if (LOCAL_NAMES.includes(name)) return { name, variables: implicitLocalVariables() };
    throw new StarsError('UNKNOWN_HOST_PATTERN', `No host is called ${name}.`, {
      hint: didYouMean(name, data.hostsOf('all')) ?? `The inventory has ${data.hosts.size} hosts.`,
    });
  }

  return {
    ...changes,
    get hosts() {
      return changes.hosts();
    },
    groups: data.groups,
    warnings: data.warnings,
    hostsOf: data.hostsOf,
    groupsOf,
    groupsDict,
    match,
    requireHosts: (pattern) => requirePattern(pattern, data),
    variablesOf,
  };
}

function merge(dicts: Dict[]): Dict {
  return new Map(dicts.flatMap((dict) => [...dict]));
}

/** `inventory_hostname_short`: an address is short as it is. */
function shortName(host: string): string {
  return isIP(host) > 0 ? host : (host.split('.')[0] ?? host);
}

function magicVariables(host: string, groupNames: string[]): Dict {
  return new Map<string, string | string[]>([
    ['inventory_hostname', host],
    ['inventory_hostname_short', shortName(host)],
    ['group_names', groupNames],
  ]);
}

function implicitLocalVariables(): Dict {
  return new Map([
    ['ansible_connection', 'local'],
    ['ansible_python_interpreter', '/usr/bin/python3'],
  ]);
}

function byPrecedence(a: Group, b: Group): number {
  return a.depth - b.depth || a.priority - b.priority || byName(a.name, b.name);
}

function byName(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The parts of a limit, with `@file` replaced by the lines of that file. */
function limitParts(limit: string, folder: string | undefined): string[] {
  return splitPattern(limit).flatMap((part) => (part.startsWith('@') ? readLimitFile(part.slice(1), folder) : [part]));
}

// A limit comes from a chat: it must not open files outside the folder meant for it.
function readLimitFile(name: string, folder: string | undefined): string[] {
  const path = folder === undefined ? undefined : resolve(folder, name);
  const inside = folder !== undefined && path !== undefined ? relative(folder, path) : '..';
  if (path === undefined || inside.startsWith('..') || isAbsolute(inside)) {
    throw new StarsError(
      'UNKNOWN_HOST_PATTERN',
      `The limit file ${name} is not in a folder that Stars reads limits from.`,
      {
        hint: 'Name the hosts in the limit itself, separated by commas.',
      },
    );
  }
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  } catch (cause) {
    throw new StarsError('UNKNOWN_HOST_PATTERN', `The limit file ${name} cannot be read.`, { cause });
  }
}
