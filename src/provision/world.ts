import { dirname } from 'node:path';
import type { Inventory } from '../inventory/inventory.js';
import type { Clock } from '../clock.js';
import type { HostClaim } from '../connection/claim.js';
import type { Connection } from '../connection/connection.js';
import type { Dict } from '../jinja/value.js';
import type { Redactor } from '../secret.js';
import type { InventoryChanges } from './control/index.js';
import { readAnsibleCfg } from './ansible-cfg.js';
import { hostClaim, type RunClaim } from './host-claim.js';
import { createHostRun, type HostRun, type Reach } from './host-run.js';
import { createSharedOutside } from './outside-calls.js';
import { registerPasswords } from './passwords.js';
import { templarFor, type VariableWorld } from './variables.js';
import { createVaults } from './vaults.js';
import { createWantedFacts } from './wanted-facts.js';

const DEFAULT_FORKS = 50;

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Variables of a host that say how to reach it, templated. */
export type ConnectionVariables = Dict;

export type WorldOptions = {
  inventory(playbookFolder: string): Promise<Inventory>;
  inventoryFile: string;
  stackFolder: string;
  /** With a claim, the host's lock is taken for it. */
  connect(host: string, variables: ConnectionVariables, signal: AbortSignal, claim?: HostClaim): Promise<Connection>;
  vault: ((text: string) => string) | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  redactor?: Redactor | undefined;
  clock: Clock;
  signal: AbortSignal;
  runId: string;
  claim?: RunClaim | undefined;
};

export type WorldRequest = {
  limit?: string | undefined;
  /** It has some hosts of what was split. */
  part?: boolean;
  tags?: readonly string[];
  skipTags?: readonly string[];
  forks?: number | undefined;
  check?: boolean;
  /** How long to wait for a host that another run works on; by default not at all. */
  waitMs?: number | undefined;
  diff?: boolean;
};

export type WorldSetting = Pick<VariableWorld, 'inventory' | 'playbookFolder' | 'deprecated' | 'onRead'> & {
  hosts: Map<string, HostRun>;
  extraVars?: Dict;
};

/** What all tasks of a run share, and how they change the inventory under it. */
export function createWorld(options: WorldOptions, request: WorldRequest, given: WorldSetting) {
  const { hosts, playbookFolder } = given;
  const added: ((inventory: Inventory) => boolean)[] = [];
  let variablesFolder = playbookFolder;
  let groups: Dict | undefined;
  let version = 0;
  let limited: Set<string> | undefined;
  const cfg = readAnsibleCfg(options.stackFolder, given.onRead);
  const claim = request.check ? undefined : hostClaim(options, request);

  const world: VariableWorld = {
    ...given,
    get groups() {
      groups ??= world.inventory.groupsDict();
      return groups;
    },
    hostRun(name) {
      const existing = hosts.get(name);
      if (existing || !(world.inventory.hosts.includes(name) || LOCAL_NAMES.includes(name))) return existing;
      const made = createHostRun(name, inventoryVariables(name), (host, reach) =>
        options.connect(
          name,
          connectionVariables(world, host, { reach, defaults: cfg.variables }),
          options.signal,
          reach.onlyReads ? undefined : claim,
        ),
      );
      hosts.set(name, made);
      world.hidePasswords(templarFor(world, undefined, made));
      return made;
    },
    extraVars: given.extraVars ?? new Map(),
    checkMode: request.check ?? false,
    waitsForHosts: claim !== undefined && claim.waitMs > 0,
    diffMode: request.diff ?? false,
    forks: request.forks ?? cfg.forks ?? DEFAULT_FORKS,
    inventoryFile: options.inventoryFile,
    placeInInventory: new Map([
      ['inventory_file', options.inventoryFile],
      ['inventory_dir', dirname(options.inventoryFile)],
    ]),
    tags: request.tags ?? ['all'],
    skipTags: request.skipTags ?? [],
    limit: request.limit,
    isPart: request.part ?? false,
    connectionDefaults: cfg.variables,
    leavesOut: outside,
    wantedFacts: createWantedFacts({ outside, remark: (message) => given.deprecated(message, undefined) }),
    vault: options.vault,
    vaults: createVaults(options.redactor),
    environment: options.environment,
    askOutside: createSharedOutside({ folder: playbookFolder, environment: options.environment }),
    now: () => options.clock.now(),
    redact: (text) => options.redactor?.redact(text) ?? text,
    hidePasswords: (templar) => registerPasswords(templar, options.redactor),
    enter(folder) {
      if (folder === variablesFolder) return;
      variablesFolder = folder;
      readAgain([...hosts.keys()]);
    },
  };

  function outside(name: string): boolean {
    if (request.limit === undefined || LOCAL_NAMES.includes(name)) return false;
    limited ??= new Set(world.inventory.match('all', request.limit).hosts);
    return !limited.has(name);
  }

  function inventoryVariables(name: string): Dict {
    return world.inventory.variablesOf(name, { playbookDir: variablesFolder });
  }

  const changes: InventoryChanges = {
    addHost: (name, more) => change((inventory) => inventory.addHost(name, more), [name]),
    addToGroup: (host, group, parents) =>
      change((inventory) => inventory.addToGroup(host, group, parents), [...hosts.keys()]),
  };

  /** Kept, so that reading the sources again does not lose it. */
  function change(act: (inventory: Inventory) => boolean, touched: readonly string[]): boolean {
    added.push(act);
    const changed = act(world.inventory);
    if (changed) seeAgain(touched);
    return changed;
  }

  function seeAgain(names: readonly string[]): void {
    groups = undefined;
    version += 1;
    readAgain(names);
  }

  function readAgain(names: readonly string[]): void {
    for (const name of names) {
      const host = hosts.get(name);
      if (!host || !(world.inventory.hosts.includes(name) || LOCAL_NAMES.includes(name))) continue;
      host.inventoryVars.clear();
      for (const [key, value] of inventoryVariables(name)) host.inventoryVars.set(key, value);
    }
  }

  async function refreshInventory(): Promise<void> {
    world.inventory = await options.inventory(playbookFolder);
    for (const act of added) act(world.inventory);
    seeAgain([...hosts.keys()]);
  }

  return { world, changes, refreshInventory, version: () => version };
}

/** How to reach the host: its `ansible_*` variables, templated, and the keywords of the play and task where they are silent. */
function connectionVariables(
  world: VariableWorld,
  host: HostRun,
  { reach, defaults }: { reach: Reach; defaults: ReadonlyMap<string, string> },
): ConnectionVariables {
  const templar = templarFor(world, undefined, host);
  const variables: Dict = new Map();
  const give = (all: Dict) => {
    for (const [name, value] of all)
      if (typeof name === 'string' && name.startsWith('ansible_')) variables.set(name, templar.template(value));
  };
  give(host.inventoryVars);
  for (const [name, value] of reach.variables ?? []) variables.set(name, value);
  give(world.extraVars);
  const fill = (value: string | undefined, name: string, older: string) => {
    if (value !== undefined && !variables.has(name) && !variables.has(older)) variables.set(name, value);
  };
  fill(reach.user, 'ansible_user', 'ansible_ssh_user');
  fill(reach.port, 'ansible_port', 'ansible_ssh_port');
  fill(reach.connection, 'ansible_connection', 'ansible_connection');
  fill(defaults.get('ansible_user'), 'ansible_user', 'ansible_ssh_user');
  fill(defaults.get('ansible_port'), 'ansible_port', 'ansible_ssh_port');
  fill(defaults.get('ansible_ssh_private_key_file'), 'ansible_ssh_private_key_file', 'ansible_private_key_file');
  return variables;
}
