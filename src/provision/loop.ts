import { type Position, StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import { OF_KIND } from '../templating/lookups/file.js';
import type { Templar } from '../templating/templar.js';
import type { Deprecated } from './playbook-error.js';
import type { Loop, Task } from './task.js';

const MOST_ITEMS = 100_000;

/** The items of a loop. `with_items` flattens one level; a bare name of a list variable stands for the list, as it did in Ansible 2.1. */
export function loopItems({ kind, value }: Loop, templar: Templar, task: Looping, deprecated?: Deprecated): Value[] {
  const { where } = task;
  const items =
    kind === 'loop'
      ? plainLoop(templar.template(value, where), where)
      : lookupLoop({ kind, value }, templar, task, deprecated);
  if (items.length > MOST_ITEMS)
    throw new StarsError(
      'PLAYBOOK',
      `A loop over ${items.length} items is too long; ${MOST_ITEMS} is the most.`,
      where ? { where } : {},
    );
  return items;
}

function plainLoop(value: Value, where: Position | undefined): Value[] {
  if (Array.isArray(value)) return value;
  throw new StarsError('PLAYBOOK', 'loop needs a list.', {
    hint: 'Use “| dict2items” for a mapping, or “| list”.',
    ...(where ? { where } : {}),
  });
}

type Looping = Pick<Task, 'module' | 'where'>;

function lookupLoop(
  { kind, value }: Loop,
  templar: Templar,
  { module, where }: Looping,
  deprecated?: Deprecated,
): Value[] {
  const known = bareVariable({ kind, value }, templar, where);
  if (known !== value)
    deprecated?.(`A bare name in with_${kind} is an old form: write "{{ … }}" around the variable.`, where);
  const terms = templar.template(known, where);
  if (kind === 'items') return itemsOf(terms).flatMap((term) => (Array.isArray(term) ? [...term] : [term]));
  const options = kind.endsWith('first_found') ? new Map([[OF_KIND, foldersFor(module)]]) : undefined;
  return templar.runLookup(kind, Array.isArray(terms) ? terms : [terms], options, where);
}

/** In which folders with_first_found looks. */
function foldersFor(module: string): string {
  if (module.includes('template')) return 'templates';
  return module.includes('var') ? 'vars' : 'files';
}

function itemsOf(terms: Value): Value[] {
  if (terms instanceof Map) return [...terms.keys()];
  return Array.isArray(terms) ? terms : [terms];
}

// Of the words in the list of a loop only these were looked up; in the others they are items, patterns or names of files.
const LOOKED_UP: ReadonlyMap<string, number> = new Map([
  ['cartesian', Infinity],
  ['flattened', Infinity],
  ['nested', Infinity],
  ['together', Infinity],
  // What follows the list is the name of a key.
  ['subelements', 1],
]);

function bareVariable({ kind, value }: Loop, templar: Templar, where: Position | undefined): Value {
  const known = (one: Value) =>
    typeof one === 'string' && !templar.isTemplate(one) ? bareList(one, templar, where) : one;
  if (!Array.isArray(value)) return known(value);
  const most = LOOKED_UP.get(kind) ?? 0;
  const items = value.map((one, index) => (index < most ? known(one) : one));
  return items.some((one, index) => one !== value[index]) ? items : value;
}

function bareList(text: string, templar: Templar, where: Position | undefined): Value {
  if (!/^[A-Za-z_]\w*(\.\w+|\[[^\]]+\])*$/.test(text)) return text;
  const known = templar.evaluate(`${text} | default(none)`, where);
  return Array.isArray(known) || known instanceof Map ? known : text;
}
