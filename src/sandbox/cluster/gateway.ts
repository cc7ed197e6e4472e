import { request as ask, type IncomingMessage } from 'node:http';
import { jettyPage } from './reply.js';
import type { Handler } from './http.js';
import type { HttpReply, HttpRequest } from './reply.js';

/** A reverse proxy: what is below `/<name>/` goes on to the service of that name, without the name. */
export function createGateway(services: ReadonlyMap<string, string>): Handler {
  return async (request) => {
    const [, name = '', path = '/'] = /^\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
    const url = services.get(name);
    if (url === undefined) return { status: 404, html: jettyPage(404, 'Not Found', request.path) };
    return passedOn(request, `${url}${encodeURI(path)}${queryOf(request)}`).catch(() => ({
      status: 502,
      html: jettyPage(502, 'Bad Gateway', request.path),
    }));
  };
}

function queryOf({ query }: HttpRequest): string {
  const text = query.toString();
  return text && `?${text}`;
}

function passedOn({ method, headers, body }: HttpRequest, url: string): Promise<HttpReply> {
  return new Promise((resolve, reject) => {
    const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...kept } = headers;
    const sent = ask(url, { method, headers: { ...kept, 'content-length': body.length }, agent: false });
    sent.once('error', reject);
    sent.once('response', (answer) => void received(answer).then(resolve, reject));
    sent.end(body);
  });
}

async function received(answer: IncomingMessage): Promise<HttpReply> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
    value === undefined || OF_THE_CONNECTION.has(name) ? [] : [[name, String(value)] as const],
  );
  return { status: answer.statusCode ?? 502, headers: Object.fromEntries(headers), bytes: Buffer.concat(chunks) };
}

const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
]);
