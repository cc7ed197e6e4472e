import { toIndex } from './arithmetic.js';
import { checkLength } from './length-limit.js';
import type { Method } from './method.js';
import { repr } from './python-text.js';
import { compare, equals, iterate, truthy } from './python-value.js';
import { templateError } from './template-error.js';
import type { Value } from './value.js';

type ListMethod = Method<Value[]>;

/** Python's methods of `list`, by name; those that change the list give None. */
export const listMethods: Record<string, ListMethod> = {
  append: changing(['object'], (self, { object }) => {
    checkLength(self.push(object ?? null));
  }),
  extend: changing(['iterable'], (self, { iterable }) => {
    const items = [...iterate(iterable ?? null)];
    checkLength(self.length + items.length);
    for (const item of items) self.push(item);
  }),
  insert: changing(['index', 'object'], (self, { index, object }) => {
    self.splice(toIndex(index ?? 0), 0, object ?? null);
  }),
  remove: changing(['value'], (self, { value }) => {
    self.splice(indexOf(self, value ?? null), 1);
  }),
  clear: changing([], (self) => {
    self.length = 0;
  }),
  reverse: changing([], (self) => {
    self.reverse();
  }),
  sort: changing(['reverse', 'key'], (self, { reverse }) => {
    self.sort((a, b) => compare(a, b));
    if (reverse !== undefined && truthy(reverse)) self.reverse();
  }),
  pop: { names: ['index'], run: (self, { index }) => pop(self, toIndex(index ?? -1)) },
  copy: { names: [], run: (self) => [...self] },
  count: { names: ['value'], run: (self, { value }) => self.filter((item) => equals(item, value ?? null)).length },
  index: {
    names: ['value', 'start', 'stop'],
    run: (self, { value, start, stop }) => indexOf(self, value ?? null, start, stop),
  },
};

function changing(
  names: readonly string[],
  change: (self: Value[], args: Record<string, Value | undefined>) => void,
): ListMethod {
  return {
    names,
    run(self, args) {
      change(self, args);
      return null;
    },
  };
}

function pop(self: Value[], index: number): Value {
  const [removed] = self.splice(index, 1);
  if (removed === undefined) throw templateError(self.length === 0 ? 'pop from empty list' : 'pop index out of range');
  return removed;
}

function indexOf(self: Value[], value: Value, start?: Value, stop?: Value): number {
  const from = toIndex(start ?? 0);
  const to = stop === undefined ? self.length : toIndex(stop);
  const index = self.findIndex(
    (item, at) =>
      at >= (from < 0 ? self.length + from : from) && at < (to < 0 ? self.length + to : to) && equals(item, value),
  );
  if (index < 0) throw templateError(`${repr(value)} is not in list`);
  return index;
}
