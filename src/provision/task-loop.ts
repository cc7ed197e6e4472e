import type { Dict, Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { dictOf, isTrue } from './task-result.js';
import type { Task } from './task.js';
import { pythonText } from './python-text.js';

const MOST_LABEL_CHARACTERS = 120;

/** The name under which a task sees the item. */
export function loopName(task: Task): string {
  return pythonText(task.loopControl?.get('loop_var') ?? 'item');
}

/** The variables of one round of a loop. */
export function loopVariables(task: Task, item: Value, index: number, items: readonly Value[]): Map<string, Value> {
  const variables = new Map<string, Value>([[loopName(task), item]]);
  const indexName = task.loopControl?.get('index_var');
  if (typeof indexName === 'string') variables.set(indexName, index);
  if (isTrue(task.loopControl?.get('extended')))
    variables.set('ansible_loop', extended(index, items, task.loopControl?.get('extended_allitems')));
  return variables;
}

function extended(index: number, items: readonly Value[], all: Value | undefined): Dict {
  return dictOf({
    index: index + 1,
    index0: index,
    first: index === 0,
    last: index === items.length - 1,
    length: items.length,
    revindex: items.length - index,
    revindex0: items.length - index - 1,
    previtem: items[index - 1],
    nextitem: items[index + 1],
    allitems: all === false ? undefined : [...items],
  });
}

/** What a person sees of the item: the label of the loop, or the item itself, shortened. */
export function labelOf(task: Task, templar: Templar, variables: ReadonlyMap<string, Value>): string {
  const label = task.loopControl?.get('label');
  const shown =
    label === undefined || label === null
      ? (variables.get(loopName(task)) ?? null)
      : templar.withVariables(variables).template(label, task.where);
  const text =
    typeof shown === 'string'
      ? shown
      : pythonText(templar.withVariables(new Map([['it', shown]])).evaluate('it | string'));
  return text.length > MOST_LABEL_CHARACTERS ? `${text.slice(0, MOST_LABEL_CHARACTERS - 3)}…` : text;
}
