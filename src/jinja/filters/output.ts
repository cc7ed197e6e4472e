import { toIndex } from '../arithmetic.js';
import { filter, type Filter } from '../filter.js';
import { toJson } from '../json.js';
import { iterate } from '../python-value.js';
import { Undefined } from '../value.js';

/** Jinja2's filters that turn values into notations, and the one that picks at random. */
export const outputFilters: Record<string, Filter> = {
  tojson: filter(['indent'], (value, { indent }) =>
    htmlSafe(
      toJson(value, {
        sortKeys: true,
        indent: indent === undefined || indent === null ? undefined : ' '.repeat(toIndex(indent)),
      }),
    ),
  ),
  random: filter([], (value) => {
    const list = iterate(value);
    const item = list[Math.floor(Math.random() * list.length)];
    return item === undefined ? new Undefined('random', 'No random item, sequence was empty.') : item;
  }),
};

function htmlSafe(json: string): string {
  return json
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll("'", '\\u0027');
}
