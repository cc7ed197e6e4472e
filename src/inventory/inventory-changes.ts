import { equals } from '../jinja/python-value.js';
import type { Dict } from '../jinja/value.js';
import type { InventoryData } from './inventory-data.js';

/** What a run adds to the inventory that its sources gave. */
export function createInventoryChanges(data: InventoryData) {
  let hosts: string[] | undefined;

  function addHost(name: string, { groups, variables }: { groups: readonly string[]; variables: Dict }): boolean {
    const isNew = !data.hosts.has(name);
    if (isNew) data.addHost(name, 'all', { file: new Map() });
    const news = [...variables].filter(([key, value]) => !hasVariable(name, key, value));
    for (const [key, value] of news) data.hosts.get(name)?.variables.set(key, value);
    const joined = groups.filter((group) => join(name, group));
    return settled(isNew || news.length > 0 || joined.length > 0);
  }

  function hasVariable(name: string, key: Parameters<Dict['get']>[0], value: Parameters<typeof equals>[0]): boolean {
    const known = data.hosts.get(name)?.variables.get(key);
    return known !== undefined && equals(known, value);
  }

  function addToGroup(host: string, group: string, parents: readonly string[]): boolean {
    const missing = [group, ...parents].filter((name) => !data.groups.has(name));
    for (const name of missing) data.addGroup(name);
    const linked = parents.filter((parent) => parent !== group && link(parent, group));
    return settled([missing.length > 0, linked.length > 0, join(host, group)].includes(true));
  }

  function link(parent: string, group: string): boolean {
    if (data.groups.get(parent)?.children.has(group)) return false;
    data.addChild(parent, group);
    return true;
  }

  function join(host: string, name: string): boolean {
    const group = data.addGroup(name);
    if (group.hosts.has(host)) return false;
    data.addHost(host, name, { file: new Map() });
    return true;
  }

  function settled(changed: boolean): boolean {
    if (changed) data.reconcile();
    hosts = undefined;
    return changed;
  }

  return {
    addHost,
    addToGroup,
    hosts(): readonly string[] {
      hosts ??= data.hostsOf('all');
      return hosts;
    },
  };
}
