import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '../../src/clock.js';
import { createHttp, type Http, type HttpOptions } from '../../src/cluster/http.js';
import { silentLog } from '../../src/log.js';

export type Reply = { status?: number; headers?: Record<string, string>; body?: unknown };
export type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string };
export type Handler = (seen: Seen, response: ServerResponse) => Reply | undefined;
export type Served = { url: string; port: number; seen: Seen[]; close(): Promise<void> };

const open: Served[] = [];

/** An HTTP server on a free port of loopback. A handler that returns nothing answers by itself, or never. */
export async function serve(handler: Handler, tls?: { key: string; cert: string }): Promise<Served> {
  const seen: Seen[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      const reply = handler(one, response);
      if (reply) send(response, reply);
    });
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const served = { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, port, seen, close };
  open.push(served);
  return served;
}

/** Answers by method and path (`GET /v2/apps`, or only `/v2/apps` for GET), without the query; else 404 as Marathon words it. */
export function routes(table: Record<string, Reply | ((seen: Seen) => Reply)>): Handler {
  return (seen) => {
    const path = seen.url.split('?')[0] ?? '';
    const entry = table[`${seen.method} ${path}`] ?? (seen.method === 'GET' ? table[path] : undefined);
    if (!entry) return { status: 404, body: { message: `URI not found: ${path.slice(1)}` } };
    return typeof entry === 'function' ? entry(seen) : entry;
  };
}

export async function closeServers(): Promise<void> {
  await Promise.all(open.splice(0).map((served) => served.close()));
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Reply): void {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(text);
}

export function httpTo(baseUrls: string | string[], options: Partial<HttpOptions> & { clock?: Clock } = {}): Http {
  const urls = typeof baseUrls === 'string' ? [baseUrls] : baseUrls;
  return createHttp({ service: 'Marathon', baseUrls: urls, clock: systemClock, log: silentLog, ...options });
}

export function fixtureText(name: string): string {
  return readFileSync(new URL(`../fixtures/cluster/${name}`, import.meta.url), 'utf8');
}

export function fixture(name: string): unknown {
  return JSON.parse(fixtureText(name));
}

/** The error a promise rejects with; fails when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string; hint?: string }> {
  return promise.then(
    (value) => {
      throw new Error(`did not fail but gave ${JSON.stringify(value)}`);
    },
    (error: Error) => error,
  );
}

/** A clock on which waiting takes no time but counts; deadlines never fall due. */
export function hurryingClock(start = '2017-09-04T14:00:00.000Z'): Clock {
  let nowMs = Date.parse(start);
  return {
    now: () => new Date(nowMs),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    after: () => () => undefined,
  };
}
