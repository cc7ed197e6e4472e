import { type Position, StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import type { Loop } from './task.js';

const MOST_ITEMS = 100_000;

/** The items of a loop. `with_items` flattens one level; a bare name of a list variable stands for the list, as it did in Ansible 2.1. */
export function loopItems({ kind, value }: Loop, templar: Templar, where: Position | undefined): Value[] {
  const items =
    kind === 'loop' ? plainLoop(templar.template(value, where), where) : lookupLoop(kind, value, templar, where);
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

function lookupLoop(kind: string, value: Value, templar: Templar, where: Position | undefined): Value[] {
  const terms = templar.template(bareVariable(value, templar, where), where);
  if (kind === 'items')
    return (Array.isArray(terms) ? terms : [terms]).flatMap((term) => (Array.isArray(term) ? [...term] : [term]));
  return templar.runLookup(kind, Array.isArray(terms) ? terms : [terms], undefined, where);
}

function bareVariable(value: Value, templar: Templar, where: Position | undefined): Value {
  if (Array.isArray(value))
    return value.map((one) =>
      typeof one === 'string' && !templar.isTemplate(one) ? bareList(one, templar, where) : one,
    );
  return typeof value === 'string' && !templar.isTemplate(value) ? bareList(value, templar, where) : value;
}

function bareList(text: string, templar: Templar, where: Position | undefined): Value {
  if (!/^[A-Za-z_]\w*(\.\w+|\[[^\]]+\])*$/.test(text)) return text;
  const known = templar.evaluate(`${text} | default(none)`, where);
  return Array.isArray(known) || known instanceof Map ? known : text;
}
