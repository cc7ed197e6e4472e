import type { Handler, HttpService } from '../http.js';
import { type HttpRequest, jettyPage } from '../reply.js';

export type StandbyDeps = {
  /** host:port of this instance. */
  self: string;
  /** Where the one answers that leads. */
  leader: () => HttpService | undefined;
  /** What the leader answers. */
  handle: Handler;
  /** From 1.7 on who wants events is sent to the leader. */
  redirectsEvents: () => boolean;
};

/** An instance of Marathon that does not lead: it asks the one that does, and says so. */
export function createStandbyHandler({ self, leader, handle, redirectsEvents }: StandbyDeps): Handler {
  return async (request) => {
    if (request.path === '/ping') return handle(request);
    const via = `1.1 ${self}`;
    if (String(request.headers['x-marathon-via'] ?? '').includes(via))
      return { status: 502, text: 'Detected proxying loop.' };
    const asked = leader();
    // Whoever leads is told by ZooKeeper, so that every instance can say that nobody does.
    if (asked === undefined && request.path === '/v2/leader') return handle(request);
    if (asked === undefined)
      return { status: 503, html: jettyPage(503, 'Could not determine the current leader', request.path) };
    if (!asked.isListening()) return { status: 502, text: 'Connection to leader refused.' };
    if (redirectsEvents() && /^\/v2\/events\/?$/.test(request.path))
      return { status: 302, headers: { Location: `${asked.url}/v2/events${queryOf(request)}` } };
    const reply = await handle(request);
    return { ...reply, headers: { 'X-Marathon-Via': via, ...reply.headers } };
  };
}

function queryOf({ query }: HttpRequest): string {
  const text = query.toString();
  return text && `?${text}`;
}
