import { dirname } from 'node:path';
import type { Inventory } from '../inventory/inventory.js';
import { LazyDict } from '../jinja/lazy-dict.js';
import type { Dict, Value } from '../jinja/value.js';
import { createTemplar, type Templar } from '../templating/templar.js';
import { OMIT } from '../templating/omit.js';
import type { HostRun } from './host-run.js';
import type { Play } from './playbook.js';
import type { Role } from './role.js';
import type { Task } from './task.js';
import type { VarsFiles } from './vars-files.js';

/** What all variables of one run share. */
export type VariableWorld = {
  inventory: Inventory;
  /** Every group's name to the names of its hosts. */
  groups: Dict;
  hosts: ReadonlyMap<string, HostRun>;
  /** The run of a host outside the play, made when somebody asks for its variables. */
  hostRun(name: string): HostRun | undefined;
  extraVars: Dict;
  checkMode: boolean;
  diffMode: boolean;
  forks: number;
  playbookFolder: string;
  inventoryFile: string;
  tags: readonly string[];
  skipTags: readonly string[];
  vault: ((text: string) => string) | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  deprecated(message: string): void;
  /** Keeps the passwords that a host's variables hold out of everything shown. */
  hidePasswords(templar: Templar): void;
  now(): Date;
};

/** A play while it runs: its variables files are read per host, and hosts leave it. */
export type PlayRun = { play: Play; batch: HostRun[]; all: HostRun[]; varsFiles: VarsFiles };

/** The templar of a host for a task, or for the play around it: names are looked up by Ansible's precedence, strongest first. */
export function templarFor(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task?: Task): Templar {
  const layers = layersOf(world, run, host, task);
  const role = task?.scope.role;
  return createTemplar({
    lookup: (name) => lookup(layers, name),
    variableNames: () => namesIn(layers),
    searchFolders: (kind) => searchFolders(kind, role, world.playbookFolder, task?.where?.file),
    environment: world.environment,
    vault: world.vault,
    onDeprecation: world.deprecated,
    now: world.now,
  });
}

/** Ansible's order of search for a file: the role's folder of the kind, the role, the task's own folder, the playbook's. */
export function searchFolders(
  kind: string,
  role: Role | undefined,
  playbookFolder: string,
  taskFile: string | undefined,
): string[] {
  const own = taskFile?.includes('/') ? [taskFile.slice(0, taskFile.lastIndexOf('/'))] : [];
  const roots = [...(role ? [role.path] : []), ...own, playbookFolder];
  return [...new Set(roots.flatMap((root) => [`${root}/${kind}`, root]))];
}

function lookup(layers: readonly Layer[], name: string): Value | undefined {
  for (const layer of layers) {
    const value = layer.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function layersOf(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task: Task | undefined): Layer[] {
  const scope = task?.scope;
  const roles = run ? run.play.roles.toReversed() : [];
  return [
    magic(world, run, host, task),
    world.extraVars,
    ...(scope?.params ?? []).toReversed(),
    host.setFacts,
    host.includedVars,
    ...(scope?.vars ?? []).toReversed(),
    ...(scope?.roleVars ?? []).toReversed(),
    ...roles.flatMap((role) => [role.vars, role.entryVars]),
    ...(run ? [run.varsFiles.of(host.name), run.play.vars] : []),
    host.facts,
    host.inventoryVars,
    ...(scope?.roleDefaults ?? []).toReversed(),
    ...roles.map((role) => role.defaults),
  ];
}

type Layer = { get(name: string): Value | undefined; keys(): Iterable<Value> };

/** Variables that Ansible makes itself; each is made when it is asked for. */
function magic(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task: Task | undefined): Layer {
  const role = task?.scope.role;
  const names = (hosts: readonly HostRun[]) =>
    hosts.filter(({ status }) => status === 'active').map(({ name }) => name);
  const roleNames = () => run?.play.roles.map(({ name }) => name) ?? [];
  const make = new Map<string, () => Value | undefined>(
    Object.entries({
      inventory_hostname: () => host.name,
      inventory_hostname_short: () => host.name.split('.')[0] ?? host.name,
      groups: () => world.groups,
      group_names: () => world.inventory.groupsOf(host.name),
      hostvars: () => hostVariables(world),
      playbook_dir: () => world.playbookFolder,
      inventory_file: () => world.inventoryFile,
      inventory_dir: () => dirname(world.inventoryFile),
      ansible_check_mode: () => world.checkMode,
      ansible_diff_mode: () => world.diffMode,
      ansible_forks: () => world.forks,
      ansible_run_tags: () => [...world.tags],
      ansible_skip_tags: () => [...world.skipTags],
      ansible_verbosity: () => 0,
      ansible_version: () =>
        new Map<Value, Value>([
          ['full', '2.14.18'],
          ['major', 2],
          ['minor', 14],
          ['revision', 18],
          ['string', '2.14.18'],
        ]),
      ansible_managed: () => 'Ansible managed',
      omit: () => OMIT,
      ansible_host: () => (host.inventoryVars.has('ansible_host') ? undefined : host.name),
      vars: () => allVariables(world, run, host, task),
      ...(run && {
        ansible_play_hosts: () => names(run.all),
        play_hosts: () => names(run.batch),
        ansible_play_batch: () => names(run.batch),
        ansible_play_hosts_all: () => run.all.map(({ name }) => name),
        ansible_play_name: () => run.play.name,
        ansible_play_role_names: roleNames,
        role_names: roleNames,
      }),
      ...(role && { role_name: () => role.name, ansible_role_name: () => role.name, role_path: () => role.path }),
    }),
  );
  return {
    get: (name) => make.get(name)?.(),
    keys: () => make.keys(),
  };
}

/** `hostvars`: a host's variables are looked up and templated when they are read. */
function hostVariables(world: VariableWorld): LazyDict {
  return new LazyDict(
    () => world.inventory.hosts,
    (name) => {
      const host = world.hostRun(name);
      return host && oneHostVariables(world, host);
    },
  );
}

function oneHostVariables(world: VariableWorld, host: HostRun): LazyDict {
  const layers = layersOf(world, undefined, host, undefined);
  const templar = templarFor(world, undefined, host);
  return new LazyDict(
    () => namesIn(layers),
    (name) => (name === 'vars' ? undefined : valueOf(layers, name, templar)),
  );
}

/** `vars`: everything the task sees, each templated when it is read. */
function allVariables(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task: Task | undefined): LazyDict {
  const layers = layersOf(world, run, host, task);
  return new LazyDict(
    () => namesIn(layers),
    (name) => (name === 'vars' ? undefined : valueOf(layers, name, templarFor(world, run, host, task))),
  );
}

function valueOf(layers: readonly Layer[], name: string, templar: Templar): Value | undefined {
  const raw = lookup(layers, name);
  return raw === undefined || raw instanceof LazyDict ? raw : templar.template(raw);
}

function namesIn(layers: readonly Layer[]): Set<string> {
  return new Set(layers.flatMap((layer) => [...layer.keys()].map(String)));
}
