import type { Inventory } from '../inventory/inventory.js';
import { type Dict, Undefined, type Value } from '../jinja/value.js';
import { createTemplar, type Templar } from '../templating/templar.js';
import { OMIT } from '../templating/omit.js';
import type { HostRun } from './host-run.js';
import type { Play } from './playbook.js';
import type { Role } from './role.js';
import type { Task } from './task.js';

/** What all variables of one run share. */
export type VariableWorld = {
  inventory: Inventory;
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
  now(): Date;
};

/** A play while it runs: its variables files are read per host, and hosts leave it. */
export type PlayRun = { play: Play; batch: HostRun[]; all: HostRun[]; varsFiles: Map<string, Dict>; roles: Role[] };

/** The templar of a host for a task, or for the play around it: names are looked up by Ansible's precedence, strongest first. */
export function templarFor(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task?: Task): Templar {
  const layers = layersOf(world, run, host, task);
  const role = task?.scope.role;
  return createTemplar({
    lookup: (name) => lookup(layers, name),
    variableNames: () => new Set(layers.flatMap((layer) => [...layer.keys()].map(String))),
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

function lookup(layers: readonly Dict[], name: string): Value | undefined {
  for (const layer of layers) {
    const value = layer.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function layersOf(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task: Task | undefined): Dict[] {
  const scope = task?.scope;
  const roles = run ? [...run.roles].reverse() : [];
  return [
    magic(world, run, host, task),
    world.extraVars,
    ...[...(scope?.params ?? [])].reverse(),
    host.setFacts,
    host.includedVars,
    ...[...(scope?.vars ?? [])].reverse(),
    ...(scope?.role ? [scope.role.vars] : []),
    ...roles.map((role) => role.vars),
    ...(run ? [run.varsFiles.get(host.name) ?? new Map(), run.play.vars] : []),
    host.facts,
    host.inventoryVars,
    ...(scope?.role ? [scope.role.defaults] : []),
    ...roles.map((role) => role.defaults),
  ];
}

function magic(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task: Task | undefined): Dict {
  const role = task?.scope.role;
  const names = (hosts: readonly HostRun[]) =>
    hosts.filter(({ status }) => status === 'active').map(({ name }) => name);
  const variables: Dict = new Map<Value, Value>([
    ['inventory_hostname', host.name],
    ['inventory_hostname_short', host.name.split('.')[0] ?? host.name],
    ['groups', world.inventory.groupsDict()],
    ['group_names', world.inventory.groupsOf(host.name)],
    ['hostvars', new HostVariables(world)],
    ['playbook_dir', world.playbookFolder],
    ['inventory_file', world.inventoryFile],
    ['inventory_dir', world.inventoryFile.slice(0, Math.max(0, world.inventoryFile.lastIndexOf('/')))],
    ['ansible_check_mode', world.checkMode],
    ['ansible_diff_mode', world.diffMode],
    ['ansible_forks', world.forks],
    ['ansible_run_tags', [...world.tags]],
    ['ansible_skip_tags', [...world.skipTags]],
    ['ansible_verbosity', 0],
    [
      'ansible_version',
      new Map<Value, Value>([
        ['full', '2.14.18'],
        ['major', 2],
        ['minor', 14],
        ['revision', 18],
        ['string', '2.14.18'],
      ]),
    ],
    ['omit', OMIT],
  ]);
  if (!host.inventoryVars.has('ansible_host')) variables.set('ansible_host', host.name);
  if (run) {
    variables.set('ansible_play_hosts', names(run.all));
    variables.set('play_hosts', names(run.batch));
    variables.set('ansible_play_batch', names(run.batch));
    variables.set(
      'ansible_play_hosts_all',
      run.all.map(({ name }) => name),
    );
    variables.set('ansible_play_name', run.play.name);
    variables.set(
      'ansible_play_role_names',
      run.roles.map(({ name }) => name),
    );
    variables.set(
      'role_names',
      run.roles.map(({ name }) => name),
    );
  }
  if (role) {
    variables.set('role_name', role.name);
    variables.set('ansible_role_name', role.name);
    variables.set('role_path', role.path);
  }
  return variables;
}

/** `hostvars`: every host of the inventory; a host's variables are looked up and templated when they are read. */
class HostVariables extends Map<Value, Value> {
  readonly #world: VariableWorld;

  constructor(world: VariableWorld) {
    super();
    this.#world = world;
  }

  override get(name: Value): Value | undefined {
    const host = typeof name === 'string' ? this.#world.hostRun(name) : undefined;
    return host && new OneHostVariables(this.#world, host);
  }

  override has(name: Value): boolean {
    return typeof name === 'string' && this.#world.hostRun(name) !== undefined;
  }

  override get size(): number {
    return this.#world.inventory.hosts.length;
  }

  override *keys(): MapIterator<Value> {
    yield* this.#world.inventory.hosts;
  }

  override *entries(): MapIterator<[Value, Value]> {
    for (const name of this.keys()) yield [name, this.get(name) ?? null];
  }

  override *values(): MapIterator<Value> {
    for (const name of this.keys()) yield this.get(name) ?? null;
  }

  override [Symbol.iterator](): MapIterator<[Value, Value]> {
    return this.entries();
  }
}

class OneHostVariables extends Map<Value, Value> {
  readonly #layers: Dict[];
  readonly #templar: Templar;

  constructor(world: VariableWorld, host: HostRun) {
    super();
    this.#layers = layersOf(world, undefined, host, undefined);
    this.#templar = templarFor(world, undefined, host);
  }

  override get(name: Value): Value | undefined {
    const raw = lookup(this.#layers, String(name));
    return raw === undefined || raw instanceof Undefined ? undefined : this.#templar.template(raw);
  }

  override has(name: Value): boolean {
    return this.#layers.some((layer) => layer.has(name));
  }

  override get size(): number {
    return new Set(this.keys()).size;
  }

  override *keys(): MapIterator<Value> {
    yield* new Set(this.#layers.flatMap((layer) => [...layer.keys()]));
  }

  override *entries(): MapIterator<[Value, Value]> {
    for (const name of this.keys()) yield [name, this.get(name) ?? null];
  }

  override *values(): MapIterator<Value> {
    for (const name of this.keys()) yield this.get(name) ?? null;
  }

  override [Symbol.iterator](): MapIterator<[Value, Value]> {
    return this.entries();
  }
}
