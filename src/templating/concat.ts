import { joinText } from '../jinja/execute.js';
import { LazyDict } from '../jinja/lazy-dict.js';
import { Float, Tuple, Undefined, Unsafe, type Value } from '../jinja/value.js';
import { undefinedError } from '../jinja/template-error.js';
import { parsePythonLiteral } from './python-literal.js';

/** Ansible's way of putting printed pieces together: a result that reads as a list, dict or boolean becomes one. */
export function evaluatingConcat(parts: Value[]): Value {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    if (only instanceof Unsafe && only.verbatim) return only;
    if (typeof only === 'boolean') return only;
    if ((Array.isArray(only) || only instanceof Map) && !(only instanceof Tuple) && survivesLiteral(only)) return only;
  }
  const text = joinText(parts);
  if (!text.startsWith('{') && !text.startsWith('[') && text !== 'True' && text !== 'False') return text;
  return parsePythonLiteral(text) ?? bareTuple(text) ?? text;
}

/** Lists or dicts with commas between them are a tuple to Python. */
function bareTuple(text: string): Value | undefined {
  return text.includes(',') && !text.includes('\n') ? parsePythonLiteral(`(${text})`) : undefined;
}

/** Whether printing the value and reading it back gives the same, so that both can be spared. */
function survivesLiteral(value: Value, seen = new Set<Value>()): boolean {
  if (value === null || typeof value !== 'object' || value instanceof Unsafe || value instanceof LazyDict) return true;
  if (value instanceof Float) return Number.isFinite(value.value);
  if (seen.has(value)) return true;
  seen.add(value);
  if (Array.isArray(value)) return value.every((item) => survivesLiteral(item, seen));
  return value instanceof Map && [...value].flat().every((item) => survivesLiteral(item, seen));
}

/** What an output becomes before it is text: None is nothing, and undefined values inside lists and dicts are errors. */
export function finalize(value: Value): Value {
  if (value === null) return '';
  failOnUndefined(value, new Set());
  return value;
}

function failOnUndefined(value: Value, seen: Set<Value>): void {
  if (value instanceof Undefined && !value.silent) throw undefinedError(value);
  if (!Array.isArray(value) && (!(value instanceof Map) || value instanceof LazyDict)) return;
  if (seen.has(value)) return;
  seen.add(value);
  for (const item of value.values()) failOnUndefined(item, seen);
}
