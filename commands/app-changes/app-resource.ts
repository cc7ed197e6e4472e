import type { Resource } from '../../src/model/lease.js';

/**
 * What a change of an app locks, so that changes of others go on beside it. The last part of its id alone counts, since people name it
 * with and without its groups.
 */
export function appResource(name: string): Resource {
  return `app:/${name.replace(/\/+$/, '').split('/').at(-1) ?? ''}`;
}

/** The same for a job of Chronos. */
export function jobResource(name: string): Resource {
  return `job:${name}`;
}
