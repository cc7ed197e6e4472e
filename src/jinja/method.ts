import type { Bound } from './filter.js';
import type { Value } from './value.js';

/** A method of a Python type: with named parameters, or `free` to take any. */
export type Method<Self> = {
  names: readonly string[];
  run(self: Self, args: Bound): Value;
  /** Takes any arguments instead of named ones. */
  free?: (self: Self, args: readonly Value[], kwargs: ReadonlyMap<string, Value>) => Value;
};
