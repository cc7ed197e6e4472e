import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import type { CallOptions } from '../http.js';

export type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

/** `force` cancels the deployments in the way, without taking them back. */
export type Changing = Asking & { force?: boolean | undefined };

/** An id in a path: `/data/zeppelin` as it is, other characters escaped. */
export function inPath(id: string): string {
  return `/${id.replace(/^\/+/, '')}`.split('/').map(encodeURIComponent).join('/');
}

/** The call, its 404 told as APP_NOT_FOUND. */
export async function aboutApp<T>(id: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (refusalOf(error)?.status !== 404) throw error;
    throw new StarsError('APP_NOT_FOUND', `Marathon has no app ${id}.`, { cause: error });
  }
}

export function noneWhenMissing(error: unknown): undefined {
  if (refusalOf(error)?.status === 404) return undefined;
  throw error;
}
