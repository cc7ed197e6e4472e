import { asStarsError } from '../errors.js';
import type { HostRun } from './host-run.js';

/**
 * Reaches hosts one after another in the order of their names, as every run that waits for hosts does: of two runs that want the same hosts
 * neither has one that the other waits for. A host that stays locked keeps the reason, with which its next task fails.
 */
export async function lockInOrder(
  hosts: readonly HostRun[],
  reach: (host: HostRun) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  for (const host of hosts.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (host.reached) continue;
    host.reached = true;
    try {
      await reach(host);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asStarsError(thrown);
      // Whatever else is wrong shows when the task runs.
      if (error.code === 'LOCKED') host.lockedOut = error;
    }
  }
}
