import { str, textLength } from './python-text.js';
import { templateError, undefinedError } from './template-error.js';
import {
  Attributes,
  type Callable,
  type Dict,
  Float,
  Tuple,
  Undefined,
  Unsafe,
  type Value,
  VaultText,
} from './value.js';

export type PythonNumber = number | bigint | Float;

/** Text for an Unsafe, every other value as it is. */
export function unwrap(value: Value): Value {
  return value instanceof Unsafe ? value.text : value;
}

export function isNumber(value: Value): value is PythonNumber {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Float;
}

export function isInteger(value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function isCallable(value: Value): value is Callable {
  return typeof value === 'object' && value !== null && 'call' in value && typeof value.call === 'function';
}

export function isText(value: Value): value is string | Unsafe {
  return typeof value === 'string' || value instanceof Unsafe;
}

/** The text of a value that has to be one. Throws TEMPLATE or UNDEFINED_VARIABLE for any other. */
export function requireText(value: Value): string {
  if (value instanceof Undefined) throw undefinedError(value);
  if (!isText(value)) throw templateError(`A text is needed here, not ${typeName(value)}.`);
  return str(value);
}

/** Python's `bool(value)`. Throws UNDEFINED_VARIABLE. */
export function truthy(value: Value): boolean {
  if (value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'bigint') return value !== 0n;
  if (value instanceof Float) return value.value !== 0;
  if (typeof value === 'string') return value !== '';
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (value instanceof Unsafe) return value.text !== '';
  if (value instanceof Undefined) {
    if (value.silent) return false;
    throw undefinedError(value);
  }
  return true;
}

/** Python's name of a value's type. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (isInteger(value)) return 'int';
  if (value instanceof Float) return 'float';
  if (isText(value)) return 'str';
  if (value instanceof Tuple) return 'tuple';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Map) return 'dict';
  if (value instanceof Undefined) return 'AnsibleUndefined';
  if (value instanceof VaultText) return 'AnsibleVaultEncryptedUnicode';
  return value instanceof Attributes ? value.kind : 'function';
}

/** A number as JS has it, booleans counting 1 and 0; undefined when it is none. */
export function toNumber(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Float ? value.value : undefined;
}

/** Python's `==`. Throws UNDEFINED_VARIABLE. */
export function equals(left: Value, right: Value): boolean {
  if (isSilent(left) || isSilent(right)) return isSilent(left) && isSilent(right);
  if (left instanceof Undefined) throw undefinedError(left);
  if (right instanceof Undefined) throw undefinedError(right);
  const a = unwrap(left);
  const b = unwrap(right);
  if (a === b) return true;
  const x = toNumber(a);
  const y = toNumber(b);
  // oxlint-disable-next-line eqeqeq -- a bigint and a number of the same value are equal
  if (x !== undefined && y !== undefined) return x == y;
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a instanceof Tuple !== b instanceof Tuple || a.length !== b.length) return false;
    return a.every((item, index) => equals(item, b[index] ?? null));
  }
  if (a instanceof Map && b instanceof Map) return equalDicts(a, b);
  return false;
}

function isSilent(value: Value): boolean {
  return value instanceof Undefined && value.silent;
}

function equalDicts(a: Dict, b: Dict): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = dictGet(b, key);
    if (other === undefined || !equals(value, other)) return false;
  }
  return true;
}

/** Python's `<`, as a number below, at or above zero. Throws TEMPLATE for types that have no order. */
export function compare(left: Value, right: Value, operator = '<'): number {
  if (left instanceof Undefined) throw undefinedError(left);
  if (right instanceof Undefined) throw undefinedError(right);
  const a = unwrap(left);
  const b = unwrap(right);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  const x = toNumber(a);
  const y = toNumber(b);
  if (x !== undefined && y !== undefined)
    return x < y ? -1 : x > y ? 1 : x === y || Number(x) === Number(y) ? 0 : Number.NaN;
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple)
    return compareLists(a, b, operator);
  throw templateError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

function compareLists(a: Value[], b: Value[], operator: string): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x, y] = [a[index] ?? null, b[index] ?? null];
    if (!equals(x, y)) return compare(x, y, operator);
  }
  return a.length - b.length;
}

// By code point, which for text beyond the basic plane is not what JS's `<` does.
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  for (let index = 0; index < Math.min(a.length, b.length); ) {
    const x = a.codePointAt(index) ?? 0;
    const y = b.codePointAt(index) ?? 0;
    if (x !== y) return x - y;
    index += x > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
}

/** The value under a key as Python finds it: 1, 1.0 and True are one key. */
export function dictGet(dict: Dict, key: Value): Value | undefined {
  const found = dictKey(dict, key);
  return found === undefined ? undefined : dict.get(found);
}

/** The key of a dict that equals this one; undefined when there is none. */
export function dictKey(dict: Dict, key: Value): Value | undefined {
  const plain = unwrap(key);
  if (dict.has(plain)) return plain;
  if (typeof plain === 'string' || plain === null || plain instanceof Undefined) return undefined;
  for (const candidate of dict.keys()) if (typeof candidate !== 'string' && equals(candidate, plain)) return candidate;
  return undefined;
}

export function dictSet(dict: Dict, key: Value, value: Value): void {
  const plain = unwrap(key);
  requireHashable(plain);
  if (plain instanceof Undefined) throw undefinedError(plain);
  dict.set(dictKey(dict, plain) ?? plain, value);
}

/** Throws TEMPLATE for a list or dict, which cannot be the key of a dict. */
function requireHashable(value: Value): void {
  if (Array.isArray(value) && !(value instanceof Tuple)) throw templateError("unhashable type: 'list'");
  if (value instanceof Map) throw templateError("unhashable type: 'dict'");
}

/** The items a Python `for` would see: of a list, a dict's keys, a text's characters. */
export function iterate(value: Value): Value[] {
  if (value instanceof Tuple) return [...value];
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value.keys()];
  if (isText(value)) return Array.from(str(value));
  if (isSilent(value)) return [];
  if (value instanceof Undefined) throw undefinedError(value);
  throw templateError(`'${typeName(value)}' object is not iterable`);
}

export function isIterable(value: Value): boolean {
  return Array.isArray(value) || value instanceof Map || isText(value);
}

/** Python's `len(value)`. */
export function length(value: Value): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (isText(value)) return textLength(str(value));
  if (isSilent(value)) return 0;
  if (value instanceof Undefined) throw undefinedError(value);
  throw templateError(`object of type '${typeName(value)}' has no len()`);
}

/** Python's `item in container`. */
export function contains(container: Value, item: Value): boolean {
  if (container instanceof Undefined) throw undefinedError(container);
  if (container instanceof Map) {
    if (item instanceof Undefined) throw undefinedError(item);
    requireHashable(item);
    return dictKey(container, item) !== undefined;
  }
  if (Array.isArray(container)) return container.some((candidate) => equals(candidate, item));
  if (isText(container)) {
    if (item instanceof Undefined) throw undefinedError(item);
    if (!isText(item)) throw templateError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    return str(container).includes(str(item));
  }
  throw templateError(`argument of type '${typeName(container)}' is not iterable`);
}
