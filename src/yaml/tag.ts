import { type Dict, Tuple, Unsafe, type Value, VaultText } from '../jinja/value.js';
import { plainScalar, yamlBoolean, yamlFloat, yamlInteger } from './scalar.js';

const CORE = 'tag:yaml.org,2002:';

/** The value of a scalar with an explicit tag; undefined when the tag is unknown or does not fit the text. */
export function taggedScalar(tag: string, text: string): Value | undefined {
  switch (tag) {
    case '!':
    case `${CORE}str`:
      return text;
    case `${CORE}timestamp`:
      return dateText(text);
    case '!unsafe':
      return new Unsafe(text);
    case '!vault':
    case '!vault-encrypted':
      return new VaultText(text);
    case `${CORE}int`:
      return yamlInteger(text);
    case `${CORE}float`:
      return /^[-+]?[\d._:eE+-]+$|^[-+]?\.(inf|nan)$/i.test(text) ? yamlFloat(text) : undefined;
    case `${CORE}bool`:
      return yamlBoolean(text);
    case `${CORE}null`:
      return null;
    case `${CORE}binary`:
      return Buffer.from(text, 'base64').toString('utf8');
    default:
      return undefined;
  }
}

/** The value of a list or dict with an explicit tag; undefined when the tag is unknown. */
export function taggedCollection(tag: string, value: Value[] | Dict): Value | undefined {
  switch (tag) {
    case `${CORE}map`:
    case `${CORE}seq`:
      return value;
    case `${CORE}set`:
      return value instanceof Map ? [...value.keys()] : undefined;
    case `${CORE}omap`:
    case `${CORE}pairs`:
      return Array.isArray(value) ? pairsOf(value) : undefined;
    case '!unsafe':
      return unsafeInside(value);
    default:
      return undefined;
  }
}

function dateText(text: string): string {
  const plain = plainScalar(text);
  return typeof plain === 'string' ? plain : text;
}

/** Each of the mappings, which hold one entry, as Python's tuple of key and value. */
function pairsOf(list: readonly Value[]): Value[] | undefined {
  const pairs = [...list].map((item) =>
    item instanceof Map && item.size === 1 ? Tuple.from([...item].flat()) : undefined,
  );
  return pairs.every((pair) => pair !== undefined) ? pairs : undefined;
}

function unsafeInside(value: Value): Value {
  if (typeof value === 'string') return new Unsafe(value);
  if (Array.isArray(value)) return value.map(unsafeInside);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, unsafeInside(inner)]));
  return value;
}
