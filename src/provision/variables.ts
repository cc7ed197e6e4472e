import { CONNECTION_VARIABLES } from '../connection/target.js';
import { StarsError } from '../errors.js';
import type { Inventory } from '../inventory/inventory.js';
import { LazyDict } from '../jinja/lazy-dict.js';
import type { Dict, Value } from '../jinja/value.js';
import type { AskOutside } from '../templating/outside-call.js';
import { createTemplar, type Templar } from '../templating/templar.js';
import { OMIT } from '../templating/omit.js';
import type { Vaults } from '../templating/filters/vault.js';
import type { HostRun } from './host-run.js';
import type { Play } from './playbook.js';
import type { Deprecated } from './playbook-error.js';
import { pythonText } from './python-text.js';
import type { RoleVariables } from './used-role.js';
import type { Task } from './task.js';
import type { VarsFiles } from './vars-files.js';
import type { WantedFacts } from './wanted-facts.js';

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
  /** Hosts that another run works on are waited for. */
  waitsForHosts: boolean;
  diffMode: boolean;
  forks: number;
  /** What ansible.cfg says of how hosts are reached, as variables. */
  connectionDefaults: ReadonlyMap<string, string>;
  playbookFolder: string;
  inventoryFile: string;
  /** As variables, for a host that no file names; in a folder of inventories the others have the file that names them first. */
  placeInInventory: Dict;
  tags: readonly string[];
  skipTags: readonly string[];
  limit: string | undefined;
  /** The run has some hosts of what was split, and others have the rest. */
  isPart: boolean;
  /** Whether a limit leaves the host out. */
  leavesOut(host: string): boolean;
  wantedFacts: WantedFacts;
  vault: ((text: string) => string) | undefined;
  vaults: Vaults;
  environment: Readonly<Record<string, string | undefined>>;
  /** Runs the programs that lookups name, for whoever has no way of his own to wait for them. */
  askOutside: AskOutside;
  /** Told of every local file that is read. */
  onRead(file: string): void;
  /** Told about an old form in the files, with the place of the task that has it. */
  deprecated: Deprecated;
  /** Keeps the passwords that a host's variables hold out of everything shown. */
  hidePasswords(templar: Templar): void;
  /** From now on a play of this folder is looked at: the `group_vars` and `host_vars` in it count, not those of other playbooks. */
  enter(folder: string): void;
  /** A text without secrets, for names that are more than what the files say. */
  redact(text: string): string;
  now(): Date;
};

/** A play while it runs: its variables files are read per host, and hosts leave it. */
export type PlayRun = { play: Play; batch: HostRun[]; all: HostRun[]; varsFiles: VarsFiles };

/** The templar of a host for a task, or for the play around it: names are looked up by Ansible's precedence, strongest first. */
export function templarFor(
  world: VariableWorld,
  run: PlayRun | undefined,
  host: HostRun,
  task?: Task,
  askOutside: AskOutside = world.askOutside,
): Templar {
  const layers = layersOf(world, run, host, task);
  return createTemplar({
    lookup: (name) => lookup(layers, name),
    variableNames: () => namesIn(layers),
    searchFolders: (kind) => searchFolders(kind, task, run?.play.folder ?? world.playbookFolder),
    environment: world.environment,
    askOutside,
    onRead: world.onRead,
    vault: world.vault,
    vaults: world.vaults,
    hostNames: (pattern) => world.inventory.match(pattern).hosts,
    onDeprecation: (message) => world.deprecated(message, task?.where),
    now: world.now,
  });
}

/** The variables of a task on a host as they are written, for those who only look at them. */
export function rawVariables(
  world: VariableWorld,
  run: PlayRun,
  host: HostRun,
  task: Task,
): (name: string) => Value | undefined {
  const layers = layersOf(world, run, host, task);
  return (name) => lookup(layers, name);
}

/**
 * What plays, roles, tasks and set_fact say of how the host is reached, over what its inventory says; templated with `templar`.
 * Facts do not count: a host is not to say where its tasks run.
 */
export function nearConnectionVariables(around: Surroundings, templar: Templar): Dict {
  const { world, host } = around;
  const layers = layersWithoutMagic(around).filter((layer) => layer !== host.facts && layer !== world.extraVars);
  const found: Dict = new Map();
  for (const name of CONNECTION_VARIABLES) {
    const raw = lookup(layers, name);
    if (raw !== undefined && raw !== host.inventoryVars.get(name)) found.set(name, templar.template(raw));
  }
  return found;
}

/** Ansible's order of search for a file: the role, those that depend on it, the task's own folder, the playbook's; in each its folder of the kind first. */
export function searchFolders(kind: string, task: Task | undefined, playbookFolder: string): string[] {
  const roots = searchRoots(task, playbookFolder);
  return [...new Set(roots.flatMap((root) => [`${root}/${kind}`, root]))];
}

function searchRoots(task: Task | undefined, playbookFolder: string): string[] {
  const taskFile = task?.where?.file;
  const { role, above = [] } = task?.scope ?? {};
  const roles = role ? [role, ...above.map((one) => one.role).toReversed()] : [];
  const own = taskFile?.includes('/') ? [taskFile.slice(0, taskFile.lastIndexOf('/'))] : [];
  return [...new Set([...roles.map(({ path }) => path), ...own, playbookFolder])];
}

function lookup(layers: readonly Layer[], name: string): Value | undefined {
  for (const layer of layers) {
    const value = layer.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function layersOf(world: VariableWorld, run: PlayRun | undefined, host: HostRun, task: Task | undefined): Layer[] {
  const around: Surroundings = { world, run, host, task };
  return [magic(around), ...layersWithoutMagic(around)];
}

function layersWithoutMagic({ world, run, host, task }: Surroundings): Layer[] {
  const scope = task?.scope;
  const roles = run ? run.play.roles.toReversed() : [];
  return [
    world.extraVars,
    ...(scope?.params ?? []).toReversed(),
    ...(scope?.roleParams ?? []).toReversed(),
    host.setFacts,
    host.includedVars,
    ...(scope?.vars ?? []).toReversed(),
    ...(scope?.roleVars ?? []).toReversed(),
    ...roles.flatMap((role) => [role.vars, role.entryVars]),
    ...(run ? [run.varsFiles.of(host.name), run.play.vars] : []),
    host.facts,
    host.inventoryVars,
    world.placeInInventory,
    ...(scope?.roleDefaults ?? []).toReversed(),
    ...roles.map((role) => role.defaults),
    ...(run ? [NO_ENVIRONMENT] : []),
  ];
}

/** By what names it may be said how a host is reached; the first counts more. */
const ADDRESS = ['ansible_ssh_host', 'ansible_host'];
const USER = ['ansible_ssh_user', 'ansible_user'];
const PORT = ['ansible_ssh_port', 'ansible_port'];
const KEY_FILE = ['ansible_ssh_private_key_file', 'ansible_private_key_file'];

/** What Ansible makes for the task's own host alone. */
const NOT_OF_DELEGATES: ReadonlySet<string> = new Set([
  ...ADDRESS,
  ...USER,
  ...PORT,
  ...KEY_FILE,
  'ansible_connection',
  'ansible_delegated_vars',
  'ansible_search_path',
]);

const NO_ENVIRONMENT: Dict = new Map([['environment', []]]);

type Layer = { get(name: string): Value | undefined; keys(): Iterable<Value> };

type Surroundings = { world: VariableWorld; run: PlayRun | undefined; host: HostRun; task: Task | undefined };
type Magic = ReadonlyMap<string, (around: Surroundings) => Value | undefined>;

/**
 * Variables that Ansible makes itself and nobody else; each is made when it is asked for. What it makes of a host alone, such as
 * its name, is among the host's variables of the inventory, over which others may be laid.
 */
function magic(around: Surroundings): Layer {
  const { run, task } = around;
  const tables = [
    MAGIC,
    ...(run ? [MAGIC_OF_PLAYS] : []),
    ...(task ? [MAGIC_OF_TASKS] : []),
    ...(task?.scope.role ? [MAGIC_OF_ROLES] : []),
  ];
  return {
    get: (name) => tables.find((table) => table.has(name))?.get(name)?.(around),
    keys: () => tables.flatMap((table) => [...table.keys()]),
  };
}

const VERSION = new Map<Value, Value>([
  ['full', '2.14.18'],
  ['major', 2],
  ['minor', 14],
  ['revision', 18],
  ['string', '2.14.18'],
]);

type Everywhere = Pick<Surroundings, 'world' | 'run'>;

/** What needs no host to be known. */
const MAGIC_OF_ALL: ReadonlyMap<string, (around: Everywhere) => Value | undefined> = new Map(
  Object.entries({
    groups: ({ world }) => world.groups,
    hostvars: ({ world }) => hostVariables(world),
    playbook_dir: ({ world, run }) => playbookFolderOf(world, run),
    ansible_inventory_sources: ({ world }) => [world.inventoryFile],
    ansible_limit: ({ world }) => (world.isPart ? ofAllHosts('ansible_limit') : world.limit),
    ansible_config_file: () => null,
    // There is none on our side; roles give it to local hosts as their interpreter.
    ansible_playbook_python: () => '/usr/bin/python3',
    ansible_check_mode: ({ world }) => world.checkMode,
    ansible_diff_mode: ({ world }) => world.diffMode,
    ansible_forks: ({ world }) => world.forks,
    ansible_run_tags: ({ world }) => [...world.tags],
    ansible_skip_tags: ({ world }) => [...world.skipTags],
    ansible_verbosity: () => 0,
    ansible_version: () => VERSION,
    ansible_managed: () => 'Ansible managed',
    omit: () => OMIT,
  } satisfies Record<string, (around: Everywhere) => Value | undefined>),
);

const MAGIC: Magic = new Map<string, (around: Surroundings) => Value | undefined>([
  ...MAGIC_OF_ALL,
  ['vars', ({ world, run, host, task }) => allVariables(world, run, host, task)],
]);

/** The templar of what a play says of itself before it has any host: its pattern, its name, `serial`. */
export function templarOfPlay(world: VariableWorld, play: Play, varsFiles: VarsFiles): Templar {
  const layers = [
    // A part matches its own hosts, whatever the limit of the whole was.
    new Map<Value, Value>([
      ['playbook_dir', play.folder],
      ...(world.limit === undefined ? [] : [['ansible_limit', world.limit] as const]),
    ]),
    { get: (name: string) => MAGIC_OF_ALL.get(name)?.({ world, run: undefined }), keys: () => MAGIC_OF_ALL.keys() },
    world.extraVars,
    ...play.roles.toReversed().flatMap((role) => [role.vars, role.entryVars]),
    varsFiles.ofAll(),
    play.vars,
    ...play.roles.toReversed().map((role) => role.defaults),
  ];
  return createTemplar({
    lookup: (name) => lookup(layers, name),
    searchFolders: (kind) => [`${play.folder}/${kind}`, play.folder],
    environment: world.environment,
    now: world.now,
  });
}

const playRoles = ({ run }: Surroundings, which: (role: RoleVariables) => boolean = () => true) =>
  run && run.play.roles.filter(which).map(({ name }) => name);
const ownRoles = (around: Surroundings) => playRoles(around, ({ dependency }) => !dependency);

/** What a part of a run does not know. */
function ofAllHosts(what: string): never {
  throw new StarsError('UNSUPPORTED', `${what} is not known here: this run is a part that has some of the hosts.`, {
    hint: 'Deploy it without --split.',
  });
}

const MAGIC_OF_PLAYS: Magic = new Map(
  Object.entries({
    // Not in hostvars, where a host has an address only if somebody gave it one.
    ...reachVariables(ADDRESS, addressOf),
    ansible_play_hosts: ({ run, world }) =>
      world.isPart ? ofAllHosts('ansible_play_hosts') : run && activeNames(run.all),
    play_hosts: ({ run, world }) => (world.isPart ? ofAllHosts('play_hosts') : run && activeNames(run.batch)),
    ansible_play_batch: ({ run, world }) =>
      world.isPart ? ofAllHosts('ansible_play_batch') : run && activeNames(run.batch),
    ansible_play_hosts_all: ({ run, world }) =>
      world.isPart ? ofAllHosts('ansible_play_hosts_all') : run?.all.map(({ name }) => name),
    ansible_play_name: ({ run }) => run?.play.name,
    ansible_play_role_names: ownRoles,
    role_names: ownRoles,
    ansible_role_names: (around) => [...new Set(playRoles(around))],
    ansible_dependent_role_names: (around) => [...new Set(playRoles(around, ({ dependency }) => dependency))],
  } satisfies Record<string, (around: Surroundings) => Value | undefined>),
);

const MAGIC_OF_TASKS: Magic = new Map(
  Object.entries({
    ansible_connection: connectionOf,
    ...reachVariables(USER, userOtherwise),
    ...reachVariables(PORT, portOtherwise),
    ...reachVariables(KEY_FILE, keyFileOtherwise),
    environment: ({ task }) => environmentVariable(task),
    ansible_delegated_vars: delegatedVariables,
    ansible_search_path: ({ world, run, task }) => searchRoots(task, playbookFolderOf(world, run)),
  } satisfies Record<string, (around: Surroundings) => Value | undefined>),
);

const parentRoles = ({ task }: Surroundings) => (task?.scope.parentRoles.length ? task.scope.parentRoles : undefined);

const MAGIC_OF_ROLES: Magic = new Map(
  Object.entries({
    role_name: ({ task }) => task?.scope.role?.name,
    ansible_role_name: ({ task }) => task?.scope.role?.name,
    role_path: ({ task }) => task?.scope.role?.realPath,
    ansible_collection_name: () => null,
    ansible_parent_role_names: (around) => parentRoles(around)?.map(({ name }) => name),
    ansible_parent_role_paths: (around) => parentRoles(around)?.map(({ realPath }) => realPath),
  } satisfies Record<string, (around: Surroundings) => Value | undefined>),
);

/** The environment of the task; an old playbook may have a variable of this name, and means that when its environment says so. */
function environmentVariable(task: Task | undefined): Value | undefined {
  const own = task?.scope.environment.filter((one) => !(typeof one === 'string' && /\benvironment\b/.test(one)));
  return own?.length ? [...own] : undefined;
}

/** Where no variable says by what the host is reached, the keyword does. */
function connectionOf(around: Surroundings): Value | undefined {
  if (lookup(layersWithoutMagic(around), 'ansible_connection') !== undefined) return undefined;
  return sshForSmart(keywordAround(around, 'connection'));
}

function sshForSmart(connection: Value = 'smart'): Value {
  return connection === 'smart' ? 'ssh' : connection;
}

/** How a host is reached where no variable says it. */
type Otherwise = (around: Surroundings) => Value | undefined;

/** One variable by two names, of which either may be said. */
function reachVariables(names: readonly string[], otherwise: Otherwise): Record<string, Otherwise> {
  const reader = (name: string) => (around: Surroundings) => {
    const layers = layersWithoutMagic(around);
    return lookup(layers, name) === undefined ? (firstOf(layers, names) ?? otherwise(around)) : undefined;
  };
  return Object.fromEntries(names.map((name) => [name, reader(name)]));
}

function firstOf(layers: readonly Layer[], names: readonly string[]): Value | undefined {
  for (const name of names) {
    const value = lookup(layers, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function addressOf({ world, host }: Surroundings): Value {
  return world.inventory.hosts.includes(host.name) ? host.name : '127.0.0.1';
}

function userOtherwise(around: Surroundings): Value | undefined {
  return keywordAround(around, 'remote_user') ?? around.world.connectionDefaults.get('ansible_user');
}

function portOtherwise({ world }: Surroundings): Value | undefined {
  return world.connectionDefaults.get('ansible_port');
}

function keyFileOtherwise({ world }: Surroundings): Value | undefined {
  return world.connectionDefaults.get('ansible_ssh_private_key_file');
}

/** Templated without the task, whose variables are made of it. */
function keywordAround({ world, run, host, task }: Surroundings, keyword: string): Value | undefined {
  const said = task?.keywords.get(keyword) ?? task?.scope.keywords.get(keyword);
  return said === undefined || said === null ? undefined : templarFor(world, run, host).template(said);
}

/**
 * What a task of another host sees of its delegate: how that is reached, where its own host does not say so of itself, or that
 * nobody says it. As in Ansible, templates in that are filled in with `templar`, for the task's own host.
 */
export function variablesByDelegate(
  around: Surroundings,
  delegate: HostRun,
  templar: Templar,
): ReadonlyMap<string, Value | undefined> {
  const own = layersWithoutMagic(around);
  const theirs = layersWithoutMagic({ ...around, host: delegate });
  const seen = new Map<string, Value | undefined>();
  const given = (names: readonly string[]) => {
    const raw = firstOf(theirs, names);
    return raw === undefined ? undefined : templar.template(raw);
  };
  const see = (names: readonly string[], value: Value | undefined) => {
    for (const name of names) if (lookup(own, name) === undefined) seen.set(name, value);
  };
  const address = given(ADDRESS) ?? delegate.name;
  see(ADDRESS, address);
  see(USER, given(USER) ?? userOtherwise(around));
  see(PORT, given(PORT) ?? portOtherwise(around));
  see(KEY_FILE, given(KEY_FILE) ?? keyFileOtherwise(around));
  const isLocal = isThisMachine(address) && isThisMachine(around.host.name);
  const keyword = keywordAround(around, 'connection');
  const otherwise = isLocal ? 'local' : keyword === 'local' ? 'smart' : keyword;
  see(['ansible_connection'], sshForSmart(given(['ansible_connection']) ?? otherwise));
  return seen;
}

function isThisMachine(address: Value | undefined): boolean {
  return ['127.0.0.1', 'localhost', '::1'].some((name) => name === address);
}

function delegateIn({ world, run, host, task }: Surroundings): HostRun | undefined {
  const raw = task?.keywords.get('delegate_to') ?? task?.scope.keywords.get('delegate_to') ?? null;
  if (raw === null || !run) return undefined;
  const to = templarFor(world, run, host, task).template(raw, task?.where);
  return to === '' || to === OMIT ? undefined : world.hostRun(pythonText(to));
}

/** The variables of the host that does the task, under its name. */
function delegatedVariables(around: Surroundings): Value | undefined {
  const other = delegateIn(around);
  const { world, run, host, task } = around;
  return other && variablesOfDelegate(around, other, templarFor(world, run, host, task));
}

/** `ansible_delegated_vars` for the host that does the task: what it would see in it, with the templates filled in for the task's own host. */
export function variablesOfDelegate(around: Surroundings, delegate: HostRun, templar: Templar): Dict {
  const theirs: Surroundings = { ...around, host: delegate };
  const layers = layersWithoutMagic(theirs);
  const over: Dict = new Map<Value, Value>([['inventory_hostname', around.host.name]]);
  if (firstOf(layers, ADDRESS) === undefined) over.set('ansible_host', delegate.name);
  if (firstOf(layers, PORT) === undefined) over.set('ansible_port', portOtherwise(theirs) ?? null);
  if (firstOf(layers, USER) === undefined) over.set('ansible_user', userOtherwise(theirs) ?? null);
  const variables = variablesOfHost(around.world, delegate, {
    layers: [over, withoutNames(magic(theirs), NOT_OF_DELEGATES), ...layers],
    templar,
  });
  return new Map([[delegate.name, variables]]);
}

function playbookFolderOf(world: VariableWorld, run: PlayRun | undefined): string {
  return run?.play.folder ?? world.playbookFolder;
}

function activeNames(hosts: readonly HostRun[]): string[] {
  return hosts.filter(({ status }) => status === 'active').map(({ name }) => name);
}

/** `hostvars`: a host's variables are looked up and templated when they are read. This machine is always one of them, as in Ansible. */
function hostVariables(world: VariableWorld): LazyDict {
  return new LazyDict(
    () => [...new Set([...world.inventory.hosts, 'localhost'])],
    (name) => {
      const host = world.hostRun(name);
      return host && oneHostVariables(world, host);
    },
  );
}

const NOT_OF_HOSTS: ReadonlySet<string> = new Set(['vars', 'hostvars']);

function oneHostVariables(world: VariableWorld, host: HostRun): LazyDict {
  const layers = layersOf(world, undefined, host, undefined);
  return variablesOfHost(world, host, { layers, templar: templarFor(world, undefined, host) });
}

/** Variables of a host that somebody else asks for, each looked up and templated when it is read. */
function variablesOfHost(
  world: VariableWorld,
  host: HostRun,
  { layers, templar }: { layers: readonly Layer[]; templar: Templar },
): LazyDict {
  return new LazyDict(
    () => [...namesIn(layers)].filter((name) => !NOT_OF_HOSTS.has(name)),
    (name) => {
      if (world.isPart && world.leavesOut(host.name) && !saysInventory(world, host, name))
        return ofAllHosts(`${name} of ${host.name}`);
      if (name === 'ansible_facts') world.wantedFacts.ask(host);
      return NOT_OF_HOSTS.has(name) ? undefined : valueOf(layers, name, templar);
    },
    (name) => {
      if (name.startsWith('ansible_')) world.wantedFacts.ask(host);
    },
  );
}

function withoutNames(layer: Layer, names: ReadonlySet<string>): Layer {
  return {
    get: (name) => (names.has(name) ? undefined : layer.get(name)),
    keys: () => [...layer.keys()].filter((name) => typeof name !== 'string' || !names.has(name)),
  };
}

/** What is the same wherever it is asked. */
function saysInventory(world: VariableWorld, { inventoryVars }: HostRun, name: string): boolean {
  return inventoryVars.has(name) || world.extraVars.has(name) || MAGIC.has(name);
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
