import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Log } from '../../log.js';
import { hidesTheService, misbehave, pickFault, type Fault } from './fault.js';
import { jettyPage, Refusal, send, type HttpReply, type HttpRequest } from './reply.js';

export type Handler = (request: HttpRequest) => HttpReply | Promise<HttpReply>;
export type Route = { method: string; pattern: RegExp; handler: Handler };

export type HttpService = {
  port: number;
  /** `address:port` */
  host: string;
  url: string;
  fault(fault: Fault): void;
  clearFaults(): void;
  /** From now on every path wants this login, as with Marathon's `--http_credentials`; undefined = none. */
  requireLogin(login: { username: string; password: string } | undefined): void;
  /** Ends every open connection and refuses new ones until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  isListening(): boolean;
  /** Ends the open streams and requests; the service goes on listening. */
  dropConnections(): void;
};

/** What tests and people may do to a service. */
export type Breakable = Pick<
  HttpService,
  'fault' | 'clearFaults' | 'requireLogin' | 'dropConnections' | 'stop' | 'start'
>;

export type HttpServiceOptions = {
  log: Log;
  name: string;
  /** An address of loopback; 127.0.0.1 unless told. */
  address?: string | undefined;
  /** Answers every request; throwing becomes the service's own 500 page. */
  handle: Handler;
  after: (ms: number, action: () => void) => () => void;
};

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** A service on a free port that keeps its port over stop and start. */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const { log, name, address = '127.0.0.1', handle, after } = options;
  const sockets = new Set<Socket>();
  const faults: Fault[] = [];
  let wantedLogin: string | undefined;
  const server = createServer((incoming, response) => void serve(incoming, response));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    try {
      const request = await readRequest(incoming);
      const fault = pickFault(faults, request);
      const reply = fault && hidesTheService(fault) ? {} : await answer(request);
      if (fault) misbehave(fault, { request, response, reply, after });
      else send(response, request, reply);
    } catch (error) {
      log.debug({ service: name, err: String(error) }, 'request ended early');
      response.destroy();
    }
  }

  async function answer(request: HttpRequest): Promise<HttpReply> {
    if (wantedLogin !== undefined && request.headers.authorization !== wantedLogin) return unauthorized(request.path);
    try {
      return await handle(request);
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      log.warn({ service: name, path: request.path, err: String(error) }, 'simulator failed to answer');
      return { status: 500, html: jettyPage(500, 'Server Error', request.path) };
    }
  }

  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, () => {
        server.off('error', reject);
        resolve();
      });
    });

  await listen(0);
  const { port } = server.address() as AddressInfo;
  function dropConnections(): void {
    for (const socket of sockets) socket.destroy();
  }
  return {
    port,
    host: `${address}:${port}`,
    url: `http://${address}:${port}`,
    // As it is: several services that are given the same fault count it down together.
    fault: (fault) => void faults.push(fault),
    clearFaults: () => void faults.splice(0),
    requireLogin(login) {
      wantedLogin = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    },
    async stop() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      dropConnections();
      await closed;
    },
    async start() {
      if (!server.listening) await listen(port);
    },
    dropConnections,
    isListening: () => server.listening,
  };
}

/** Several instances of one service, broken and mended together. */
export function together(services: readonly HttpService[]): Breakable {
  const each = (act: (service: HttpService) => Promise<void>) => async () =>
    void (await Promise.all(services.map(act)));
  return {
    fault: (fault) => services.forEach((service) => service.fault(fault)),
    clearFaults: () => services.forEach((service) => service.clearFaults()),
    requireLogin: (login) => services.forEach((service) => service.requireLogin(login)),
    dropConnections: () => services.forEach((service) => service.dropConnections()),
    stop: each((service) => service.stop()),
    start: each((service) => service.start()),
  };
}

function unauthorized(path: string): HttpReply {
  return {
    status: 401,
    headers: { 'WWW-Authenticate': 'Basic realm="Mesosphere"' },
    html: jettyPage(401, 'Unauthorized', path),
  };
}

/** The reply of the first route that fits; `missing` and `wrongVerb` answer for the rest. */
export function routed(
  routes: Route[],
  { missing, wrongVerb }: { missing: Handler; wrongVerb: Handler },
): (request: HttpRequest) => HttpReply | Promise<HttpReply> {
  return (request) => {
    let known = false;
    const method =
      request.method === 'HEAD' && !routes.some((route) => route.method === 'HEAD' && route.pattern.test(request.path))
        ? 'GET'
        : request.method;
    for (const route of routes) {
      const match = route.pattern.exec(request.path);
      if (!match) continue;
      if (route.method === method || route.method === '*') return route.handler({ ...request, params: match.slice(1) });
      known = true;
    }
    return known ? wrongVerb(request) : missing(request);
  };
}

export function route(method: string, pattern: RegExp, handler: Handler): Route {
  return { method, pattern, handler };
}

/** A query flag as Marathon reads it: any case of "true". */
export function flag(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name);
  return value === null ? fallback : value.toLowerCase() === 'true';
}

async function readRequest(incoming: IncomingMessage): Promise<HttpRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error('request body too large');
    chunks.push(chunk as Buffer);
  }
  const [rawPath = '/', query = ''] = splitOnce(incoming.url ?? '/', '?');
  return {
    method: incoming.method ?? 'GET',
    path: decodePath(rawPath),
    query: new URLSearchParams(query),
    headers: incoming.headers,
    body: Buffer.concat(chunks),
    params: [],
    remoteAddress: incoming.socket.remoteAddress ?? '127.0.0.1',
  };
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
