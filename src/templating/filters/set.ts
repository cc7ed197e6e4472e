import { filter, type Filter, required } from '../../jinja/filter.js';
import { distinct } from '../../jinja/filters/list.js';
import { equals, isText, iterate, unwrap } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import type { Value } from '../../jinja/value.js';

/** Ansible's set filters; they keep the order of the first list. */
export const setFilters: Record<string, Filter> = {
  unique: filter(['case_sensitive', 'attribute'], (value, { case_sensitive: caseSensitive, attribute }, context) => {
    const fold = caseSensitive !== true;
    const get = (item: Value) => (attribute === undefined || attribute === null ? item : context.item(item, attribute));
    const key = (item: Value) => {
      const found = get(item);
      return fold && typeof found === 'string' ? found.toLowerCase() : found;
    };
    return distinct(iterate(value), key);
  }),
  union: filter(['b'], (value, { b }) => {
    if (isText(value) !== isText(b ?? null)) throw templateError('A text and a list have no union.');
    return distinct([...iterate(value), ...other(b)]);
  }),
  intersect: filter(['b'], (value, { b }) => {
    const inOther = membership(other(b));
    return distinct(iterate(value)).filter(inOther);
  }),
  difference: filter(['b'], (value, { b }) => {
    const inOther = membership(other(b));
    return distinct(iterate(value)).filter((item) => !inOther(item));
  }),
  symmetric_difference: filter(['b'], (value, { b }) => {
    const inOwn = membership(iterate(value));
    const inOther = membership(other(b));
    return distinct([...iterate(value), ...other(b)]).filter((item) => !(inOwn(item) && inOther(item)));
  }),
};

function other(list: Value | undefined): Value[] {
  return iterate(required(list, 'b'));
}

function membership(list: readonly Value[]): (item: Value) => boolean {
  const texts = new Set([...list].map(unwrap).filter((item) => typeof item === 'string'));
  const rest = [...list].filter((item) => typeof unwrap(item) !== 'string');
  return (item) => {
    const plain = unwrap(item);
    return typeof plain === 'string' ? texts.has(plain) : rest.some((known) => equals(known, plain));
  };
}
