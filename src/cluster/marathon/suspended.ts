import type { Marathon } from './client.js';

type Asking = { signal?: AbortSignal | undefined };

// Whoever scaled a suspended app back and forth so often has long forgotten what it had before.
const MOST_VERSIONS = 50;

/**
 * How many instances an app had before it was suspended, whoever did that, from the versions that Marathon keeps; undefined when it
 * never had any in those.
 */
export async function instancesBefore(marathon: Marathon, id: string, asking: Asking): Promise<number | undefined> {
  for (const version of (await marathon.versions(id, asking)).slice(0, MOST_VERSIONS)) {
    const instances = (await marathon.version(id, version, asking))?.['instances'];
    if (typeof instances === 'number' && instances > 0) return instances;
  }
  return undefined;
}
