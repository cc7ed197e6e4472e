import type { Secret } from '../../secret.js';
import { refusalOf } from '../answer.js';
import type { Finding } from '../finding.js';
import type { CallOptions } from '../http.js';

export type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

/** How people log in to a service that asks for it. */
export type Login = { username: string; password: Secret };

/** What a look at the service comes to. Rejects as Http does when it does not answer as that service does. */
export type Check = (options?: Asking) => Promise<Finding>;

/** The other call where the first one finds nothing at its path. */
export function whenMissing<T>(error: unknown, otherwise: () => Promise<T>): Promise<T> {
  if (refusalOf(error)?.status === 404) return otherwise();
  throw error;
}
