import { randomInt } from 'node:crypto';
import { toIndex } from '../../jinja/arithmetic.js';
import { checkLength } from '../../jinja/length-limit.js';
import { bind, filter, type Filter, required } from '../../jinja/filter.js';
import { repr, str } from '../../jinja/python-text.js';
import {
  dictGet,
  dictSet,
  equals,
  isInteger,
  isIterable,
  isText,
  iterate,
  toNumber,
  truthy,
  typeName,
} from '../../jinja/python-value.js';
import { templateError, undefinedError } from '../../jinja/template-error.js';
import { type Dict, Float, Tuple, Undefined, type Value } from '../../jinja/value.js';
import { seededRandom } from '../python-random.js';
import { combine, type ListMerge } from './combine.js';

/** Ansible's filters on lists and dicts. */
export const dataFilters: Record<string, Filter> = {
  bool: filter([], toBoolean),
  ternary: filter(['true_val', 'false_val', 'none_val'], (value, args) => {
    const [whenTrue, whenFalse] = [required(args['true_val'], 'true_val'), required(args['false_val'], 'false_val')];
    if (value === null && (args['none_val'] ?? null) !== null) return args['none_val'] ?? null;
    return truthy(value) ? whenTrue : whenFalse;
  }),
  mandatory: filter(['msg'], (value, { msg }) => {
    if (!(value instanceof Undefined)) return value;
    if (msg !== undefined && msg !== null) throw templateError(str(msg));
    throw undefinedError(new Undefined(value.name, `Mandatory variable '${value.name}' not defined.`));
  }),
  type_debug: filter([], typeName),
  combine: (value, args, kwargs) => {
    const unknown = [...kwargs.keys()].find((key) => key !== 'recursive' && key !== 'list_merge');
    if (unknown) throw templateError("'recursive' and 'list_merge' are the only valid keyword arguments");
    return combine([value, ...args], {
      recursive: truthy(kwargs.get('recursive') ?? false),
      listMerge: str(kwargs.get('list_merge') ?? 'replace') as ListMerge,
    });
  },
  dict2items: filter(['key_name', 'value_name'], (value, { key_name: key, value_name: inner }) => {
    if (!(value instanceof Map))
      throw templateError(`dict2items requires a dictionary, got ${typeName(value)} instead.`);
    return [...value].map(
      (pair) =>
        new Map<Value, Value>([
          [str(key ?? 'key'), pair[0]],
          [str(inner ?? 'value'), pair[1]],
        ]),
    );
  }),
  items2dict: filter(['key_name', 'value_name'], (value, { key_name: key, value_name: inner }) =>
    itemsToDict(value, str(key ?? 'key'), str(inner ?? 'value')),
  ),
  flatten: filter(['levels', 'skip_nulls'], (value, { levels, skip_nulls: skip }) =>
    flatten(
      iterate(value),
      levels === undefined || levels === null ? Infinity : toIndex(levels),
      skip === undefined || truthy(skip),
    ),
  ),
  extract: filter(['container', 'morekeys'], (value, { container, morekeys }, context) => {
    const more: Value[] =
      morekeys === undefined || morekeys === null ? [] : Array.isArray(morekeys) ? morekeys : [morekeys];
    return [value, ...more].reduce<Value>((inner, key) => context.item(inner, key), required(container, 'container'));
  }),
  subelements: filter(['subelements', 'skip_missing'], (value, args) =>
    subelements(value, required(args['subelements'], 'subelements'), truthy(args['skip_missing'] ?? false)),
  ),
  zip: (value, args, kwargs) => {
    bind([], [], kwargs);
    const lists = [value, ...args].map(iterate);
    const length = Math.min(...lists.map((list) => list.length));
    return Array.from({ length }, (_, index) => Tuple.from(lists.map((list) => list[index] ?? null)));
  },
  zip_longest: (value, args, kwargs) => {
    const { fillvalue = null } = bind(['fillvalue'], [], kwargs);
    const lists = [value, ...args].map(iterate);
    const length = Math.max(...lists.map((list) => list.length));
    return Array.from({ length }, (_, index) => Tuple.from(lists.map((list) => list[index] ?? fillvalue)));
  },
  product: (value, args, kwargs) => {
    const { repeat = 1 } = bind(['repeat'], [], kwargs);
    return product(Array.from({ length: toIndex(repeat) }).flatMap(() => [value, ...args].map(iterate)));
  },
  permutations: filter(['r'], (value, { r }) =>
    arrangements(iterate(value), r === undefined || r === null ? undefined : toIndex(r), true),
  ),
  combinations: filter(['r'], (value, { r }) => arrangements(iterate(value), toIndex(required(r, 'r')), false)),
  rekey_on_member: filter(['key', 'duplicates'], (value, { key, duplicates }) =>
    rekey(value, required(key, 'key'), str(duplicates ?? 'error')),
  ),
  random: filter(['start', 'step', 'seed'], random),
  shuffle: filter(['seed'], (value, { seed }) =>
    shuffle(iterate(value), generator(seed !== undefined && truthy(seed) ? seed : undefined)),
  ),
};

function toBoolean(value: Value): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  if (value === null || typeof value === 'boolean') return value;
  if (isText(value)) return ['yes', 'on', '1', 'true'].includes(str(value).toLowerCase());
  return !Array.isArray(value) && !(value instanceof Map) && equals(value, 1);
}

function itemsToDict(value: Value, keyName: string, valueName: string): Value {
  if (!Array.isArray(value)) throw templateError(`items2dict requires a list, got ${typeName(value)} instead.`);
  const dict: Dict = new Map();
  for (const item of value) {
    const key = item instanceof Map ? dictGet(item, keyName) : undefined;
    const inner = item instanceof Map ? dictGet(item, valueName) : undefined;
    if (key === undefined || inner === undefined) {
      throw templateError(
        `items2dict requires each dictionary in the list to contain the keys '${keyName}' and '${valueName}'.`,
      );
    }
    dictSet(dict, key, inner);
  }
  return dict;
}

/** Nested lists laid out in one, `levels` deep; nulls left out unless asked for. */
export function flatten(list: readonly Value[], levels: number, skipNulls: boolean): Value[] {
  return [...list].flatMap((item) => {
    if (skipNulls && (item === null || item === 'None' || item === 'null')) return [];
    if (!Array.isArray(item)) return [item];
    if (levels < 1) return [item];
    return flatten(item, levels - 1, skipNulls);
  });
}

/** Every item of a dict or list paired with each element of one of its lists. */
export function subelements(value: Value, path: Value, skipMissing: boolean): Value[] {
  const elements = value instanceof Map ? [...value.values()] : Array.isArray(value) ? [...value] : undefined;
  if (!elements) throw templateError('obj must be a list of dicts or a nested dict');
  const keys = Array.isArray(path) ? path : str(path).split('.');
  return elements.flatMap((element) => {
    const found = follow(element, keys, skipMissing);
    if (!Array.isArray(found))
      throw templateError(`the key ${repr(keys.at(-1) ?? '')} should point to a list, got ${repr(found)}`);
    return [...found].map((inner) => Tuple.from([element, inner]));
  });
}

function follow(element: Value, keys: readonly Value[], skipMissing: boolean): Value {
  let value = element;
  for (const key of keys) {
    if (!(value instanceof Map))
      throw templateError(`the key ${str(key)} should point to a dictionary, got '${str(value)}'`);
    const next = dictGet(value, key);
    if (next === undefined) {
      if (skipMissing) return [];
      throw templateError(`could not find ${repr(key)} key in iterated item ${repr(value)}`);
    }
    value = next;
  }
  return value;
}

/** Every combination of one item of each list. */
export function product(lists: readonly (readonly Value[])[]): Value[] {
  checkLength(lists.reduce((size, list) => size * list.length, lists.length));
  return lists
    .reduce<Value[][]>((rows, list) => rows.flatMap((row) => [...list].map((item) => [...row, item])), [[]])
    .map((row) => Tuple.from(row));
}

function arrangements(list: readonly Value[], size = list.length, ordered: boolean): Value[] {
  const results: Value[] = [];
  const choose = (chosen: number[]) => {
    if (chosen.length === size) {
      results.push(Tuple.from(chosen.map((index) => list[index] ?? null)));
      checkLength(results.length * 10);
      return;
    }
    for (let index = ordered ? 0 : (chosen.at(-1) ?? -1) + 1; index < list.length; index += 1) {
      if (!chosen.includes(index)) choose([...chosen, index]);
    }
  };
  if (size <= list.length) choose([]);
  return results;
}

function rekey(value: Value, key: Value, duplicates: string): Value {
  if (duplicates !== 'error' && duplicates !== 'overwrite')
    throw templateError(`duplicates parameter to rekey_on_member has unknown value: ${duplicates}`);
  const result: Dict = new Map();
  for (const item of value instanceof Map ? value.values() : iterate(value)) {
    const member = item instanceof Map ? dictGet(item, key) : undefined;
    if (member === undefined) throw templateError(`Key ${str(key)} was not found`);
    if (duplicates === 'error' && dictGet(result, member) !== undefined)
      throw templateError(`Key ${str(member)} is not unique, cannot correctly turn into dict`);
    dictSet(result, member, item);
  }
  return result;
}

function random(end: Value, { start, step, seed }: Record<string, Value | undefined>): Value {
  const pick = generator(seed);
  if (isInteger(end)) {
    const from = start === undefined || start === null ? 0 : toIndex(start);
    const by = step === undefined || step === null ? 1 : toIndex(step);
    const count = by === 0 ? 0 : Math.ceil((Number(end) - from) / by);
    if (count <= 0) throw templateError('The range to choose from is empty.');
    return from + by * pick(count);
  }
  if (!isIterable(end)) throw templateError('random can only be used on sequences and integers');
  const list = iterate(end);
  if (list.length === 0) throw templateError('There is nothing to choose from.');
  return list[pick(list.length)] ?? null;
}

type Pick = (count: number) => number;

/** Numbers from 0 up to `count`: by chance, or always those that Python gives for the seed. */
function generator(seed: Value | undefined): Pick {
  if (seed === undefined || seed === null) return (count) => randomInt(count);
  const known = isText(seed)
    ? str(seed)
    : seed instanceof Float && Number.isInteger(seed.value)
      ? seed.value
      : toNumber(seed);
  if (known === undefined || (typeof known === 'number' && !Number.isInteger(known)))
    throw templateError('The only supported seeds are whole numbers and texts.');
  return seededRandom(known).below;
}

function shuffle(list: readonly Value[], pick: Pick): Value[] {
  const shuffled = [...list];
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = pick(index + 1);
    [shuffled[index], shuffled[other]] = [shuffled[other] ?? null, shuffled[index] ?? null];
  }
  return shuffled;
}
