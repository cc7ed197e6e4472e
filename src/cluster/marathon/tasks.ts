import type { Http } from '../http.js';
import type { Asking } from './asking.js';
import { KilledTasks, Tasks } from './schema.js';

/** What became of tasks that were to be killed: Marathon passes over ids that it does not know without a word. */
export type Killed = { killed: string[]; unknown: string[] };

export function createTasks({ http }: { http: Http }) {
  /** Kills these tasks; Marathon starts others in their place. */
  async function killTasks(ids: readonly string[], options?: Asking): Promise<Killed> {
    const told = new Set(await http.post('/v2/tasks/delete', KilledTasks, { ...options, body: { ids } }));
    return { killed: ids.filter((id) => told.has(id)), unknown: ids.filter((id) => !told.has(id)) };
  }

  return { tasks: (options?: Asking) => http.get('/v2/tasks', Tasks, options), killTasks };
}
