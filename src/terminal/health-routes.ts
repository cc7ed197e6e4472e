import type { RequestListener, ServerResponse } from 'node:http';
import { storyText } from '../bot/run-text.js';
import type { Clock } from '../clock.js';
import type { Home } from '../home/home.js';
import { linkedRun } from '../home/run-link.js';
import type { Stars } from '../stars.js';
import { createMetrics } from './metrics.js';

export type HealthOptions = { stars: Stars; home: Pick<Home, 'planKey'>; clock: Clock; connected(): boolean };

/** Schedules are looked at each minute; so long without it, and something is wrong with them. */
const SCHEDULES_LATE_MS = 3 * 60_000;
/** Whoever asks waits five seconds or so; a store that takes longer is none to work with. */
const STORE_WITHIN_MS = 3_000;
const PLAIN = 'text/plain; charset=utf-8';

const PARTS = ['store', 'process', 'slack', 'schedules', 'running'] as const;

/** What an operator is told; the log says more. */
const WHY: Record<(typeof PARTS)[number], string> = {
  store: 'The database does not take what this process writes: “stars doctor” says what is wrong with it.',
  process: 'Other processes take this one for dead: it could not write for 30 s, or its row in the database is gone.',
  slack: 'Nobody can reach Stars in Slack by this process or another one.',
  schedules: 'The schedules were not looked at for three minutes.',
  running: 'This process was asked to stop and takes nothing new.',
};

/**
 * `/healthz` says that the process lives, whatever else is broken; `/readyz` whether it can do its work: the store takes what it writes, others
 * take it for alive, Slack is connected, the schedules are looked at, and nobody stops it. `/metrics` is for Prometheus, `/runs/<id>` with its seal the whole log of a run; anything else is 404.
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
    const parts = {
      ...(await heard()),
      slack: connected(),
      schedules: !late(),
      running: !stars.runs.isClosing(),
    };
    const missing = PARTS.filter((part) => !parts[part]);
    const ready = missing.length === 0;
    const why = ready ? {} : { why: missing.map((part) => WHY[part]) };
    answer(response, ready ? 200 : 503, `${JSON.stringify({ ready, ...parts, ...why })}\n`, 'application/json');
  }

  /** Whether the store takes what this process writes, and the others of it take the process for alive. */
  async function heard(): Promise<{ store: boolean; process: boolean }> {
    const over = new AbortController();
    const late = clock.sleep(STORE_WITHIN_MS, over.signal).then(() => undefined);
    try {
      const isHeard = await Promise.race([stars.runs.isHeard(), late]);
      // Of a store that does not answer nobody knows what the others take from it.
      return { store: isHeard !== undefined, process: isHeard ?? true };
    } catch {
      return { store: false, process: true };
    } finally {
      over.abort();
      late.catch(() => undefined);
    }
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
