import type { Handler } from '../http.js';
import { jettyPage } from '../reply.js';

export type StandbyDeps = {
  /** host:port of this instance. */
  self: () => string;
  /** host:port of the one that leads. */
  leader: () => string | undefined;
  /** Whether the leader takes connections. */
  reachable: () => boolean;
  /** What the leader answers. */
  handle: Handler;
};

/** An instance of Marathon that does not lead: it asks the one that does, and says so. */
export function createStandbyHandler({ self, leader, reachable, handle }: StandbyDeps): Handler {
  return async (request) => {
    if (request.path === '/ping') return handle(request);
    const via = `1.1 ${self()}`;
    if (String(request.headers['x-marathon-via'] ?? '').includes(via))
      return { status: 502, text: 'Detected proxying loop.' };
    if (leader() === undefined)
      return { status: 503, html: jettyPage(503, 'Could not determine the current leader', request.path) };
    if (!reachable()) return { status: 502, text: 'Connection to leader refused.' };
    const reply = await handle(request);
    return { ...reply, headers: { 'X-Marathon-Via': via, ...reply.headers } };
  };
}
