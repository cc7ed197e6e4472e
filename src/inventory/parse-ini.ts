import { StarsError, type Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import { expandHosts } from './host-range.js';
import type { InventoryData } from './inventory-data.js';
import { parsePythonLiteral } from './python-literal.js';
import { splitShellWords, UnclosedQuote, type Word } from './shell-words.js';

type Section = { group: string; kind: 'hosts' | 'children' | 'vars' };

/** Groups that are spoken of before they are declared. */
type Pending = { kind: 'children' | 'vars'; where: Position; parents: string[] };

type Line = { text: string; where: (column?: number) => Position };

/** Adds the hosts and groups of an INI inventory to the data. Throws INVENTORY with the place and what was expected. */
export function parseIniInventory(text: string, { file, data, origin }: ParseOptions): void {
  const pending = new Map<string, Pending>();
  let section: Section = { group: 'ungrouped', kind: 'hosts' };
  for (const line of significantLines(text, file)) {
    const header = readHeader(line);
    if (header) {
      section = header;
      declare(header, line, data, pending);
    } else if (section.kind === 'hosts') {
      addHosts(line, section.group, data, origin);
    } else if (section.kind === 'vars') {
      addVariable(line, section.group, data);
    } else {
      addChildGroup(line, section.group, data, pending);
    }
  }
  refuseUndeclared(pending);
}

/** `origin` holds `inventory_file` and `inventory_dir` for the hosts this source names first. */
export type ParseOptions = { file: string; data: InventoryData; origin: Dict };

function significantLines(text: string, file: string): Line[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/)
    .map((raw, index) => ({
      text: raw.trim(),
      where: (column = 1) => ({ file, line: index + 1, column: column + (raw.length - raw.trimStart().length) }),
    }))
    .filter((line) => line.text !== '' && !/^[#;]/.test(line.text));
}

function readHeader({ text, where }: Line): Section | undefined {
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(text);
  if (!match) {
    if (text.startsWith('[') && text.endsWith(']')) {
      throw new StarsError('INVENTORY', `This is no section header: ${text}`, {
        where: where(),
        hint: 'Write [group], [group:children] or [group:vars], without spaces.',
      });
    }
    return undefined;
  }
  const [, group = '', kind = 'hosts'] = match;
  if (kind === 'hosts' || kind === 'children' || kind === 'vars') return { group, kind };
  throw new StarsError('INVENTORY', `Section [${group}:${kind}] has an unknown type.`, {
    where: where(text.indexOf(':') + 2),
    hint: 'After the colon stands children or vars; hosts stand below [group] alone.',
  });
}

// [g:vars] alone does not make a group; the error waits, because [g] may still follow.
function declare({ group, kind }: Section, line: Line, data: InventoryData, pending: Map<string, Pending>): void {
  if (!data.groups.has(group) && kind === 'vars' && !pending.has(group)) {
    pending.set(group, { kind: 'vars', where: line.where(2), parents: [] });
  }
  data.addGroup(group);
  const waiting = pending.get(group);
  if (!waiting || kind === 'vars') return;
  for (const parent of waiting.parents) data.addChild(parent, group, waiting.where);
  pending.delete(group);
}

function addHosts(line: Line, group: string, data: InventoryData, origin: Dict): void {
  const [name, ...assignments] = splitLine(line);
  if (!name || name.text === '') throw expected('a host name', line, name?.column);
  if (name.text === '---') {
    throw new StarsError('INVENTORY', 'This looks like YAML, but the file is read as INI.', {
      where: line.where(),
      hint: 'A YAML inventory is a mapping of groups: all: {hosts: …, children: …}.',
    });
  }
  const { hosts, port } = expandHosts(name.text, line.where(name.column));
  if (hosts.length === 0) data.warnings.push(`${place(line)}: ${name.text} stands for no host.`);
  const variables = assignments.map((word) => readAssignment(word, line));
  for (const host of hosts) {
    data.addHost(host, group, { port, file: origin });
    for (const [key, value] of variables) data.setVariable(host, key, value, line.where());
  }
}

function splitLine(line: Line): Word[] {
  try {
    return splitShellWords(line.text);
  } catch (error) {
    if (!(error instanceof UnclosedQuote)) throw error;
    throw new StarsError('INVENTORY', `${error.message}.`, {
      where: line.where(error.column),
      hint: 'Close the quote, or put a \\ before it.',
    });
  }
}

function readAssignment({ text, column }: Word, line: Line): [string, Value] {
  const equals = text.indexOf('=');
  if (equals === -1) throw expected(`key=value, not "${text}"`, line, column);
  return [text.slice(0, equals), readValue(text.slice(equals + 1))];
}

function addVariable(line: Line, group: string, data: InventoryData): void {
  const equals = line.text.indexOf('=');
  if (equals === -1) throw expected(`key=value, not "${line.text}"`, line);
  const key = line.text.slice(0, equals).trim();
  data.setVariable(group, key, readValue(line.text.slice(equals + 1).trim()), line.where());
}

/** As Ansible: what Python can read as a literal is that, anything else is text. */
function readValue(text: string): Value {
  const literal = parsePythonLiteral(text);
  return literal === undefined ? text : listsForTuples(literal);
}

/** Templating, which every variable goes through, makes lists of tuples. */
function listsForTuples(value: Value): Value {
  if (Array.isArray(value)) return Array.from(value, listsForTuples);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, listsForTuples(inner)]));
  return value;
}

function addChildGroup(line: Line, parent: string, data: InventoryData, pending: Map<string, Pending>): void {
  const child = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(line.text)?.[1];
  if (child === undefined) throw expected(`the name of one group, not "${line.text}"`, line);
  if (data.groups.has(child)) return data.addChild(parent, child, line.where());
  const waiting = pending.get(child);
  if (waiting) waiting.parents.push(parent);
  else pending.set(child, { kind: 'children', where: line.where(), parents: [parent] });
}

function refuseUndeclared(pending: Map<string, Pending>): void {
  for (const [group, { kind, where, parents }] of pending) {
    const section = kind === 'vars' ? `[${group}:vars]` : `[${parents[0]}:children]`;
    throw new StarsError('INVENTORY', `${section} names the group ${group}, which is declared nowhere.`, {
      where,
      hint: `Add a section [${group}], even an empty one, or remove this line.`,
    });
  }
}

function expected(what: string, line: Line, column?: number): StarsError {
  return new StarsError('INVENTORY', `Expected ${what}.`, {
    where: line.where(column),
    hint: 'Below [group] stand hosts: name key=value …; below [group:vars] key=value; below [group:children] names of groups.',
  });
}

function place(line: Line): string {
  const { file, line: number } = line.where();
  return `${file}:${number}`;
}
