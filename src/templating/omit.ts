import { LazyDict } from '../jinja/lazy-dict.js';
import { Unsafe, type Value } from '../jinja/value.js';

/** What the variable `omit` holds: an argument with this value counts as not given. */
export const OMIT = '__omit_place_holder__75f6a1c2d3e84b90a1f5c2b7d8e94f60';

function isOmitted(value: Value): boolean {
  return value === OMIT || (value instanceof Unsafe && value.text === OMIT);
}

/** The value without omitted entries of dicts and lists, however deep. */
export function dropOmitted(value: Value): Value {
  if (Array.isArray(value)) return value.filter((item) => !isOmitted(item)).map(dropOmitted);
  if (value instanceof Map && !(value instanceof LazyDict)) {
    return new Map(
      [...value].filter(([, inner]) => !isOmitted(inner)).map(([key, inner]) => [key, dropOmitted(inner)]),
    );
  }
  return value;
}
