import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type S3Server = {
  url: string;
  objects: Map<string, Buffer>;
  /** What the next requests of this method are answered with instead. */
  fault(fault: { method: string; status?: number; hangUp?: true; damage?: true; times?: number }): void;
  clearFaults(): void;
  /** Told of each request before it is answered. */
  onRequest(listener: (method: string) => void): void;
  close(): Promise<void>;
};

type Fault = { method: string; status?: number; hangUp?: true; damage?: true; times: number };
export const KEY = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const MOST_KEYS = 3;

/**
 * One bucket called `backups` of an S3 service on loopback: signatures are checked as AWS describes them (version 4), lists come in
 * pages, and errors are XML.
 */
export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const faults: Fault[] = [];
  let listener: (method: string) => void = () => undefined;

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks)));
  });

  function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const url = new URL(request.url ?? '/', 'http://s3');
    listener(request.method ?? '');
    const fault = takeFault(request.method ?? '');
    if (fault?.hangUp) return void response.destroy();
    if (fault?.status) return refuse(response, fault.status, fault.status === 403 ? 'AccessDenied' : 'InternalError');
    const wrong = whatIsWrong(request, url, body);
    if (wrong) return refuse(response, 403, wrong);
    const [, bucket, ...rest] = url.pathname.split('/');
    if (bucket !== 'backups') return refuse(response, 404, 'NoSuchBucket');
    const key = decodeURIComponent(rest.join('/'));
    if (request.method === 'PUT') return put(response, key, body);
    if (key === '' && request.method === 'GET') return list(response, url.searchParams);
    if (request.method === 'GET') return get(response, key, fault);
    if (request.method === 'DELETE' && key !== '') return remove(response, key);
    return refuse(response, 405, 'MethodNotAllowed');
  }

  function takeFault(method: string): Fault | undefined {
    const found = faults.find((fault) => fault.method === method);
    if (found && (found.times -= 1) <= 0) faults.splice(faults.indexOf(found), 1);
    return found;
  }

  function put(response: ServerResponse, key: string, body: Buffer): void {
    objects.set(key, body);
    response.writeHead(200, { ETag: `"${createHash('md5').update(body).digest('hex')}"` }).end();
  }

  /** As S3: what is not there is gone as well. */
  function remove(response: ServerResponse, key: string): void {
    objects.delete(key);
    response.writeHead(204).end();
  }

  function get(response: ServerResponse, key: string, fault: Fault | undefined): void {
    const object = objects.get(key);
    if (!object) return refuse(response, 404, 'NoSuchKey');
    response.writeHead(200).end(fault?.damage ? Buffer.concat([object.subarray(1), Buffer.from('?')]) : object);
  }

  function list(response: ServerResponse, query: URLSearchParams): void {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const keys = [...objects.keys()].sort().filter((key) => key.startsWith(prefix) && key > after);
    const page = keys.slice(0, MOST_KEYS);
    const more = keys.length > page.length;
    const contents = page.map(
      (key) =>
        `<Contents><Key>${key}</Key><LastModified>2026-11-22T02:00:00.000Z</LastModified><ETag>"x"</ETag><Size>${objects.get(key)?.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
    );
    const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    xml(
      response,
      200,
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>backups</Name><Prefix>${prefix}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${MOST_KEYS}</MaxKeys><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
    );
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    fault: (fault) => faults.push({ times: 1, ...fault }),
    clearFaults: () => faults.splice(0),
    onRequest: (told) => {
      listener = told;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  xml(response, status, `<Error><Code>${code}</Code><Message>refused</Message></Error>`);
}

function xml(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
}

/** The code of what is wrong with the signature, or undefined. */
function whatIsWrong({ method = '', headers }: IncomingMessage, url: URL, body: Buffer): string | undefined {
  const [, id, scope = '', signed = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  if (id === undefined) return 'AccessDenied';
  if (id !== KEY.id) return 'InvalidAccessKeyId';
  const hash = String(headers['x-amz-content-sha256'] ?? '');
  if (hash !== 'UNSIGNED-PAYLOAD' && hash !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const names = signed.split(';');
  if (!names.includes('host')) return 'SignatureDoesNotMatch';
  const canonical = [
    method,
    url.pathname,
    [...url.searchParams]
      .map(([key, value]) => `${escaped(key)}=${escaped(value)}`)
      .sort()
      .join('&'),
    ...names.map(
      (name) =>
        `${name}:${String(headers[name] ?? '')
          .trim()
          .replaceAll(/\s+/g, ' ')}`,
    ),
    '',
    signed,
    hash,
  ].join('\n');
  const [date = '', region = '', service = '', end = ''] = scope.split('/');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(Buffer.from(canonical))].join('\n');
  const key = [date, region, service, end].reduce<Buffer>(
    (secret, part) => hmac(secret, part),
    Buffer.from(`AWS4${KEY.secret}`),
  );
  return hmac(key, text).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch';
}

function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
