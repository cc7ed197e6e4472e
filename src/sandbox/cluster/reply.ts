import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

export type HttpRequest = {
  method: string;
  /** The path as sent, percent-decoded, without the query. */
  path: string;
  /** The path before a service took its prefix off. */
  asked?: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** What the groups of the route's pattern caught. */
  params: string[];
  remoteAddress: string;
};

export type HttpReply = {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  html?: string;
  bytes?: Buffer;
  /** Takes the connection over: an event stream. Called after the head was sent. */
  stream?: (response: ServerResponse) => void;
  /** Ends the connection without an answer, as a process that is not there. */
  hangUp?: boolean;
};

/** Thrown to end a request with this reply instead of the handler's own. */
export class Refusal extends Error {
  constructor(readonly reply: HttpReply) {
    super(`refused with ${reply.status ?? 200}`);
  }
}

export function isJson({ headers }: HttpRequest): boolean {
  return headers['content-type']?.startsWith('application/json') ?? false;
}

/** The answer, also where it was thrown. */
export async function refusedOr(answer: () => HttpReply | Promise<HttpReply>): Promise<HttpReply> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}

/** Writes a reply; a JSON reply goes out in one piece with its length. */
export function send(response: ServerResponse, request: HttpRequest, reply: HttpReply): void {
  if (reply.hangUp) {
    response.destroy();
    return;
  }
  const { body, type } = encodeReply(reply);
  response.statusCode = reply.status ?? 200;
  if (type) response.setHeader('Content-Type', type);
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.stream) {
    response.flushHeaders();
    reply.stream(response);
    return;
  }
  response.setHeader('Content-Length', body.length);
  response.end(request.method === 'HEAD' ? undefined : body);
}

export function encodeReply(reply: HttpReply): { body: Buffer; type: string | undefined } {
  if (reply.json !== undefined) return { body: Buffer.from(JSON.stringify(reply.json)), type: 'application/json' };
  if (reply.html !== undefined) return { body: Buffer.from(reply.html), type: 'text/html;charset=ISO-8859-1' };
  if (reply.text !== undefined) return { body: Buffer.from(reply.text), type: 'text/plain;charset=utf-8' };
  return { body: reply.bytes ?? Buffer.alloc(0), type: reply.bytes ? 'application/octet-stream' : undefined };
}

/** An error page as Jetty writes it. */
export function jettyPage(status: number, reason: string, path: string): string {
  return [
    '<html>',
    '<head>',
    '<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>',
    `<title>Error ${status} </title>`,
    '</head>',
    '<body>',
    `<h2>HTTP ERROR: ${status}</h2>`,
    `<p>Problem accessing ${path.replaceAll('<', '&lt;')}. Reason:`,
    `<pre>    ${reason}</pre></p>`,
    '<hr /><i><small>Powered by Jetty://</small></i>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}
