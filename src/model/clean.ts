import type { Redactor } from '../secret.js';

/**
 * What programs read again, and so has to stay as it is though a vault may hold the same word: kinds and states, hosts, and plays,
 * tasks and handlers, whose names were cleaned where they are more than what the files say.
 */
const KEPT: ReadonlySet<string> = new Set([
  'run',
  'at',
  'type',
  'state',
  'status',
  'host',
  'hosts',
  'play',
  'role',
  'task',
  'notified',
  'hash',
  'command',
  'environment',
  'source',
]);

/** Names of things, by which a run is taken up again. */
const KEPT_ARGS: ReadonlySet<string> = new Set([
  'target',
  'limit',
  'tags',
  'skipTags',
  'startAt',
  'plan',
  'continues',
  'partOf',
]);

const KEPT_WITHIN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['args', KEPT_ARGS],
  ['error', new Set(['code'])],
  ['person', new Set(['id'])],
]);

/** An event, a request or the end of a run without secrets in what people read. */
export function clean<T extends object>(given: T, redactor: Redactor): T {
  // Seals and places, made by Stars itself.
  if ('type' in given && given.type === 'plan.made') return given;
  return fields(given, KEPT, (name, value) => {
    const kept = KEPT_WITHIN.get(name);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return kept && isObject
      ? fields(value, kept, (_, inner) => redactor.redactValue(inner))
      : redactor.redactValue(value);
  });
}

function fields<T extends object>(
  given: T,
  kept: ReadonlySet<string>,
  cleaned: (name: string, value: unknown) => unknown,
): T {
  const entries = Object.entries(given).map(([name, value]: [string, unknown]) => [
    name,
    kept.has(name) ? value : cleaned(name, value),
  ]);
  return Object.fromEntries(entries) as T;
}
