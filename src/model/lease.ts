import type { Person } from './run.js';

/**
 * Something of an environment that one run changes at a time: `*` is all of it, `app:/zeppelin` an app, `job:reindex` a job,
 * `host:c3` a host.
 */
export type Resource = '*' | `app:${string}` | `job:${string}` | `host:${string}`;

/** Who holds a resource: a run, or a freeze (then `run` is undefined). */
export type Lease = {
  environment: string;
  resource: string;
  holder: string;
  run: string | undefined;
  person: Person;
  reason: string;
  /** Counts up with every claim in the environment; what an older one says is void. */
  fence: number;
  since: string;
  /** When a freeze ends by itself. */
  until: string | undefined;
};

/** Whether two runs that want these may not go on at the same time. */
export function conflict(wanted: readonly string[], held: readonly string[]): boolean {
  if (wanted.length === 0 || held.length === 0) return false;
  if (wanted.includes('*') || held.includes('*')) return true;
  return wanted.some((resource) => held.includes(resource));
}
