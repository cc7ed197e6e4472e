import { toIndex } from './arithmetic.js';
import { method } from './methods.js';
import { characters, repr, str } from './python-text.js';
import { dictGet, isInteger, isText, typeName, unwrap } from './python-value.js';
import { templateError, undefinedError } from './template-error.js';
import { Attributes, Tuple, Undefined, type Value } from './value.js';

export type SliceKey = { start: Value | undefined; stop: Value | undefined; step: Value | undefined };

/** Jinja2's `object.name`: a method first, then the key of that name. Undefined when there is none. */
export function attribute(objectValue: Value, name: string): Value {
  const object = unwrap(objectValue);
  if (object instanceof Undefined) return object;
  const found = object instanceof Attributes ? object.attributes.get(name) : method(object, name);
  if (found !== undefined) return found;
  const value = object instanceof Map ? dictGet(object, name) : undefined;
  return value === undefined ? missing(object, name) : value;
}

/** Jinja2's `object[key]`: the key or index first, then the method of that name. Undefined when there is none. */
export function item(objectValue: Value, keyValue: Value): Value {
  const object = unwrap(objectValue);
  if (object instanceof Undefined) return object;
  const key = unwrap(keyValue);
  if (key instanceof Undefined) throw undefinedError(key);
  const value = object instanceof Map ? dictGet(object, key) : indexed(object, key);
  if (value !== undefined) return value;
  if (typeof key === 'string') {
    const found = object instanceof Attributes ? object.attributes.get(key) : method(object, key);
    if (found !== undefined) return found;
  }
  return missing(object, key);
}

function indexed(object: Value, key: Value): Value | undefined {
  if (!isInteger(key) && typeof key !== 'boolean') return undefined;
  if (!Array.isArray(object) && !isText(object)) return undefined;
  const list = Array.isArray(object) ? object : characters(str(object));
  const index = Number(key);
  return list[index < 0 ? list.length + index : index];
}

function missing(object: Value, key: Value): Undefined {
  const kind = object === null ? 'None' : `${typeName(object)} object`;
  if (typeof key === 'string') return new Undefined(key, `'${kind}' has no attribute '${key}'`);
  return new Undefined(repr(key), `${kind} has no element ${repr(key)}`);
}

/** Python's `object[start:stop:step]` of a list, tuple or text. */
export function slice(objectValue: Value, { start, stop, step }: SliceKey): Value {
  const object = unwrap(objectValue);
  if (object instanceof Undefined) return object;
  if (!Array.isArray(object) && typeof object !== 'string')
    throw templateError(`'${typeName(object)}' object is not subscriptable`);
  const list: readonly Value[] = Array.isArray(object) ? object : Array.from(object);
  const picked = sliceIndices(list.length, bound(start), bound(stop), bound(step) ?? 1).map(
    (index) => list[index] ?? null,
  );
  if (typeof object === 'string') return picked.map(str).join('');
  return object instanceof Tuple ? Tuple.from(picked) : picked;
}

function bound(value: Value | undefined): number | undefined {
  return value === undefined || value === null ? undefined : toIndex(value, 'slice indices');
}

function sliceIndices(length: number, start: number | undefined, stop: number | undefined, step: number): number[] {
  if (step === 0) throw templateError('slice step cannot be zero');
  const clamp = (index: number, low: number, high: number) =>
    Math.min(Math.max(index < 0 ? index + length : index, low), high);
  const forward = step > 0;
  const from =
    start === undefined ? (forward ? 0 : length - 1) : clamp(start, forward ? 0 : -1, forward ? length : length - 1);
  const to =
    stop === undefined ? (forward ? length : -1) : clamp(stop, forward ? 0 : -1, forward ? length : length - 1);
  const indices: number[] = [];
  for (let index = from; forward ? index < to : index > to; index += step) indices.push(index);
  return indices;
}
