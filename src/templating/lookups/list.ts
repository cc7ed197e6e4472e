import { randomInt } from 'node:crypto';
import { percentFormat } from '../../jinja/percent-format.js';
import { str } from '../../jinja/python-text.js';
import { equals, isIterable, isText, iterate, truthy, typeName } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import { Tuple, type Value } from '../../jinja/value.js';
import { flatten, product, subelements } from '../filters/data.js';
import { parameters } from './parameters.js';
import type { LookupPlugin, Options } from './plugin.js';

const MAX_SEQUENCE = 100_000;

/** Lookups that make lists of lists: what `with_items` and its kin go over. */
export const listLookups: Record<string, LookupPlugin> = {
  items: (terms) => flatten(terms, 1, false),
  list: (terms) => [...terms],
  flattened,
  'community.general.flattened': flattened,
  indexed_items: (terms) => flatten(terms, 1, false).map((item, index) => Tuple.from<Value>([index, item])),
  dict: (terms) => terms.flatMap((term) => (Array.isArray(term) ? [...term] : [term])).flatMap(pairsOf),
  nested,
  cartesian,
  'community.general.cartesian': cartesian,
  together: (terms) => {
    const lists = listsOf(terms, 'together');
    const length = Math.max(...lists.map((list) => list.length));
    return Array.from({ length }, (_, index) => flatRow(lists.map((list) => list[index] ?? null)));
  },
  random_choice: (terms) => (terms.length === 0 ? [] : [terms[randomInt(terms.length)] ?? null]),
  subelements: (terms) => {
    const [list, path, flags] = terms;
    if (list === undefined || path === undefined)
      throw templateError('subelements needs a list and the name of a sublist.');
    const skip = flags instanceof Map && truthy(flags.get('skip_missing') ?? false);
    // The loop's item.0 comes without the list that item.1 was taken from.
    return subelements(list, path, skip).map((pair) => withoutPath(iterate(pair), str(path).split('.')));
  },
  sequence: (terms, options) => terms.flatMap((term) => sequence(term, options)),
};

/** A list ends where it says that there is nothing, which Ansible takes for a variable that is not defined. */
function flattened(terms: readonly Value[]): Value[] {
  const end = terms.findIndex((term) => NOTHING.some((word) => equals(onlyItem(term), word)));
  return terms.slice(0, end < 0 ? undefined : end).flatMap((term) => (Array.isArray(term) ? flattened(term) : [term]));
}

const NOTHING = ['None', 'null'];

function onlyItem(term: Value): Value {
  return Array.isArray(term) && term.length === 1 ? onlyItem(term[0] ?? null) : term;
}

function cartesian(terms: readonly Value[]): Value[] {
  return product(listsOf(terms, 'cartesian')).map(flatRow);
}

function withoutPath(pair: readonly Value[], path: readonly string[]): Value {
  return Tuple.from([without(pair[0] ?? null, path), pair[1] ?? null]);
}

function without(value: Value, [key = '', ...rest]: readonly string[]): Value {
  if (!(value instanceof Map)) return value;
  const copy = new Map(value);
  if (rest.length === 0) copy.delete(key);
  else copy.set(key, without(value.get(key) ?? null, rest));
  return copy;
}

/** Of a mapping its keys are meant. */
function listsOf(terms: readonly Value[], lookup: string): Value[][] {
  if (terms.length === 0) throw templateError(`with_${lookup} requires at least one element in each list`);
  return terms.map((term) => (isIterable(term) && !isText(term) ? iterate(term) : [term]));
}

function flatRow(row: Value): Value[] {
  return flatten(iterate(row), 1, false);
}

/** With each further list the rows that are there already are flattened once more. */
function nested(terms: readonly Value[]): Value[] {
  const [first = [], ...others] = listsOf(terms, 'nested');
  const rows = others.reduce<Value[]>(
    (before, list) => before.flatMap((row) => list.map((item) => flatRow([row, item]))),
    first,
  );
  return rows.map(flatRow);
}

function pairsOf(term: Value): Value[] {
  if (!(term instanceof Map))
    throw templateError(`the 'dict' lookup plugin expects a dictionary, got '${typeName(term)}'`);
  return [...term].map(
    ([key, value]) =>
      new Map<Value, Value>([
        ['key', key],
        ['value', value],
      ]),
  );
}

function sequence(term: Value, options: Options): Value[] {
  const { words, settings } = parameters(term, options);
  const shortcut = /^(?:(0?x?[\da-fA-F]+)-)?(0?x?[\da-fA-F]+)(?:\/(\d+))?(?::(.+))?$/s.exec(words);
  if (words && !shortcut)
    throw templateError(`The sequence "${words}" cannot be read.`, 'Write it as start=1 end=5, or as 1-5/2:format.');
  const start = whole(shortcut?.[1] ?? settings.get('start') ?? '1');
  const stride = whole(shortcut?.[3] ?? settings.get('stride') ?? '1');
  const count = settings.get('count');
  const given = shortcut?.[2] ?? settings.get('end');
  if (given === undefined && count === undefined) throw templateError('must specify count or end in with_sequence');
  if (given !== undefined && count !== undefined)
    throw templateError("can't specify both count and end in with_sequence");
  const end =
    given === undefined
      ? whole(count ?? '0') === 0
        ? start - 1
        : start + whole(count ?? '0') * stride - stride
      : whole(given);
  return counted(start, end, stride, shortcut?.[4] ?? settings.get('format') ?? '%d');
}

function counted(start: number, end: number, stride: number, format: string): Value[] {
  if (stride === 0) return [];
  if (stride > 0 && end < start - 1) throw templateError('to count backwards make stride negative');
  if (stride < 0 && end > start) throw templateError("to count forward don't make stride negative");
  const length = Math.max(0, Math.floor((end - start) / stride) + 1);
  if (length > MAX_SEQUENCE) throw templateError(`A sequence may have ${MAX_SEQUENCE} items at most.`);
  return Array.from({ length }, (_, index) => percentFormat(format, start + index * stride));
}

function whole(text: string): number {
  const number = /^0x/i.test(text)
    ? Number.parseInt(text, 16)
    : /^0\d/.test(text)
      ? Number.parseInt(text, 8)
      : Number(text);
  if (!Number.isInteger(number)) throw templateError(`"${str(text)}" is no whole number.`);
  return number;
}
