import { runInNewContext } from 'node:vm';
import { StarsError } from '../errors.js';
import { toJsRegExp } from '../jinja/python-regex.js';
import { didYouMean } from '../near-names.js';
import { parseHostAddress } from './host-range.js';
import { LOCAL_NAMES, type InventoryData } from './inventory-data.js';

export type HostMatch = { hosts: string[]; warnings: string[] };

export type Hosts = Pick<InventoryData, 'groups' | 'hosts' | 'hostsOf'>;

/** The hosts that Ansible's pattern stands for, in its order; a name that is no host or group is a warning. */
export function matchPattern(pattern: string | readonly string[], hosts: Hosts): HostMatch {
  const parts = orderParts(splitPattern(pattern));
  const warnings: string[] = [];
  let matched: string[] = [];
  // Of the names for this machine the first that is used names the implicit host.
  let local: string | undefined;
  const named = (name: string) => (LOCAL_NAMES.includes(name) && !hosts.hosts.has(name) ? (local ??= name) : name);
  for (const part of parts) {
    const found = hosts.hosts.has(part) ? { hosts: [part], known: true } : matchPart(part.replace(/^[!&]/, ''), hosts);
    found.hosts = found.hosts.map(named);
    if (!found.known) warnings.push(`No host or group is called ${part.replace(/^[!&]/, '')}.`);
    const names = new Set(found.hosts);
    if (part.startsWith('!')) matched = matched.filter((host) => !names.has(host));
    else if (part.startsWith('&')) matched = matched.filter((host) => names.has(host));
    else matched.push(...found.hosts);
  }
  return { hosts: [...new Set(matched)], warnings };
}

/** The hosts of a pattern that a person typed: an unknown name, or no host at all, throws UNKNOWN_HOST_PATTERN. */
export function requirePattern(pattern: string | readonly string[], hosts: Hosts): string[] {
  for (const part of splitPattern(pattern)) {
    const name = part.replace(/^[!&]/, '');
    if (!hosts.hosts.has(part) && !isWildcard(name) && !matchPart(name, hosts).known) throw unknownName(name, hosts);
  }
  const matched = matchPattern(pattern, hosts).hosts;
  if (matched.length > 0) return matched;
  throw new StarsError('UNKNOWN_HOST_PATTERN', `No host matches ${[pattern].flat().join(',')}.`, {
    hint: overview(hosts),
  });
}

/** Ansible's rule: commas separate; without one, colons do, unless the whole is one name, range or IPv6 address. */
export function splitPattern(pattern: string | readonly string[]): string[] {
  const parts = typeof pattern === 'string' ? splitOne(pattern) : pattern.flatMap(splitOne);
  const trimmed = parts.map((part) => part.trim()).filter((part) => part !== '' && part !== '!' && part !== '&');
  if (trimmed.length > 0) return trimmed;
  throw new StarsError('UNKNOWN_HOST_PATTERN', 'The host pattern is empty.', { hint: 'Write all for every host.' });
}

function splitOne(pattern: string): string[] {
  if (pattern.includes(',')) return pattern.split(',');
  if (parseHostAddress(pattern)) return [pattern];
  return pattern.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? [];
}

function orderParts(parts: string[]): string[] {
  const excluded = parts.filter((part) => part.startsWith('!'));
  const required = parts.filter((part) => part.startsWith('&'));
  const regular = parts.filter((part) => !/^[!&]/.test(part));
  return [...(regular.length > 0 ? regular : ['all']), ...required, ...excluded];
}

type Found = { hosts: string[]; known: boolean };

function matchPart(part: string, hosts: Hosts): Found {
  const { expression, subscript } = splitSubscript(part);
  const found = enumerate(expression, hosts);
  return subscript ? { ...found, hosts: applySubscript(found.hosts, subscript, part) } : found;
}

type Subscript = { start: number; end: number | undefined };

function splitSubscript(part: string): { expression: string; subscript?: Subscript } {
  if (part.startsWith('~')) return { expression: part };
  const match = /^(.+)\[(?:(-?\d+)|(\d+)[:-](\d*))\]$/.exec(part);
  if (!match) return { expression: part };
  const [, expression = '', index, start, end] = match;
  if (index !== undefined) return { expression, subscript: { start: Number(index), end: undefined } };
  return { expression, subscript: { start: Number(start), end: end ? Number(end) : -1 } };
}

// Ansible takes an end of 0 for no end: g[2:0] is g[2].
function applySubscript(hosts: string[], { start, end }: Subscript, part: string): string[] {
  if (hosts.length === 0) return hosts;
  if (end) return end === -1 ? hosts.slice(start) : hosts.slice(start, end + 1);
  const host = hosts.at(start);
  if (host !== undefined) return [host];
  throw new StarsError('UNKNOWN_HOST_PATTERN', `${part} asks for a host beyond the ${hosts.length} there are.`, {
    hint: 'Counting starts at 0; -1 is the last.',
  });
}

function enumerate(expression: string, hosts: Hosts): Found {
  const groups = matching([...hosts.groups.keys()], expression);
  const found = groups.flatMap((group) => hosts.hostsOf(group));
  if (groups.length === 0 || isWildcard(expression) || expression.includes('.')) {
    found.push(...matching([...hosts.hosts.keys()], expression));
  }
  if (found.length === 0 && LOCAL_NAMES.includes(expression)) found.push(localHost(expression, hosts));
  return { hosts: found, known: found.length > 0 || groups.length > 0 || expression === 'all' };
}

/** The inventory's own host for this machine under another name, else the implicit one. */
function localHost(name: string, { hosts }: Hosts): string {
  return [...hosts.keys()].find((host) => LOCAL_NAMES.includes(host)) ?? name;
}

function isWildcard(expression: string): boolean {
  return expression.startsWith('~') || /[?*[]/.test(expression);
}

function matching(names: string[], expression: string): string[] {
  if (!isWildcard(expression)) return names.filter((name) => name === expression);
  return filterByExpression(names, expression);
}

// A typed expression such as (a+)+$ can take for ever; only a separate context can be stopped while it matches.
function filterByExpression(names: string[], expression: string): string[] {
  try {
    const source = expression.startsWith('~') ? pythonExpression(expression.slice(1)) : globExpression(expression);
    const matched: unknown = runInNewContext(
      'const expression = new RegExp(source, "su"); JSON.stringify(names.map((name) => expression.test(name)))',
      { source, names },
      { timeout: 1_000 },
    );
    const flags: unknown = JSON.parse(String(matched));
    return names.filter((_name, index) => Array.isArray(flags) && flags[index] === true);
  } catch (cause) {
    throw new StarsError('UNKNOWN_HOST_PATTERN', `${expression} cannot be used as a pattern of hosts.`, {
      hint: 'After ~ stands a regular expression; otherwise * and ? and [abc] are wildcards.',
      cause,
    });
  }
}

/** What Python's `re.match` would do with it: anchored at the start only. */
function pythonExpression(source: string): string {
  return `^(?:${toJsRegExp(source, 's').source})`;
}

/** The source of a regular expression that matches what Python's `fnmatch` does. */
export function globExpression(glob: string): string {
  const translated = glob.replace(
    /\*+|\?|\[(!?)(\]?[^\]]*)\]|[\\^$.|+()[\]{}/]/g,
    (token, not?: string, set?: string) => {
      if (token.startsWith('*')) return '.*';
      if (token === '?') return '.';
      if (set !== undefined)
        return `[${not ? '^' : ''}${withoutEmptyRanges(set).replace(/[\\\]^[]/g, String.raw`\$&`)}]`;
      return `\\${token}`;
    },
  );
  return `^(?:${translated})$`;
}

/** Of `9-0` a shell's pattern takes nothing: `g[-3:-1]`, which is no slice, is `g` with one of `-` and `3`. */
function withoutEmptyRanges(set: string): string {
  return set.replace(/([^])-([^])/g, (range, from: string, to: string) => (from > to ? '' : range));
}

function unknownName(name: string, hosts: Hosts): StarsError {
  const known = [...hosts.groups.keys(), ...hosts.hosts.keys()];
  return new StarsError('UNKNOWN_HOST_PATTERN', `No host or group is called ${name}.`, {
    hint: didYouMean(name, known) ?? overview(hosts),
  });
}

function overview({ groups, hosts }: Hosts): string {
  const names = [...groups.keys()].filter((name) => name !== 'ungrouped').slice(0, 20);
  return `The inventory has ${hosts.size} hosts in the groups ${names.join(', ')}.`;
}
