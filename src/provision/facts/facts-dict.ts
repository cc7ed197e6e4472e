import type { Dict, Value } from '../../jinja/value.js';

/** A dict of these entries, without those that are undefined. */
export function dict(entries: Record<string, Value | undefined>): Dict {
  return new Map(Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
