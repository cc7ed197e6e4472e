import type { Dict, Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { dictOf, isTrue } from './task-result.js';
import type { Task } from './task.js';
import { pythonText } from './python-text.js';

const MOST_LABEL_CHARACTERS = 120;

/** How a task loops: `loop_control`, templated, but for the label, which needs the item. */
export type LoopControl = {
  /** The name under which the task sees the item. */
  name: string;
  indexName: string | undefined;
  pauseMs: number;
  extended: boolean;
  allItems: boolean;
};

export function loopControlOf(task: Task, templar: Templar): LoopControl {
  const given = (word: string): Value | undefined => {
    const value = task.loopControl?.get(word) ?? null;
    return value === null ? undefined : templar.template(value, task.where);
  };
  const [name, indexName] = [given('loop_var'), given('index_var')];
  return {
    name: name === undefined ? 'item' : pythonText(name),
    indexName: indexName === undefined ? undefined : pythonText(indexName),
    pauseMs: 1000 * Number(pythonText(given('pause') ?? 0)),
    extended: isTrue(given('extended')),
    allItems: given('extended_allitems') === undefined || isTrue(given('extended_allitems')),
  };
}

/** The variables of one round of a loop. */
export function loopVariables(control: LoopControl, index: number, items: readonly Value[]): Map<string, Value> {
  const { name, indexName } = control;
  const variables = new Map<string, Value>([
    ['ansible_loop_var', name],
    [name, items[index] ?? null],
  ]);
  if (indexName !== undefined) variables.set('ansible_index_var', indexName).set(indexName, index);
  if (control.extended) variables.set('ansible_loop', extended(index, items, control.allItems));
  return variables;
}

function extended(index: number, items: readonly Value[], all: boolean): Dict {
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
    allitems: all ? [...items] : undefined,
  });
}

/** What a person sees of the item: the label of the loop, or the item itself, shortened. */
export function labelOf(task: Task, templar: Templar, variables: ReadonlyMap<string, Value>, name: string): string {
  const label = task.loopControl?.get('label');
  const shown =
    label === undefined || label === null
      ? (variables.get(name) ?? null)
      : templar.withVariables(variables).template(label, task.where);
  const text =
    typeof shown === 'string'
      ? shown
      : pythonText(templar.withVariables(new Map([['it', shown]])).evaluate('it | string'));
  return text.length > MOST_LABEL_CHARACTERS ? `${text.slice(0, MOST_LABEL_CHARACTERS - 3)}…` : text;
}
