import { z } from 'zod';
import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import { type Finding, limited } from '../finding.js';
import type { Http } from '../http.js';
import { listOf, maybe } from '../nullish.js';
import type { Asking } from './asking.js';
import { counted } from '../../model/figures.js';

export type Livy = ReturnType<typeof createLivy>;

export type LivySession = {
  kind: 'sessions' | 'batches';
  id: number;
  state: string;
  appId: string | undefined;
  /** Who has it, the one it acts for first. */
  owner: string | undefined;
};

const Session = z.object({
  id: z.number(),
  state: z.string(),
  appId: maybe(z.string()),
  owner: maybe(z.string()),
  proxyUser: maybe(z.string()),
});
const Page = z.object({ total: maybe(z.number()), sessions: listOf(Session) });

const PAGE = 100;
const MOST = 5_000;
const DEAD: ReadonlySet<string> = new Set(['error', 'dead', 'killed']);

/** Livy 0.4. With its CSRF protection every change wants a header that says who asks. */
export function createLivy({ http }: { http: Http }) {
  async function all(kind: LivySession['kind'], options?: Asking): Promise<LivySession[]> {
    const found: LivySession[] = [];
    for (let from = 0; from < MOST; from += PAGE) {
      const { total, sessions } = await http.get(`/${kind}`, Page, { ...options, query: { from, size: PAGE } });
      for (const { proxyUser, owner, ...session } of sessions)
        found.push({ kind, ...session, owner: proxyUser ?? owner });
      if (sessions.length === 0 || from + sessions.length >= (total ?? 0)) break;
    }
    return found;
  }

  /** Sessions, then batches. */
  async function sessions(options?: Asking): Promise<LivySession[]> {
    const [interactive, batches] = await Promise.all([
      all('sessions', options),
      all('batches', options).catch(noneWhenMissing),
    ]);
    return [...interactive, ...batches];
  }

  async function find(kind: LivySession['kind'], id: number, options?: Asking): Promise<LivySession> {
    const session = (await all(kind, options)).find((one) => one.id === id);
    if (session) return session;
    const what = kind === 'sessions' ? 'session' : 'batch';
    throw new StarsError('USAGE', `Livy has no ${what} ${id}.`, { hint: '“status livy” shows those there are.' });
  }

  /** Ends it with all that runs in it. False when there was none any more. */
  async function kill({ kind, id }: Pick<LivySession, 'kind' | 'id'>, options?: Asking): Promise<boolean> {
    const answer = await http
      .send('DELETE', `/${kind}/${id}`, { ...options, headers: { 'X-Requested-By': 'stars' } })
      .catch((error: unknown) => {
        if (refusalOf(error)?.status === 404) return undefined;
        throw error;
      });
    return answer !== undefined;
  }

  async function check(options?: Asking): Promise<Finding> {
    const known = await sessions(options);
    const dead = known.filter(({ state }) => DEAD.has(state));
    const figures = { sessions: known.length, sessionsDead: dead.length };
    const reason = `${counted(known.length, 'session')}${statesOf(known)}`;
    if (dead.length === 0) return { state: 'up', reason, figures };
    return { state: 'degraded', reason, details: limited(dead.map(describeSession)), figures };
  }

  return { sessions, find, kill, check };
}

/** `session 3 of ann: busy (application_1)`. */
export function describeSession({ kind, id, state, owner, appId }: LivySession): string {
  const what = kind === 'sessions' ? 'session' : 'batch';
  return `${what} ${id}${owner === undefined ? '' : ` of ${owner}`}: ${state}${appId === undefined ? '' : ` (${appId})`}`;
}

function statesOf(sessions: readonly LivySession[]): string {
  const counts = new Map<string, number>();
  for (const { state } of sessions) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts.size === 0 ? '' : `: ${[...counts].map(([state, number]) => `${number} ${state}`).join(', ')}`;
}

function noneWhenMissing(error: unknown): LivySession[] {
  if (refusalOf(error)?.status === 404) return [];
  throw error;
}
