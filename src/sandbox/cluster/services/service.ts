import type { Timers } from '../timing.js';
import { route, type Handler, type Route } from '../http.js';
import { jettyPage, type HttpReply, type HttpRequest } from '../reply.js';

export type ServiceName = 'zeppelin' | 'livy' | 'blazegraph' | 'lightning' | 'spark';
export const SERVICE_NAMES: ServiceName[] = ['zeppelin', 'livy', 'blazegraph', 'lightning', 'spark'];

/** What a service is made of: its routes, what stands before them, and what tests may do to it. */
export type Service = {
  routes: Route[];
  /** Answers in place of the routes: a login that is missing. */
  guard?: (request: HttpRequest) => HttpReply | undefined;
};

/** How long what people start in a service takes. */
export type ServiceDeps = { timers: Timers; jobMs: number };

export const missing: Handler = ({ path }) => ({ status: 404, html: jettyPage(404, 'Not Found', path) });
export const wrongVerb: Handler = ({ path }) => ({ status: 405, html: jettyPage(405, 'Method Not Allowed', path) });

/** A JSON object in a body; empty when there is none. Anything else is undefined. */
export function bodyObject({ body }: HttpRequest): Record<string, unknown> | undefined {
  if (body.length === 0) return {};
  try {
    const json: unknown = JSON.parse(body.toString());
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A route whose path may end with a slash. */
export function at(method: string, path: string, handler: Handler): Route {
  return route(method, new RegExp(`^${path}/?$`), handler);
}
