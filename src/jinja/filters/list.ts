import { binary, toIndex } from '../arithmetic.js';
import { checkLength } from '../length-limit.js';
import { items } from '../dict-methods.js';
import { type Bound, type CallContext, filter, type Filter, required } from '../filter.js';
import { str } from '../python-text.js';
import { compare, equals, isInteger, isText, iterate, length, truthy, typeName, unwrap } from '../python-value.js';
import { templateError } from '../template-error.js';
import { Attributes, Group, Undefined, type Value } from '../value.js';

/** Jinja2's filters on lists, dicts and anything else that can be gone through. */
export const listFilters: Record<string, Filter> = {
  length: filter([], length),
  count: filter([], length),
  list: filter([], (value) => [...iterate(value)]),
  items: filter([], (value) => (value instanceof Undefined ? [] : items(asDict(value)))),
  first: filter([], (value) => edge(iterate(value), 0, 'first')),
  last: filter([], (value) => edge(iterate(value), -1, 'last')),
  join: filter(['d', 'attribute'], (value, { d, attribute }, context) => {
    const getter = attributeGetter(attribute, context);
    const joined = iterate(value)
      .map((item) => str(getter(item)))
      .join(str(d ?? ''));
    checkLength(joined.length);
    return joined;
  }),
  reverse: filter([], (value) =>
    isText(value) ? Array.from(str(value)).toReversed().join('') : [...iterate(value)].toReversed(),
  ),
  sort: filter(['reverse', 'case_sensitive', 'attribute'], (value, args, context) => sort(value, args, context)),
  unique: filter(['case_sensitive', 'attribute'], (value, args, context) => {
    const key = keyFunction(args, context);
    return distinct(iterate(value), key);
  }),
  min: filter(['case_sensitive', 'attribute'], (value, args, context) => extreme(value, -1, args, context)),
  max: filter(['case_sensitive', 'attribute'], (value, args, context) => extreme(value, 1, args, context)),
  sum: filter(['attribute', 'start'], (value, { attribute, start }, context) => {
    const getter = attributeGetter(attribute, context);
    return iterate(value).reduce<Value>((sum, item) => binary('+', sum, getter(item)), start ?? 0);
  }),
  dictsort: filter(['case_sensitive', 'by', 'reverse'], dictSort),
  groupby: filter(['attribute', 'default', 'case_sensitive'], groupBy),
  map: (value, args, kwargs, context) => (truthy(value) ? mapped(iterate(value), args, kwargs, context) : []),
  select: (value, args, kwargs, context) => selected(value, args, kwargs, context, { keep: true, byAttribute: false }),
  reject: (value, args, kwargs, context) => selected(value, args, kwargs, context, { keep: false, byAttribute: false }),
  selectattr: (value, args, kwargs, context) =>
    selected(value, args, kwargs, context, { keep: true, byAttribute: true }),
  rejectattr: (value, args, kwargs, context) =>
    selected(value, args, kwargs, context, { keep: false, byAttribute: true }),
  batch: filter(['linecount', 'fill_with'], (value, { linecount, fill_with: fill }) =>
    batch(iterate(value), toIndex(required(linecount, 'linecount')), fill),
  ),
  slice: filter(['slices', 'fill_with'], (value, { slices, fill_with: fill }) =>
    evenly(iterate(value), toIndex(required(slices, 'slices')), fill),
  ),
  attr: filter(['name'], (value, { name }) => {
    const found = value instanceof Attributes ? value.attributes.get(str(required(name, 'name'))) : undefined;
    return found ?? new Undefined(str(name ?? ''), `'${typeName(value)} object' has no attribute '${str(name ?? '')}'`);
  }),
  default: filter(['default_value', 'boolean'], fallback, { asIs: true }),
  d: filter(['default_value', 'boolean'], fallback, { asIs: true }),
};

function fallback(value: Value, { default_value: otherwise, boolean }: Bound): Value {
  const missing = value instanceof Undefined || (boolean !== undefined && truthy(boolean) && !truthy(value));
  return missing ? (otherwise === undefined ? '' : otherwise) : value;
}

function edge(list: readonly Value[], index: number, which: string): Value {
  const item = list.at(index);
  return item === undefined ? new Undefined(which, `No ${which} item, sequence was empty.`) : item;
}

function asDict(value: Value): Map<Value, Value> {
  if (!(value instanceof Map)) throw templateError('Can only get item pairs from a mapping.');
  return value;
}

/** Follows a dotted attribute (`a.b.0`) into a value, `fallback` standing in for what is missing. */
function attributeGetter(attribute: Value | undefined, context: CallContext, fallback?: Value): (item: Value) => Value {
  if (attribute === undefined || attribute === null) return (item) => item;
  const parts: Value[] = isText(attribute)
    ? str(attribute)
        .split('.')
        .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
    : [attribute];
  return (item) =>
    parts.reduce((value, part) => {
      const next = context.item(value, part);
      return next instanceof Undefined && fallback !== undefined && fallback !== null ? fallback : next;
    }, item);
}

function foldCase(value: Value): Value {
  return isText(value) ? str(value).toLowerCase() : value;
}

function keyFunction(
  { attribute, case_sensitive: caseSensitive }: Bound,
  context: CallContext,
): (item: Value) => Value {
  const getter = attributeGetter(attribute, context);
  return caseSensitive !== undefined && truthy(caseSensitive) ? getter : (item) => foldCase(getter(item));
}

function sort(value: Value, { reverse, case_sensitive, attribute }: Bound, context: CallContext): Value[] {
  const attributes: Value[] = isText(attribute ?? null) ? str(attribute ?? null).split(',') : [attribute ?? null];
  const keys = attributes.map((name) => keyFunction({ attribute: name, case_sensitive }, context));
  const order = directionOf(reverse);
  return iterate(value)
    .map((item) => ({ item, key: keys.map((key) => key(item)) }))
    .sort((a, b) => order * compare(a.key, b.key))
    .map(({ item }) => item);
}

/** Not any value tells: the name of an attribute is easily written in this place. */
function directionOf(reverse: Value = false): 1 | -1 {
  if (typeof reverse !== 'boolean' && !isInteger(reverse))
    throw templateError(
      `reverse must be true or false, not ${typeName(reverse)}.`,
      'To sort by an attribute write “attribute=…”.',
    );
  return truthy(reverse) ? -1 : 1;
}

/** Items whose key equals no earlier one's, in order. */
export function distinct(list: readonly Value[], key: (item: Value) => Value = (item) => item): Value[] {
  const texts = new Set<string>();
  const others: Value[] = [];
  return [...list].filter((item) => {
    const value = unwrap(key(item));
    if (typeof value === 'string') return texts.has(value) ? false : Boolean(texts.add(value));
    if (others.some((other) => equals(other, value))) return false;
    others.push(value);
    return true;
  });
}

function extreme(value: Value, direction: number, args: Bound, context: CallContext): Value {
  const key = keyFunction(args, context);
  const [first, ...rest] = iterate(value);
  if (first === undefined) return new Undefined('item', 'No aggregated item, sequence was empty.');
  return rest.reduce((best, item) => (compare(key(item), key(best)) * direction > 0 ? item : best), first);
}

function dictSort(value: Value, { case_sensitive: caseSensitive, by, reverse }: Bound): Value {
  const position = by === undefined || equals(by, 'key') ? 0 : equals(by, 'value') ? 1 : undefined;
  if (position === undefined) throw templateError('You can only sort by either "key" or "value"');
  if (value instanceof Undefined) return iterate(value);
  const fold = caseSensitive !== undefined && truthy(caseSensitive) ? (part: Value) => part : foldCase;
  const order = directionOf(reverse);
  return [...items(asDict(value))].sort(
    (a, b) => order * compare(fold(a[position] ?? null), fold(b[position] ?? null)),
  );
}

function groupBy(value: Value, { attribute, default: otherwise, case_sensitive }: Bound, context: CallContext): Value {
  const getter = attributeGetter(required(attribute, 'attribute'), context, otherwise);
  const fold = case_sensitive !== undefined && truthy(case_sensitive) ? (key: Value) => key : foldCase;
  const sorted = iterate(value)
    .map((item) => ({ item, shown: getter(item), key: fold(getter(item)) }))
    .sort((a, b) => compare(a.key, b.key));
  const groups: { key: Value; shown: Value; list: Value[] }[] = [];
  for (const { item, shown, key } of sorted) {
    const last = groups.at(-1);
    if (last && equals(last.key, key)) last.list.push(item);
    else groups.push({ key, shown, list: [item] });
  }
  return groups.map(({ shown, list }) => new Group(shown, list));
}

function mapped(
  list: readonly Value[],
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  context: CallContext,
): Value[] {
  const [name, ...rest] = args;
  if (name !== undefined) return [...list].map((item) => context.filter(str(name), item, rest, kwargs));
  const attribute = kwargs.get('attribute');
  if (attribute === undefined) throw templateError('map requires a filter argument');
  const extra = [...kwargs.keys()].find((key) => key !== 'attribute' && key !== 'default');
  if (extra) throw templateError(`Unexpected keyword argument '${extra}'`);
  return [...list].map(attributeGetter(attribute, context, kwargs.get('default')));
}

function selected(
  value: Value,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  context: CallContext,
  { keep, byAttribute }: { keep: boolean; byAttribute: boolean },
): Value[] {
  if (!truthy(value)) return [];
  if (byAttribute && args.length === 0) throw templateError('Missing parameter for attribute name');
  const getter = byAttribute ? attributeGetter(args[0], context) : (item: Value) => item;
  const [name, ...rest] = byAttribute ? args.slice(1) : args;
  const holds = (item: Value) => (name === undefined ? truthy(item) : context.test(str(name), item, rest, kwargs));
  return [...iterate(value)].filter((item) => holds(getter(item)) === keep);
}

function batch(list: readonly Value[], size: number, fill: Value | undefined): Value[] {
  if (size < 1) return list.length === 0 ? [] : [[], ...list.map((item) => [item])];
  const rows = Array.from({ length: Math.ceil(list.length / size) }, (_, row) =>
    [...list].slice(row * size, (row + 1) * size),
  );
  const last = rows.at(-1);
  if (last && fill !== undefined && fill !== null) {
    checkLength(size);
    while (last.length < size) last.push(fill);
  }
  return rows;
}

function evenly(list: readonly Value[], slices: number, fill: Value | undefined): Value[] {
  if (slices === 0) throw templateError('integer division or modulo by zero');
  checkLength(slices);
  const size = Math.floor(list.length / slices);
  const withExtra = list.length % slices;
  let offset = 0;
  return Array.from({ length: slices }, (_, index) => {
    const start = offset + index * size;
    if (index < withExtra) offset += 1;
    const row = [...list].slice(start, offset + (index + 1) * size);
    if (fill !== undefined && fill !== null && index >= withExtra) row.push(fill);
    return row;
  });
}
