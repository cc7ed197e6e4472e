import type { Method } from './method.js';
import { repr, str } from './python-text.js';
import { dictGet, dictKey, dictSet, iterate } from './python-value.js';
import { templateError } from './template-error.js';
import { type Dict, Tuple, type Value } from './value.js';

type DictMethod = Method<Dict>;

/** Python's methods of `dict`, by name. Views are lists. */
export const dictMethods: Record<string, DictMethod> = {
  keys: { names: [], run: (self) => [...self.keys()] },
  values: { names: [], run: (self) => [...self.values()] },
  items: { names: [], run: (self) => items(self) },
  get: {
    names: ['key', 'default'],
    run(self, args) {
      const value = dictGet(self, args['key'] ?? null);
      return value === undefined ? (args['default'] ?? null) : value;
    },
  },
  copy: { names: [], run: (self) => new Map(self) },
  pop: { names: ['key', 'default'], run: (self, args) => pop(self, args['key'] ?? null, args['default']) },
  popitem: { names: [], run: popItem },
  setdefault: {
    names: ['key', 'default'],
    run: (self, args) => setDefault(self, args['key'] ?? null, args['default'] ?? null),
  },
  clear: {
    names: [],
    run(self) {
      self.clear();
      return null;
    },
  },
  update: { names: [], run: () => null, free: update },
  fromkeys: {
    names: ['iterable', 'value'],
    run: (_self, { iterable, value }) => new Map(iterate(iterable ?? null).map((key) => [key, value ?? null])),
  },
};

/** The pairs of a dict as tuples. */
export function items(dict: Dict): Tuple[] {
  return [...dict].map((pair) => Tuple.from(pair) as Tuple);
}

function pop(self: Dict, key: Value, fallback: Value | undefined): Value {
  const found = dictKey(self, key);
  if (found === undefined) {
    if (fallback !== undefined) return fallback;
    throw templateError(`KeyError: ${repr(key)}`);
  }
  const value = self.get(found) ?? null;
  self.delete(found);
  return value;
}

function popItem(self: Dict): Value {
  const last = [...self].at(-1);
  if (!last) throw templateError('popitem(): dictionary is empty');
  self.delete(last[0]);
  return Tuple.from(last);
}

function setDefault(self: Dict, key: Value, fallback: Value): Value {
  const known = dictGet(self, key);
  if (known !== undefined) return known;
  dictSet(self, key, fallback);
  return fallback;
}

function update(self: Dict, args: readonly Value[], kwargs: ReadonlyMap<string, Value>): Value {
  const [other] = args;
  for (const [key, value] of other === undefined ? [] : pairs(other)) dictSet(self, key, value);
  for (const [key, value] of kwargs) self.set(key, value);
  return null;
}

/** The pairs of a dict, or of a list of pairs. */
export function pairs(value: Value): [Value, Value][] {
  if (value instanceof Map) return [...value];
  return iterate(value).map((pair) => {
    const [key, inner, more] = iterate(pair);
    if (key === undefined || inner === undefined || more !== undefined)
      throw templateError(`${str(pair)} is no pair of a key and a value.`);
    return [key, inner];
  });
}
