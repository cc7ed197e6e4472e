import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosError, type AxiosResponse } from 'axios';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { Secret } from '../secret.js';
import { type Answer, readJson, redactUrl, refusal, tooLarge, unreachable, wordsOf } from './answer.js';
import { parseUrl } from './url.js';

export type Auth = { username: string; password: Secret };

export type HttpOptions = {
  /** What people call it: "Marathon". Every error names it and the URL. */
  service: string;
  /** Instances of one service, with their path prefix if they have one; each must be as good as the other. */
  baseUrls: readonly string[];
  auth?: Auth | undefined;
  /** Hard limit of one attempt, from the first byte sent to the last received. */
  timeoutMs?: number | undefined;
  /** Certificates to trust beside the system's, in PEM. */
  ca?: string | undefined;
  maxBytes?: number | undefined;
  log: Log;
  clock: Clock;
};

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export type CallOptions = {
  query?: Query | undefined;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  accept?: string | undefined;
};

type Verb = <T>(path: string, schema: z.ZodType<T>, options?: CallOptions) => Promise<T>;

/** Calls on one service. All reject with API_UNREACHABLE, API_ANSWER, API_REFUSED, APP_LOCKED or CANCELLED. */
export type Http = {
  readonly service: string;
  /** Without credentials. */
  readonly baseUrls: readonly string[];
  get: Verb;
  post: Verb;
  put: Verb;
  patch: Verb;
  delete: Verb;
  /** The body as it came, whatever it is. */
  text(path: string, options?: CallOptions): Promise<string>;
};

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Base = { url: string; host: string; protocol: string; auth: Auth | undefined };
type Call = { method: Method; path: string; options: CallOptions };
/** An attempt without a usable answer. `sent`: the service may have acted on it. */
type Failure = { url: string; reason: string; sent: boolean; hint?: string };
type Target = { url: string; auth: Auth | undefined };

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_BYTES = 100 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const UNAVAILABLE = new Set([502, 503, 504]);
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** HTTP to one service behind one or several base URLs. Throws CONFIG for an address that is none. */
export function createHttp(options: HttpOptions): Http {
  const { service, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES, ca, log, clock } = options;
  const bases = options.baseUrls.map((url) => parseBase(service, url, options.auth));
  // One connection per call: a reused one may be closed by the other side just as a change is sent, and then nobody knows.
  const client = axios.create({
    httpAgent: new HttpAgent({ keepAlive: false }),
    httpsAgent: new HttpsAgent({ keepAlive: false, ...(ca === undefined ? {} : { ca }) }),
    proxy: false,
    maxRedirects: 0,
    maxContentLength: maxBytes,
    responseType: 'text',
    transformResponse: (body: unknown) => body,
    validateStatus: () => true,
  });
  let preferred = bases[0];

  async function ask(call: Call): Promise<Answer> {
    const failures: Failure[] = [];
    for (const base of [...bases].sort((a, b) => Number(b === preferred) - Number(a === preferred))) {
      const result = await follow(call, base);
      if (!('reason' in result)) {
        preferred = base;
        return result;
      }
      log.debug({ service, url: result.url, reason: result.reason }, 'no usable answer');
      failures.push(result);
      if (result.sent && call.method !== 'GET') break;
    }
    throw unreachable(service, failures, call.method !== 'GET' && failures.some(({ sent }) => sent));
  }

  async function follow(call: Call, base: Base): Promise<Answer | Failure> {
    let target: Target = { url: joinUrl(base.url, call.path, call.options.query), auth: base.auth };
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const result = await attempt(call, target);
      if ('reason' in result || !REDIRECTS.has(result.status)) return result;
      const next = nextTarget(call, result, target);
      if ('reason' in next) return next;
      target = next;
    }
    return { url: target.url, reason: `redirects in circles (${MAX_REDIRECTS} times)`, sent: false };
  }

  async function attempt({ method, options: call }: Call, { url, auth }: Target): Promise<Answer | Failure> {
    if (call.signal?.aborted) throw cancelled(service, call.signal);
    const limitMs = call.timeoutMs ?? timeoutMs;
    const deadline = new AbortController();
    const stopTimer = clock.after(limitMs, () => deadline.abort());
    try {
      const response = await client.request<string>({
        url,
        method,
        headers: headersOf(call, auth),
        ...(call.body === undefined ? {} : { data: JSON.stringify(call.body) }),
        signal: call.signal ? AbortSignal.any([call.signal, deadline.signal]) : deadline.signal,
      });
      return usable(response, url);
    } catch (thrown) {
      if (call.signal?.aborted) throw cancelled(service, call.signal);
      if (deadline.signal.aborted) return { url, reason: `gave no answer within ${limitMs / 1000} s`, sent: true };
      return failureOf(thrown as AxiosError, url);
    } finally {
      stopTimer();
    }
  }

  function failureOf(error: AxiosError, url: string): Failure {
    if (error.message.startsWith('maxContentLength')) throw tooLarge(service, url, maxBytes);
    const code = error.code ?? '';
    if (code === 'ECONNREFUSED') return { url, reason: 'refused the connection', sent: false };
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { url, reason: 'has no known address', sent: false };
    if (NEVER_SENT.has(code)) return { url, reason: 'cannot be reached from here', sent: false };
    if (/CERT|SELF_SIGNED|ISSUER/.test(code))
      return { url, reason: `has a certificate that is not trusted (${code})`, sent: false };
    if (code.startsWith('HPE_')) return { url, reason: 'does not speak HTTP', sent: true };
    return { url, reason: 'broke off the connection', sent: true };
  }

  // A redirect to another instance of the service is the way to its leader. Credentials go along only if it asks for the very same
  // call there: otherwise one instance could have us do something else, with our rights, on another.
  function nextTarget(call: Call, answer: Answer, from: Target): Target | Failure {
    const location = answer.headers['location'];
    const next = location ? parseUrl(location, from.url) : undefined;
    const readOnly = call.method === 'GET';
    if (!next || (!readOnly && answer.status !== 307 && answer.status !== 308)) throw refusal(service, answer);
    const known = bases.find(({ host, protocol }) => host === next.host && protocol === next.protocol);
    if (!known) {
      return {
        url: from.url,
        reason: `sends us on to ${redactUrl(next.href)}, which is not one of its known addresses`,
        sent: false,
        hint: `If ${next.origin} is right, add it to the addresses of ${service} in environment.yml.`,
      };
    }
    const sameCall = next.href === joinUrl(known.url, call.path, call.options.query);
    return { url: next.href, auth: sameCall ? known.auth : undefined };
  }

  async function json<T>(method: Method, path: string, schema: z.ZodType<T>, options: CallOptions = {}): Promise<T> {
    const answer = await ask({ method, path, options });
    if (answer.status >= 400) throw refusal(service, answer);
    return readJson(service, answer, schema);
  }

  return {
    service,
    baseUrls: bases.map(({ url }) => url),
    get: (path, schema, options) => json('GET', path, schema, options),
    post: (path, schema, options) => json('POST', path, schema, options),
    put: (path, schema, options) => json('PUT', path, schema, options),
    patch: (path, schema, options) => json('PATCH', path, schema, options),
    delete: (path, schema, options) => json('DELETE', path, schema, options),
    async text(path, options = {}) {
      const answer = await ask({ method: 'GET', path, options });
      if (answer.status >= 400) throw refusal(service, answer);
      return answer.body;
    },
  };
}

function usable({ status, headers, data }: AxiosResponse<string>, url: string): Answer | Failure {
  const answer = { status, headers: lowerCased(headers), body: data ?? '', url };
  if (!UNAVAILABLE.has(status)) return answer;
  return { url, reason: `answers ${status}${wordsOf(answer, ': ')}`, sent: true };
}

function lowerCased(headers: AxiosResponse['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function headersOf({ body, accept = 'application/json' }: CallOptions, auth: Auth | undefined): Record<string, string> {
  return {
    Accept: accept,
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...(auth
      ? { Authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password.reveal()}`).toString('base64')}` }
      : {}),
  };
}

function parseBase(service: string, text: string, auth: Auth | undefined): Base {
  const url = parseUrl(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new StarsError(
      'CONFIG',
      `The address of ${service}, "${redactUrl(text)}", is not an http or https address.`,
      {
        hint: 'Write it like http://host:8080 or https://host/prefix.',
      },
    );
  }
  const inUrl = url.username && {
    username: decodeURIComponent(url.username),
    password: new Secret(decodeURIComponent(url.password)),
  };
  const { host, protocol } = url;
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    host,
    protocol,
    auth: auth ?? (inUrl || undefined),
  };
}

/** The path below the base: `https://host/marathon` and `/v2/apps` make `https://host/marathon/v2/apps`. */
function joinUrl(base: string, path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return `${base}${path}${text && `?${text}`}`;
}

function cancelled(service: string, signal: AbortSignal): StarsError {
  return new StarsError('CANCELLED', `Cancelled while talking to ${service}.`, { cause: signal.reason });
}
