import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { run } from '../support/run-command.js';

/** What hosts reach as http://server:8000/. */
export const WEB_PORT = 8000;

type Answer = { status?: number; headers?: Record<string, string | string[]>; body?: string | Buffer };

/** The same with TLS, and a question for the certificate of whoever asks. */
export const TLS_PORT = 8443;

/**
 * A server on a network of hosts: `/file`, `/json`, `/missing`, `/redirect`, `/auth`, `/echo` … as `ANSWERS` says.
 * In the folder are its certificates: see `makeCertificates`.
 */
export async function startWebServer(network: string, certificates: string): Promise<{ stop(): Promise<void> }> {
  const file = (name: string) => readFileSync(join(certificates, name));
  const tls = { cert: file('server.pem'), key: file('key.pem'), requestCert: true, rejectUnauthorized: false };
  const plain = createServer(answering);
  const secure = createTlsServer(tls, answering);
  await listen(plain, WEB_PORT, `${network}.1`);
  await listen(secure, TLS_PORT, `${network}.1`);
  return {
    async stop() {
      for (const server of [plain, secure]) await close(server);
    },
  };
}

/** An authority `ca.pem`, the server's and a user's certificate of it (`server.pem`, `cert.pem`), one `key.pem` for all, `both.pem` of the user. */
export async function makeCertificates(folder: string): Promise<void> {
  const sign = 'openssl x509 -req -CA ca.pem -CAkey key.pem -CAcreateserial -days 2';
  await run('sh', [
    '-ec',
    `mkdir -p ${folder}; cd ${folder}; openssl genrsa -out key.pem 2048
openssl req -x509 -new -key key.pem -subj /CN=authority -days 2 -out ca.pem
openssl req -new -key key.pem -subj /CN=server | { printf 'subjectAltName=DNS:server' >names; ${sign} -extfile names -out server.pem; }
openssl req -new -key key.pem -subj /CN=somebody | ${sign} -out cert.pem; cat cert.pem key.pem >both.pem; chmod 644 *`,
  ]);
}

function answering(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => reply(request, response, Buffer.concat(pieces).toString()));
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function reply(request: IncomingMessage, response: ServerResponse, body: string): void {
  const path = (request.url ?? '/').replace(/\?.*/, '');
  const answer = ANSWERS[path]?.(request, body) ?? { status: 404, body: 'nothing here\n' };
  const content = Buffer.from(answer.body ?? '');
  response.sendDate = false;
  response.writeHead(answer.status ?? 200, {
    'content-type': 'text/plain',
    'content-length': String(content.length),
    ...answer.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : content);
}

const LAST_MODIFIED = 'Wed, 01 Jan 2020 00:00:00 GMT';

const ANSWERS: Readonly<Record<string, (request: IncomingMessage, body: string) => Answer>> = {
  '/file': ({ headers }) =>
    headers['if-modified-since'] === undefined
      ? { body: 'one\ntwo\n', headers: { 'last-modified': LAST_MODIFIED } }
      : { status: 304 },
  '/plain.txt': () => ({ body: 'plain\n' }),
  '/disposition': () => ({ body: 'named\n', headers: { 'content-disposition': 'attachment; filename="named.txt"' } }),
  '/sums': () => ({
    body: 'c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8  file\n0000  other\n',
  }),
  '/json': () => ({ body: '{"a": [1, 2.5, true, null, "\\u00e9"]}', headers: { 'content-type': 'application/json' } }),
  '/gzip': () => ({ body: gzipSync('packed\n'), headers: { 'content-encoding': 'gzip' } }),
  '/redirect': () => ({ status: 302, headers: { location: '/plain.txt' } }),
  '/moved': () => ({ status: 301, headers: { location: 'http://server:8000/plain.txt' } }),
  '/see-other': () => ({ status: 303, headers: { location: '/echo' } }),
  '/kept': () => ({ status: 307, headers: { location: '/echo' } }),
  '/enter': () => ({ status: 302, headers: { location: '/echo', 'set-cookie': 'session=abc; Path=/' } }),
  '/digest': () => ({ status: 401, headers: { 'www-authenticate': 'Digest realm="here", nonce="n", qop="auth"' } }),
  '/jsonp': () => ({ body: '{"a": 1}', headers: { 'content-type': 'application/javascript; charset=utf-8' } }),
  '/problem': () => ({ body: '{"a": 1}', headers: { 'content-type': 'application/problem+json' } }),
  '/twice': () => ({ headers: { 'x-twice': ['a', 'b'], 'set-cookie': ['a=1; Path=/', 'b=2; Path=/deep', 'c=3'] } }),
  '/who': ({ socket }) => {
    const { subject } = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
    return { body: `${String(subject?.CN ?? 'nobody')}\n` };
  },
  '/created': () => ({ status: 201, body: 'made\n' }),
  '/empty': () => ({ status: 204 }),
  '/forbidden': () => ({ status: 403, body: 'no\n' }),
  '/broken': () => ({ status: 500, body: 'oops\n' }),
  '/cookie': () => ({ body: 'cookie\n', headers: { 'set-cookie': 'session=abc; Path=/' } }),
  '/auth': ({ headers }) =>
    headers.authorization === `Basic ${Buffer.from('me:secret').toString('base64')}`
      ? { body: 'welcome\n' }
      : { status: 401, headers: { 'www-authenticate': 'Basic realm="here"' }, body: 'who?\n' },
  '/echo': (request, body) => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      method: request.method,
      type: request.headers['content-type'] ?? null,
      custom: request.headers['x-custom'] ?? null,
      cookie: request.headers.cookie ?? null,
      cache: request.headers['cache-control'] ?? null,
      agent: request.headers['user-agent'] ?? null,
      body,
    }),
  }),
};
