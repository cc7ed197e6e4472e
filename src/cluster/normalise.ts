import { RUN_TIME_OF_APP, RUN_TIME_OF_JOB } from '../model/run-time-fields.js';

/** An app or job as the API has it: all fields, those that Stars does not know too. */
export type Definition = Readonly<Record<string, unknown>>;

/**
 * What a person wrote of an app, in a form that Marathon takes back: no counters, no versions, no nulls, and of `uris` and `fetch`,
 * `ports` and `portDefinitions` (two spellings of one thing, refused together) only the newer.
 */
export function normaliseApp(app: Definition): Definition {
  const drop = new Set<string>(RUN_TIME_OF_APP);
  if (Array.isArray(app['fetch'])) drop.add(isEmptyList(app['fetch']) && isFilledList(app['uris']) ? 'fetch' : 'uris');
  if (Array.isArray(app['portDefinitions']) || isObject(app['ipAddress'])) drop.add('ports');
  for (const name of ['acceptedResourceRoles', 'args']) if (isEmptyList(app[name])) drop.add(name);
  return withoutNulls(app, drop);
}

/** What a person wrote of a job: no counters, no nulls, and of `uris` and `fetch`, which the list fills from each other, only one. */
export function normaliseJob(job: Definition): Definition {
  const drop = new Set<string>(RUN_TIME_OF_JOB);
  drop.add(isFilledList(job['fetch']) || isEmptyList(job['uris']) ? 'uris' : 'fetch');
  if (isEmptyList(job['fetch'])) drop.add('fetch');
  return withoutNulls(job, drop);
}

/** What a person wrote of a pod: no version, no nulls. */
export function normalisePod(pod: Definition): Definition {
  return withoutNulls(pod, new Set(['version']));
}

function withoutNulls(definition: Definition, drop: ReadonlySet<string>): Definition {
  return clean(Object.fromEntries(Object.entries(definition).filter(([key]) => !drop.has(key)))) as Definition;
}

function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .map(([key, inner]) => [key, clean(inner)]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFilledList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
