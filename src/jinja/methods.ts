import { dictMethods } from './dict-methods.js';
import { listMethods } from './list-methods.js';
import { bind } from './filter.js';
import type { Method } from './method.js';
import { textMethods } from './text-methods.js';
import { Group, Tuple, type Value } from './value.js';

/** A Python method of a text, list, tuple or dict, ready to call; undefined when there is none. */
export function method(object: Value, name: string): Value | undefined {
  if (typeof object === 'string') return bound(object, own(textMethods, name));
  if (object instanceof Map) return bound(object, own(dictMethods, name));
  if (object instanceof Group && (name === 'grouper' || name === 'list')) return object[name];
  if (object instanceof Tuple)
    return name === 'count' || name === 'index' ? bound<Value[]>(object, own(listMethods, name)) : undefined;
  if (Array.isArray(object)) return bound(object, own(listMethods, name));
  return undefined;
}

function own<T>(methods: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

function bound<Self>(self: Self, found: Method<Self> | undefined): Value | undefined {
  if (!found) return undefined;
  return {
    call: (args, kwargs) =>
      found.free ? found.free(self, args, kwargs) : found.run(self, bind(found.names, args, kwargs)),
  };
}
