import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable, Duplex } from 'node:stream';
import { rootCertificates } from 'node:tls';
import type { AxiosError, AxiosInstance, AxiosResponse } from 'axios';
import { type Answer, tooLarge, wordsOf } from './answer.js';
import type { Auth, CallOptions, Method } from './call.js';
import { exactJson } from './exact-json.js';

export type Target = { url: string; auth: Auth | undefined };

/** An answer whose body still comes has an empty text. */
export type Reply = Answer & { stream?: Readable };

/** An attempt without a usable answer. `sent`: the service may have acted on it. */
export type Failure = { url: string; reason: string; sent: boolean; hint?: string };

export type Attempt = Target & {
  method: Method;
  options: CallOptions;
  streams?: true | undefined;
  /** Ends the attempt: somebody cancelled it, or its time is up. */
  signal: AbortSignal;
};

// All others say what they send even where that is nothing: Marathon refuses a restart that does not (415).
const READING = new Set<Method>(['GET', 'HEAD']);
const UNAVAILABLE = new Set([502, 503, 504]);
const NO_ROUTE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EADDRNOTAVAIL']);

/** Sends one request to one address of a service. Throws API_ANSWER for an answer beyond `maxBytes`; other troubles are a Failure. */
export function createAttempts({
  service,
  maxBytes,
  ca,
}: {
  service: string;
  maxBytes: number;
  ca: string | undefined;
}) {
  const trusted = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  let client: Promise<AxiosInstance> | undefined;

  return async function attempt({ url, auth, method, options, streams, signal }: Attempt): Promise<Reply | Failure> {
    client ??= createClient(maxBytes);
    const ready = await client;
    let connected = false;
    const onConnected = () => {
      connected = true;
    };
    try {
      const response = await ready.request<string | Readable>({
        url,
        method,
        signal,
        // One connection per call: a reused one may be closed by the other side just as a change is sent, and then nobody knows.
        httpAgent: new WatchedHttpAgent(onConnected),
        httpsAgent: new WatchedHttpsAgent(onConnected, trusted),
        ...(streams ? { responseType: 'stream' as const, maxContentLength: Infinity } : {}),
        ...(options.latin1 ? { responseEncoding: 'latin1' } : {}),
        headers: headersOf(method, options, auth),
        ...dataOf(options),
      });
      return usable(response, url);
    } catch (thrown) {
      const error = thrown as AxiosError;
      if (error.message.startsWith('maxContentLength')) throw tooLarge(service, url, maxBytes);
      return { url, reason: reasonOf(error), sent: connected };
    }
  };
}

class WatchedHttpAgent extends HttpAgent {
  constructor(private readonly onConnected: () => void) {
    super({ keepAlive: false });
  }

  override createConnection(...args: Parameters<HttpAgent['createConnection']>): Duplex | null | undefined {
    return super.createConnection(...args)?.once('connect', this.onConnected);
  }
}

class WatchedHttpsAgent extends HttpsAgent {
  constructor(
    private readonly onConnected: () => void,
    trusted: { ca?: string[] },
  ) {
    super({ keepAlive: false, ...trusted });
  }

  override createConnection(...args: Parameters<HttpsAgent['createConnection']>): Duplex | null | undefined {
    return super.createConnection(...args)?.once('secureConnect', this.onConnected);
  }
}

// axios is loaded with the first request: most commands make none.
async function createClient(maxBytes: number): Promise<AxiosInstance> {
  const { default: axios } = await import('axios');
  return axios.create({
    proxy: false,
    maxRedirects: 0,
    maxContentLength: maxBytes,
    responseType: 'text',
    transformResponse: (body: unknown) => body,
    validateStatus: () => true,
  });
}

function dataOf({ body, form }: CallOptions): { data?: string } {
  if (form) return { data: new URLSearchParams(form).toString() };
  return body === undefined ? {} : { data: exactJson(body) };
}

function headersOf(
  method: Method,
  { form, headers, accept = 'application/json' }: CallOptions,
  auth: Auth | undefined,
): Record<string, string> {
  return {
    Accept: accept,
    ...(READING.has(method) ? {} : { 'Content-Type': form ? 'application/x-www-form-urlencoded' : 'application/json' }),
    ...headers,
    ...(auth
      ? { Authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`).toString('base64')}` }
      : {}),
  };
}

function usable({ status, headers, data }: AxiosResponse<string | Readable>, url: string): Reply | Failure {
  const answer: Reply = { status, headers: lowerCased(headers), body: typeof data === 'string' ? data : '', url };
  if (typeof data === 'object' && status === 200) return { ...answer, stream: data };
  // What comes instead of the stream that was asked for is read, so that the connection ends, and thrown away.
  if (typeof data === 'object') data?.resume();
  if (!UNAVAILABLE.has(status)) return answer;
  return { url, reason: `answers ${status}${wordsOf(answer, ': ')}`, sent: true };
}

function lowerCased(headers: AxiosResponse['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function reasonOf({ code = '' }: AxiosError): string {
  if (code === 'ECONNREFUSED') return 'refused the connection';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'has no known address';
  if (NO_ROUTE.has(code)) return 'cannot be reached from here';
  if (/CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE/.test(code)) return `has a certificate that is not trusted (${code})`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) return 'does not speak TLS';
  return code.startsWith('HPE_') ? 'does not speak HTTP' : 'broke off the connection';
}
