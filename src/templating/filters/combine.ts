import { dictGet, dictSet, equals, typeName } from '../../jinja/python-value.js';
import { templateError, undefinedError } from '../../jinja/template-error.js';
import { type Dict, Undefined, type Value } from '../../jinja/value.js';

export type ListMerge = 'replace' | 'keep' | 'append' | 'prepend' | 'append_rp' | 'prepend_rp';

const LIST_MERGES: readonly string[] = [
  'replace',
  'keep',
  'append',
  'prepend',
  'append_rp',
  'prepend_rp',
] satisfies ListMerge[];

/** Dicts laid over each other, later ones winning; lists of dicts are taken apart. */
export function combine(
  terms: readonly Value[],
  { recursive, listMerge }: { recursive: boolean; listMerge: ListMerge },
): Value {
  if (!LIST_MERGES.includes(listMerge)) throw templateError(`'list_merge' has to be one of ${LIST_MERGES.join(', ')}.`);
  const dicts = terms.flatMap((term) => (Array.isArray(term) ? [...term] : [term])).filter((term) => term !== null);
  for (const dict of dicts) {
    if (dict instanceof Undefined) throw undefinedError(dict);
    if (!(dict instanceof Map))
      throw templateError(`failed to combine variables, expected dicts but got a '${typeName(dict)}'`);
  }
  return dicts.reduce<Value>((low, high) => merge(low as Dict, high as Dict, recursive, listMerge), new Map());
}

/** Ansible's merge of two dicts, used for variables too. */
export function merge(low: Dict, high: Dict, recursive: boolean, listMerge: ListMerge): Dict {
  const result: Dict = new Map(low);
  for (const [key, value] of high) {
    const before = dictGet(low, key);
    if (before instanceof Map && value instanceof Map && recursive)
      dictSet(result, key, merge(before, value, recursive, listMerge));
    else if (Array.isArray(before) && Array.isArray(value)) dictSet(result, key, mergeLists(before, value, listMerge));
    else dictSet(result, key, value);
  }
  return result;
}

function mergeLists(low: readonly Value[], high: readonly Value[], how: ListMerge): Value[] {
  const without = (list: readonly Value[], other: readonly Value[]) =>
    [...list].filter((item) => !other.some((known) => equals(known, item)));
  switch (how) {
    case 'replace':
      return [...high];
    case 'keep':
      return [...low];
    case 'append':
      return [...low, ...high];
    case 'prepend':
      return [...high, ...low];
    case 'append_rp':
      return [...without(low, high), ...high];
    case 'prepend_rp':
      return [...high, ...without(low, high)];
  }
}
