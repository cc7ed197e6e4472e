import { repr } from './python-text.js';
import { compare } from './python-value.js';
import { Tuple, Undefined, type Value } from './value.js';

const WIDTH = 80;

/** Python's `pprint.pformat`: what does not fit into a line of 80 characters is spread over several, and dicts are sorted. */
export function prettyText(value: Value): string {
  return pretty(value, 0, 0);
}

/** `indent` is where it begins in its line, `allowance` what has to follow in its last one. */
function pretty(value: Value, indent: number, allowance: number): string {
  const line = oneLine(value);
  if (line.length <= WIDTH - indent - allowance) return line;
  if (value instanceof Map && value.size > 0) return prettyDict(value, indent, allowance);
  if (Array.isArray(value) && value.length > 0) return prettyList(value, indent, allowance);
  return line;
}

function oneLine(value: Value): string {
  if (value instanceof Undefined) return 'AnsibleUndefined';
  if (value instanceof Map)
    return `{${sortedEntries(value)
      .map(([key, inner]) => `${oneLine(key)}: ${oneLine(inner)}`)
      .join(', ')}}`;
  if (!Array.isArray(value)) return repr(value);
  const items = Array.from(value, oneLine).join(', ');
  if (!(value instanceof Tuple)) return `[${items}]`;
  return value.length === 1 ? `(${items},)` : `(${items})`;
}

function prettyDict(dict: Map<Value, Value>, indent: number, allowance: number): string {
  const entries = sortedEntries(dict);
  const parts = entries.map(([key, inner], index) => {
    const name = oneLine(key);
    const last = index === entries.length - 1;
    return `${name}: ${pretty(inner, indent + 1 + name.length + 2, last ? allowance + 1 : 1)}`;
  });
  return `{${parts.join(`,\n${' '.repeat(indent + 1)}`)}}`;
}

function prettyList(list: readonly Value[], indent: number, allowance: number): string {
  const [open, close] = list instanceof Tuple ? ['(', list.length === 1 ? ',)' : ')'] : ['[', ']'];
  const parts = list.map((item, index) =>
    pretty(item, indent + 1, index === list.length - 1 ? allowance + close.length : 1),
  );
  return open + parts.join(`,\n${' '.repeat(indent + 1)}`) + close;
}

// Keys of one type are sorted; of several, Python sorts by the name of the type.
function sortedEntries(dict: Map<Value, Value>): [Value, Value][] {
  return [...dict].sort(([a], [b]) => {
    try {
      return compare(a, b);
    } catch {
      return pythonTypeOrder(a, b);
    }
  });
}

function pythonTypeOrder(a: Value, b: Value): number {
  const [x, y] = [a, b].map((value) => (value === null ? 'NoneType' : typeof value === 'string' ? 'str' : 'int'));
  return (x ?? '') < (y ?? '') ? -1 : 1;
}
