import { StarsError, type Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { keyPosition } from '../yaml/position.js';
import { expandHosts } from './host-range.js';
import type { ParseOptions } from './parse-ini.js';

/** Adds the groups of a YAML inventory to the data. Throws INVENTORY with the place and what was expected. */
export function parseYamlInventory(document: Dict, options: ParseOptions): void {
  for (const [name, content] of document) addGroup(name, content, document, options);
}

function addGroup(name: Value, content: Value, parent: Dict, options: ParseOptions): string | undefined {
  const { data, file } = options;
  const where = { file, ...keyPosition(parent, name) };
  if (typeof name !== 'string' || name === '') throw notText('The name of a group', name, where);
  if (content !== null && !(content instanceof Map)) {
    data.warnings.push(`${file}:${where.line ?? 1}: ${name} is skipped: a group holds hosts, children and vars.`);
    return undefined;
  }
  data.addGroup(name);
  for (const [key, value] of content ?? []) {
    const section = { group: name, where: { file, ...keyPosition(content ?? new Map(), key) }, options };
    if (key === 'vars') addVariables(entries(value, key, section), section);
    else if (key === 'children') addChildren(entries(value, key, section), section);
    else if (key === 'hosts') addHosts(entries(value, key, section), section);
    else
      data.warnings.push(
        `${file}:${section.where.line ?? 1}: a key of group ${name} is skipped: only hosts, children and vars count.`,
      );
  }
  return name;
}

type Section = { group: string; where: Position; options: ParseOptions };

/** A section is a dict, nothing, or one name alone. */
function entries(value: Value, key: string, { group, where }: Section): Dict {
  if (value === null) return new Map();
  if (typeof value === 'string') return new Map([[value, null]]);
  if (value instanceof Map) return value;
  throw new StarsError('INVENTORY', `${key} of group ${group} must be a mapping, not ${kindOf(value)}.`, {
    where,
    hint:
      key === 'vars'
        ? 'Write name: value lines below it.'
        : 'End each name below it with a colon instead of starting it with a dash.',
  });
}

function addVariables(variables: Dict, { group, where, options: { data } }: Section): void {
  for (const [key, value] of variables)
    data.setVariable(group, key, value, { ...where, ...keyPosition(variables, key) });
}

function addChildren(children: Dict, { group, options }: Section): void {
  for (const [name, content] of children) {
    const child = addGroup(name, content, children, options);
    if (child !== undefined)
      options.data.addChild(group, child, { file: options.file, ...keyPosition(children, name) });
  }
}

function addHosts(hosts: Dict, { group, options }: Section): void {
  for (const [definition, variables] of hosts) {
    const where = { file: options.file, ...keyPosition(hosts, definition) };
    if (typeof definition !== 'string' || definition === '') throw notText('The name of a host', definition, where);
    if (variables !== null && variables !== '' && !(variables instanceof Map)) {
      throw new StarsError('INVENTORY', `The variables of ${definition} must be a mapping, not ${kindOf(variables)}.`, {
        where,
        hint: 'Write name: value lines below the host.',
      });
    }
    addHost(definition, variables || new Map(), group, where, options);
  }
}

function addHost(
  definition: string,
  variables: Dict,
  group: string,
  where: Position,
  { data, origin }: ParseOptions,
): void {
  const { hosts, port } = expandHosts(definition, where);
  if (hosts.length === 0) data.warnings.push(`${where.file}:${where.line ?? 1}: ${definition} stands for no host.`);
  for (const host of hosts) {
    data.addHost(host, group, { port, file: origin });
    for (const [key, value] of variables) data.setVariable(host, key, value, where);
  }
}

function notText(what: string, value: Value, where: Position): StarsError {
  return new StarsError('INVENTORY', `${what} must be text, not ${kindOf(value)}.`, {
    where,
    hint: 'Put it in quotes.',
  });
}

function kindOf(value: Value): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text';
  return typeof value === 'boolean' ? 'a truth value' : 'a number';
}
