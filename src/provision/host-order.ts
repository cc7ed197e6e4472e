import type { Play } from './playbook.js';
import { playbookError } from './playbook-error.js';
import { pythonText } from './python-text.js';

/** The hosts of a play in the order that its `order` asks for; PLAYBOOK for a word that is none. */
export function inOrder<T extends { name: string }>(hosts: readonly T[], { keywords, where }: Play): T[] {
  const order = pythonText(keywords.get('order') ?? 'inventory');
  switch (order) {
    case 'inventory':
      return [...hosts];
    case 'reverse_inventory':
      return hosts.toReversed();
    case 'sorted':
      return hosts.toSorted(byName);
    case 'reverse_sorted':
      return hosts.toSorted(byName).toReversed();
    case 'shuffle':
      return hosts
        .map((host) => ({ host, place: Math.random() }))
        .sort((a, b) => a.place - b.place)
        .map(({ host }) => host);
    default:
      throw playbookError(
        `order knows no “${order}”.`,
        where,
        'It knows inventory, reverse_inventory, sorted, reverse_sorted and shuffle.',
      );
  }
}

function byName(a: { name: string }, b: { name: string }): number {
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}
