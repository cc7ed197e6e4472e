import { checkLength } from './length-limit.js';
import { repr, reprFloat, str } from './python-text.js';
import { compare, isText, typeName } from './python-value.js';
import { templateError, undefinedError } from './template-error.js';
import { Float, Undefined, type Value, VaultText } from './value.js';

export type JsonLayout = {
  indent?: string | undefined;
  sortKeys?: boolean;
  itemSeparator?: string;
  keySeparator?: string;
  ascii?: boolean;
};

// What a value counts besides its characters, so that millions of empty lists come to an end soon.
const COST_OF_A_VALUE = 20;

/** Python's `json.dumps`. Throws TEMPLATE for what JSON cannot hold. */
export function toJson(
  value: Value,
  { indent, sortKeys = false, itemSeparator, keySeparator = ': ', ascii = true }: JsonLayout = {},
): string {
  const separator = itemSeparator ?? (indent === undefined ? ', ' : ',');
  let size = 0;
  const sized = (text: string) => {
    size += text.length;
    checkLength(size);
    return text;
  };
  const quoted = (text: string) => sized(ascii ? escapeNonAscii(JSON.stringify(text)) : JSON.stringify(text));
  const wrap = (open: string, parts: string[], close: string, depth: number): string => {
    if (parts.length === 0) return open + close;
    if (indent === undefined) return open + parts.join(separator) + close;
    const line = `\n${indent.repeat(depth + 1)}`;
    return `${open}${line}${parts.join(separator + line)}\n${indent.repeat(depth)}${close}`;
  };
  const write = (inner: Value, depth: number): string => {
    size += COST_OF_A_VALUE;
    checkLength(size);
    if (depth > 500) throw templateError('This value is nested too deeply for JSON.');
    if (inner === null) return 'null';
    if (typeof inner === 'boolean') return String(inner);
    if (typeof inner === 'number' || typeof inner === 'bigint') return sized(String(inner));
    if (inner instanceof Float) return floatText(inner.value);
    if (isText(inner)) return quoted(str(inner));
    if (inner instanceof VaultText) return quoted(inner.text);
    if (Array.isArray(inner))
      return wrap(
        '[',
        Array.from(inner, (item) => write(item, depth + 1)),
        ']',
        depth,
      );
    if (inner instanceof Map) {
      // Python orders keys as what they are, before they are texts: numbers by size, and not beside texts.
      const entries = sortKeys ? [...inner].sort(([a], [b]) => compare(a, b)) : [...inner];
      return wrap(
        '{',
        entries.map(([key, item]) => quoted(jsonKey(key)) + keySeparator + write(item, depth + 1)),
        '}',
        depth,
      );
    }
    if (inner instanceof Undefined) throw undefinedError(inner);
    throw templateError(`Object of type ${typeName(inner)} is not JSON serializable`);
  };
  return write(value, 0);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? reprFloat(value) : value > 0 ? 'Infinity' : '-Infinity';
}

function jsonKey(key: Value): string {
  if (isText(key)) return str(key);
  if (key === null) return 'null';
  if (typeof key === 'boolean') return String(key);
  if (key instanceof Float) return floatText(key.value);
  if (Array.isArray(key)) throw templateError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
  return repr(key);
}

function escapeNonAscii(text: string): string {
  return text.replace(/[\u007F-\uFFFF]/g, (char) =>
    char === '\u007F' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
