import pLimit from 'p-limit';
import { asStarsError, StarsError } from '../errors.js';

/** What became of one host. */
export type HostOutcome<T> = { host: string; ok: true; value: T } | { host: string; ok: false; error: StarsError };

/** Does the same for every host, `limit` at a time; one that fails does not hold up the others. In the order of the hosts. */
export function eachHost<T>(
  hosts: readonly string[],
  limit: number,
  action: (host: string) => Promise<T>,
): Promise<HostOutcome<T>[]> {
  const limited = pLimit(Math.max(1, Math.floor(limit)));
  return Promise.all(
    hosts.map((host) =>
      limited(async (): Promise<HostOutcome<T>> => {
        try {
          return { host, ok: true, value: await action(host) };
        } catch (error) {
          return { host, ok: false, error: named(host, asStarsError(error)) };
        }
      }),
    ),
  );
}

function named(host: string, error: StarsError): StarsError {
  if (error.message.includes(host)) return error;
  const { hint, where, cause } = error;
  return new StarsError(error.code, `${host}: ${error.message}`, { hint, where, cause });
}
