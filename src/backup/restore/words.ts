import { bullets } from '../words.js';
import type { Outcome } from './perform.js';
import { type Action, type Item, nameOf, type Plan } from './plan.js';
import { counted } from '../../model/figures.js';

const ORDER = ['refused', 'remove', 'update', 'create'] as const;
const PHRASES: Record<Action, string> = {
  create: 'to create',
  update: 'to change',
  remove: 'to remove',
  unchanged: 'as they are',
  refused: 'refused',
};

/** The first line of a plan: `2026-…Z into production: 2 to create, 1 refused, 4 as they are.` */
export function headOf({ backup, environment, items }: Plan): string {
  const counts = [...ORDER, 'unchanged' as const].toReversed().flatMap((action) => {
    const number = items.filter((item) => item.action === action).length;
    return number === 0 ? [] : [`${number} ${PHRASES[action]}`];
  });
  return `${backup} into ${environment}: ${counts.join(', ') || 'it holds nothing of that'}.`;
}

/** What would not stay as it is, worst first; of much the first lines. */
export function planText(plan: Plan): string {
  return [headOf(plan), ...bullets(planLines(plan))].join('\n');
}

/** All that would not stay as it is, a line each. */
export function planLines(plan: Plan): string[] {
  const lines = ORDER.flatMap((action) => plan.items.filter((item) => item.action === action).map(lineOf));
  const waiting = plan.items
    .filter(({ underWay }) => underWay)
    .map((item) => `wait for ${nameOf(item)}, which is being deployed`);
  return [...lines, ...waiting];
}

function lineOf(item: Item): string {
  const { action, changes, notes } = item;
  const verb = { create: 'create ', update: 'change ', remove: 'remove ', refused: 'refused: ', unchanged: '' }[action];
  const why = changes.length > 0 ? `: ${changes.join(', ')}` : '';
  return `${verb}${nameOf(item)}${why}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}

/** What did not come right, a line each. */
export function troubleOf({ failed, left }: Outcome, { items }: Plan): string[] {
  return [
    ...failed.map(({ item, error }) => `${nameOf(item)} failed: ${error.message}`),
    ...left.map((item) => `${nameOf(item)} was not begun, since what it needs failed or nobody answers`),
    ...items.filter(({ action }) => action === 'refused').map(lineOf),
  ];
}

/** `created 3, changed 1`. */
export function doneWords(done: readonly Item[]): string {
  const counts = [
    ['created', 'create'],
    ['changed', 'update'],
    ['removed', 'remove'],
    ['waited for', 'unchanged'],
  ] as const;
  const parts = counts.flatMap(([verb, action]) => {
    const number = done.filter((item) => item.action === action).length;
    return number === 0 ? [] : [`${verb} ${counted(number, 'item')}`];
  });
  return parts.join(', ');
}
