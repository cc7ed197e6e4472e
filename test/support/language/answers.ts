import { createInventoryData } from '../../../src/inventory/inventory-data.js';
import { matchPattern } from '../../../src/inventory/host-pattern.js';
import { parseIniInventory } from '../../../src/inventory/parse-ini.js';
import { parseYamlInventory } from '../../../src/inventory/parse-yaml.js';
import { parsePythonLiteral } from '../../../src/inventory/python-literal.js';
import { replaceAll, toJsRegExp } from '../../../src/jinja/python-regex.js';
import { repr } from '../../../src/jinja/python-text.js';
import { templateError } from '../../../src/jinja/template-error.js';
import type { Dict, Value } from '../../../src/jinja/value.js';
import { parseKeyValues } from '../../../src/provision/key-value.js';
import { splitWords } from '../../../src/provision/split-words.js';
import { notationFilters } from '../../../src/templating/filters/notation.js';
import { loadYaml } from '../../../src/yaml/load-yaml.js';

/** A question about one of the languages besides templates. */
export type LanguageCase =
  | { kind: 'document' | 'words' | 'literal' | 'repr'; source: string }
  | { kind: 'keyValues'; source: string; raw: boolean }
  | { kind: 'inventory'; source: string; plugin: 'ini' | 'yaml'; suffix: string }
  | { kind: 'pattern'; source: string; inventory: string }
  | { kind: 'regex'; source: string; text: string; flags: string; replacement: string | null };

/** What Stars makes of it. Throws StarsError for what it refuses. */
export function valueOf(asked: LanguageCase): Value {
  switch (asked.kind) {
    case 'document':
      return loadYaml(asked.source, { file: 'document.yml' });
    case 'words':
      return splitWords(asked.source);
    case 'literal':
      return literal(asked.source);
    case 'repr':
      return repr(fromJson(asked.source));
    case 'keyValues':
      return keyValues(asked);
    case 'inventory':
      return inventory(asked);
    case 'pattern':
      return matchPattern(asked.source, inventoryData(asked.inventory, 'ini')).hosts;
    case 'regex':
      return regex(asked);
  }
}

function literal(text: string): Value {
  const value = parsePythonLiteral(text);
  if (value === undefined) throw templateError('No literal.');
  return value;
}

function fromJson(text: string): Value {
  return notationFilters['from_json']?.(text, [], new Map(), undefined as never) ?? null;
}

function keyValues({ source, raw }: LanguageCase & { kind: 'keyValues' }): Value {
  const { named, rest } = parseKeyValues(source, { where: undefined, onlyCommandOptions: raw });
  return [new Map<Value, Value>(named), rest];
}

function inventoryData(source: string, plugin: 'ini' | 'yaml') {
  const data = createInventoryData();
  const options = { file: 'hosts', data, origin: new Map<Value, Value>() };
  if (plugin === 'ini') parseIniInventory(source, options);
  else parseYamlInventory(document(source), options);
  data.reconcile();
  return data;
}

function document(source: string): Dict {
  const value = loadYaml(source, { file: 'hosts' });
  if (value instanceof Map) return value;
  throw templateError('No inventory.');
}

function inventory({ source, plugin }: LanguageCase & { kind: 'inventory' }): Value {
  const data = inventoryData(source, plugin);
  const groups: Dict = new Map(
    [...data.groups.values()].sort(byName).map(({ name, variables }) => [name, [data.hostsOf(name).sort(), variables]]),
  );
  const hosts: Dict = new Map(
    [...data.hosts.values()].sort(byName).map(({ name, variables }) => [
      name,
      [
        data
          .groupsOf(name)
          .map((group) => group.name)
          .sort(),
        variables,
      ],
    ]),
  );
  return new Map<Value, Value>([
    ['groups', groups],
    ['hosts', hosts],
  ]);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function regex({ source, text, flags, replacement }: LanguageCase & { kind: 'regex' }): Value {
  const pattern = toJsRegExp(source, `g${flags}`);
  const found = [...text.matchAll(pattern)].map(
    ([all, ...groups]): Value => [all, groups.map((group) => group ?? null)],
  );
  return [found, replacement === null ? null : replaceAll(pattern, replacement, text)];
}
