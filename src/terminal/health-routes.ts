import type { RequestListener, ServerResponse } from 'node:http';
import { sql } from 'kysely';
import { storyText } from '../bot/run-text.js';
import type { Clock } from '../clock.js';
import type { Home } from '../home/home.js';
import { linkedRun } from '../home/run-link.js';
import type { Database } from '../store/database.js';
import type { Stars } from '../stars.js';
import { createMetrics } from './metrics.js';

export type HealthOptions = { stars: Stars; home: Pick<Home, 'planKey'>; clock: Clock; connected(): boolean };

/** Schedules are looked at each minute; so long without it, and something is wrong with them. */
const SCHEDULES_LATE_MS = 3 * 60_000;
const PLAIN = 'text/plain; charset=utf-8';

/**
 * `/healthz` says that the process lives, `/readyz` whether the store answers, Slack is connected and the schedules are looked at, `/metrics` is
 * for Prometheus, `/runs/<id>` with its seal the whole log of a run; anything else is 404.
 */
export function createHealthRoutes({ stars, home, clock, connected }: HealthOptions): RequestListener {
  const metrics = createMetrics({ stars, clock, connected });

  return (request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    if (path === '/healthz') return answer(response, 200, 'ok\n');
    if (path === '/readyz') return void answerReadiness(response);
    if (path === '/metrics')
      return void metrics.text().then(
        (text) => answer(response, 200, text, metrics.contentType),
        () => answer(response, 503, 'the store does not answer\n'),
      );
    if (path.startsWith('/runs/')) return void answerRun(response, request.url ?? '');
    answer(response, 404, 'not found\n');
  };

  async function answerReadiness(response: ServerResponse): Promise<void> {
    const parts = { store: await answers(stars.database), slack: connected(), schedules: !late() };
    const ready = Object.values(parts).every(Boolean);
    answer(response, ready ? 200 : 503, `${JSON.stringify({ ready, ...parts })}\n`, 'application/json');
  }

  function late(): boolean {
    const lookedAt = stars.schedulesLookedAt();
    return lookedAt !== undefined && clock.now().getTime() - lookedAt.getTime() > SCHEDULES_LATE_MS;
  }

  async function answerRun(response: ServerResponse, url: string): Promise<void> {
    const linked = linkedRun(url, home, clock.now());
    if (!linked) return answer(response, 404, 'not found\n');
    if (linked.expired) return answer(response, 410, 'This link is over a week old. “stars show” tells the same.\n');
    try {
      const events = await stars.store.events(linked.id);
      if (events.length === 0) return answer(response, 404, 'This run is not kept any more.\n');
      answer(response, 200, `${storyText(events)}\n`);
    } catch {
      answer(response, 503, 'The store does not answer. Try again in a minute.\n');
    }
  }
}

function answer(response: ServerResponse, status: number, text: string, type = PLAIN): void {
  // The link is a key: it must not be kept by a proxy, nor told to where a page links to.
  const headers = { 'content-type': type, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' };
  response.writeHead(status, { ...headers, 'x-content-type-options': 'nosniff' }).end(text);
}

function answers(database: Database): Promise<boolean> {
  return sql`select 1`.execute(database).then(
    () => true,
    () => false,
  );
}
