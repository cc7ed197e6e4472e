import type { Task } from './schema.js';

/** When the state of a task changed last, in ms; 0 when Mesos does not say. */
export function changedAt({ statuses }: Pick<Task, 'statuses'>): number {
  return Math.max(0, ...statuses.map(({ timestamp = 0 }) => timestamp * 1_000));
}
