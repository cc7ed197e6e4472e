import { StarsError } from '../errors.js';
import type { Inventory } from '../inventory/inventory.js';
import type { Play } from './playbook.js';
import { textList } from './playbook-error.js';

export function nobodyMatched(
  request: { limit?: string | undefined },
  plays: readonly Play[],
  inventory: Inventory,
): StarsError {
  const where = plays.length === 1 ? plays[0]?.where : undefined;
  const patterns = [...new Set(plays.flatMap(({ hosts }) => textList(hosts)))].join(', ');
  const within = request.limit === undefined ? '' : ` within the limit ${request.limit}`;
  return new StarsError('UNKNOWN_HOST_PATTERN', `No host matches ${patterns}${within}.`, {
    ...(where ? { where } : {}),
    hint: `Groups of this inventory: ${[...inventory.groups.keys()].filter((name) => name !== 'ungrouped').join(', ')}.`,
  });
}

export function noSuchTask(name: string): StarsError {
  return new StarsError('USAGE', `No task is called “${name}”, so nothing ran.`, {
    hint: 'Write the name of the task as the playbook has it; * and ? stand for anything, [ab] for one of these.',
  });
}
