import { LazyDict } from '../jinja/lazy-dict.js';
import { Tuple, type Value, VaultText } from '../jinja/value.js';
import { looksLikeTemplate } from './unsafe.js';

export type InertValues = { has(value: Value): boolean };

/** Which lists and dicts hold nothing that templating changes, so that large ones such as facts are looked through only once. */
export function createInertValues(): InertValues {
  const known = new WeakMap<object, boolean>();

  function has(value: Value): boolean {
    if (typeof value === 'string') return !looksLikeTemplate(value);
    if (value === null || typeof value !== 'object') return true;
    if (value instanceof VaultText || value instanceof LazyDict || value instanceof Tuple) return false;
    if (!Array.isArray(value) && !(value instanceof Map)) return true;
    const before = known.get(value);
    if (before !== undefined) return before;
    const inert = Array.isArray(value) ? value.every(has) : [...value.values()].every(has);
    known.set(value, inert);
    return inert;
  }

  return { has };
}
