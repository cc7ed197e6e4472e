import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Home } from './home.js';

const VALID_MS = 7 * 24 * 3_600_000;

type Linked = Pick<Home, 'planKey'>;

/** The path of a run's full log, good for a week: whoever has the link may read it. */
export function runPath(id: string, home: Linked, now: Date): string {
  const until = Math.floor((now.getTime() + VALID_MS) / 1_000);
  return `/runs/${id}?until=${until}&seal=${sealOf(id, until, home)}`;
}

/** The run that a path is a link to, and whether its time is over; undefined when it is none of ours. */
export function linkedRun(path: string, home: Linked, now: Date): { id: string; expired: boolean } | undefined {
  const url = new URL(path, 'http://localhost');
  const [, id] = /^\/runs\/([a-z0-9-]{1,64})$/.exec(url.pathname) ?? [];
  const until = Number(url.searchParams.get('until'));
  const seal = url.searchParams.get('seal') ?? '';
  if (id === undefined || !Number.isSafeInteger(until) || !isSame(seal, sealOf(id, until, home))) return undefined;
  return { id, expired: until * 1_000 < now.getTime() };
}

function sealOf(id: string, until: number, { planKey }: Linked): string {
  return createHmac('sha256', planKey()).update(`run ${id} ${until}`).digest('hex').slice(0, 32);
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
