import { StarsError, type Position } from '../errors.js';
import { type Dict, Float, type Value } from '../jinja/value.js';

export type Host = { name: string; variables: Dict; implicit: boolean };

export type Group = {
  name: string;
  /** Names of the hosts directly in it, in order. */
  hosts: Set<string>;
  children: Set<string>;
  parents: Set<string>;
  variables: Dict;
  /** The longest way down from `all`, which has 0. */
  depth: number;
  /** `ansible_group_priority`: of two groups at one depth the higher one wins. */
  priority: number;
};

/** Names that Ansible takes for the machine it runs on. */
export const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

export type InventoryData = ReturnType<typeof createInventoryData>;

/** The hosts and groups as the sources fill them; `reconcile` completes them once all sources are read. */
export function createInventoryData() {
  const groups = new Map<string, Group>();
  const hosts = new Map<string, Host>();
  const warnings: string[] = [];

  function addGroup(name: string): Group {
    const existing = groups.get(name);
    if (existing) return existing;
    const group: Group = {
      name,
      hosts: new Set(),
      children: new Set(),
      parents: new Set(),
      variables: new Map(),
      depth: 0,
      priority: 1,
    };
    groups.set(name, group);
    return group;
  }

  /** The first source that names a host sets its port and its `inventory_file`. */
  function addHost(name: string, group: string, { port, file }: { port?: number | undefined; file: Dict }): void {
    if (!hosts.has(name)) {
      hosts.set(name, { name, variables: new Map(file), implicit: false });
      if (port !== undefined) hosts.get(name)?.variables.set('ansible_port', port);
    }
    addGroup(group).hosts.add(name);
  }

  function addChild(parent: string, child: string, where?: Position): void {
    if (parent === child || ancestors(parent).has(child)) {
      throw new StarsError('INVENTORY', `Group ${child} cannot be below ${parent}: it would contain itself.`, {
        ...(where && { where }),
        hint: `Remove ${child} from the children of ${parent}, or the other way round.`,
      });
    }
    addGroup(parent).children.add(child);
    addGroup(child).parents.add(parent);
  }

  // As in Ansible a group goes before a host of the same name; reconcile warns of such names.
  function setVariable(name: string, key: Value, value: Value, where: Position): void {
    const group = groups.get(name);
    if (group && key === 'ansible_group_priority') group.priority = priorityOf(value, where);
    else (group ?? hosts.get(name))?.variables.set(key, value);
  }

  function ancestors(name: string): Set<string> {
    return walk(name, 'parents');
  }

  /** Everything reachable, nearest first, without the start. */
  function walk(start: string, direction: 'parents' | 'children'): Set<string> {
    const found = new Set(groups.get(start)?.[direction]);
    for (const name of found) for (const next of groups.get(name)?.[direction] ?? []) found.add(next);
    return found;
  }

  /** Hosts of the group and of the groups below it, its own first. */
  function hostsOf(name: string): string[] {
    const all = [name, ...walk(name, 'children')].flatMap((group) => [...(groups.get(group)?.hosts ?? [])]);
    return [...new Set(all)];
  }

  /** Every group that contains the host, directly or not, `all` included. */
  function groupsOf(host: string): Group[] {
    const direct = [...groups.values()].filter((group) => group.hosts.has(host)).map(({ name }) => name);
    const names = new Set(direct.flatMap((name) => [name, ...ancestors(name)]));
    return [...names].flatMap((name) => groups.get(name) ?? []);
  }

  /** Puts groups without a parent below `all`, hosts without a group into `ungrouped`, and computes depths. */
  function reconcile(): void {
    for (const group of groups.values())
      if (group.name !== 'all' && group.parents.size === 0) addChild('all', group.name);
    const grouped = new Set<string>();
    for (const group of groups.values()) {
      if (group.name !== 'all' && group.name !== 'ungrouped') for (const host of group.hosts) grouped.add(host);
    }
    const ungrouped = addGroup('ungrouped');
    for (const host of hosts.keys()) {
      if (grouped.has(host)) ungrouped.hosts.delete(host);
      // A host in no group but all, under the name of a group, is left out there by Ansible.
      else if (!groups.has(host)) ungrouped.hosts.add(host);
      if (groups.has(host)) warnings.push(`${host} is the name of a group and of a host.`);
    }
    setDepths();
  }

  function setDepths(): void {
    const waitingFor = new Map([...groups.values()].map(({ name, parents }) => [name, parents.size]));
    const ready = [...groups.values()].filter(({ parents }) => parents.size === 0);
    for (const group of ready) {
      for (const child of group.children) {
        const below = addGroup(child);
        below.depth = Math.max(below.depth, group.depth + 1);
        const left = (waitingFor.get(child) ?? 0) - 1;
        waitingFor.set(child, left);
        if (left === 0) ready.push(below);
      }
    }
  }

  addGroup('all');
  addGroup('ungrouped');
  addChild('all', 'ungrouped');

  return { groups, hosts, warnings, addGroup, addHost, addChild, setVariable, hostsOf, groupsOf, reconcile };
}

/** What Python's `int()` makes of it. */
function priorityOf(value: Value, where: Position): number {
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof Float) return Math.trunc(value.value);
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\s*[-+]?\d+(?:_\d+)*\s*$/.test(value)) return Number(value.replaceAll('_', ''));
  throw new StarsError('INVENTORY', 'ansible_group_priority must be a whole number.', { where });
}
