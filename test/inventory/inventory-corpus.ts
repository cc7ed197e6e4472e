import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadInventory, type Inventory } from '../../src/inventory/inventory.js';
import { createVault } from '../../src/inventory/vault.js';
import { Float, Unsafe, type Value } from '../../src/jinja/value.js';

export const CORPUS = 'test/fixtures/inventory';

/** One inventory of the corpus, as its case.json says; paths are relative to its folder. */
export type InventoryCase = {
  name: string;
  sources: string[];
  patterns: string[];
  limits: string[];
  playbookDir?: string;
  vaultPasswordFile?: string;
};

/** What an implementation makes of a case, comparable as JSON. */
export type Answer = {
  variables: Record<string, unknown>;
  groups: Record<string, string[]>;
  matches: { pattern: string; limit: string | null; hosts: string[] }[];
};

// Ansible visits groups below groups in no fixed order.
const NESTED = ['groups', 'yaml', 'folder'];

const OWN = ['inventory_hostname', 'inventory_hostname_short', 'inventory_file', 'inventory_dir', 'group_names'];

export function inventoryCases(): InventoryCase[] {
  return readdirSync(CORPUS)
    .sort()
    .map((name) => ({
      name,
      ...(JSON.parse(readFileSync(join(CORPUS, name, 'case.json'), 'utf8')) as Omit<InventoryCase, 'name'>),
    }));
}

export function goldenOf(name: string): Answer {
  return JSON.parse(readFileSync(join(CORPUS, name, 'golden.json'), 'utf8')) as Answer;
}

export async function loadCase({ name, sources, vaultPasswordFile }: InventoryCase): Promise<Inventory> {
  const folder = join(CORPUS, name);
  return loadInventory({
    sources: sources.map((source) => (source.includes(',') ? source : join(folder, source))),
    vault: createVault({ passwordFile: vaultPasswordFile && join(folder, vaultPasswordFile) }),
  });
}

export async function answerOfStars(one: InventoryCase): Promise<Answer> {
  const inventory = await loadCase(one);
  const playbookDir = one.playbookDir && join(CORPUS, one.name, one.playbookDir);
  const variables = inventory.hosts.map((host) => {
    const dict = inventory.variablesOf(host, { playbookDir });
    for (const name of OWN) dict.delete(name);
    return [host, toJson(dict)] as const;
  });
  const matches = [null, ...one.limits].flatMap((limit) =>
    one.patterns.map((pattern) => ({ pattern, limit, hosts: inventory.match(pattern, limit ?? undefined).hosts })),
  );
  return comparable(one.name, {
    variables: Object.fromEntries(variables),
    groups: toJson(inventory.groupsDict()) as Answer['groups'],
    matches,
  });
}

/** Hosts without variables are left out, as ansible-inventory does. */
export function comparable(name: string, { variables, groups, matches }: Answer): Answer {
  const ordered = (hosts: string[]) => (NESTED.includes(name) ? hosts.toSorted() : hosts);
  return {
    variables: Object.fromEntries(
      Object.entries(variables).filter(([, dict]) => Object.keys(dict as object).length > 0),
    ),
    groups: Object.fromEntries(Object.entries(groups).map(([group, hosts]) => [group, ordered(hosts)])),
    matches: matches.map((match) => ({ ...match, hosts: ordered(match.hosts) })),
  };
}

function toJson(value: Value): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [keyText(key), toJson(inner)]));
  if (Array.isArray(value)) return Array.from(value, toJson);
  if (value instanceof Float) return value.value;
  if (value instanceof Unsafe) return value.text;
  return typeof value === 'bigint' ? Number(value) : value;
}

function keyText(key: Value): string {
  return typeof key === 'string' ? key : JSON.stringify(toJson(key));
}
