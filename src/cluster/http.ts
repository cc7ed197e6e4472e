import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import { Secret } from '../secret.js';
import { type Answer, readJson, redactUrl, refusal, unreachable } from './answer.js';
import { createAttempts, type Failure, type Reply, type Target } from './attempt.js';
import type { Auth, CallOptions, Method, Query } from './call.js';
import { parseUrl } from './url.js';

export type { Auth, CallOptions, Method, Query } from './call.js';

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
  /** The whole answer to a call of any method, for what stands in a header or in no body. */
  send(method: Method, path: string, options?: CallOptions): Promise<Answer>;
  /** A body that goes on, such as events, until `signal` aborts; only its beginning has to come within the time-out. */
  stream(path: string, options?: CallOptions): Promise<Readable>;
};

type Base = { url: string; host: string; protocol: string; auth: Auth | undefined };
type Call = { method: Method; path: string; options: CallOptions; streams?: true };
const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_MAX_BYTES = 100 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const READS: ReadonlySet<Method> = new Set(['GET', 'HEAD']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** HTTP to one service behind one or several base URLs. Throws CONFIG for an address that is none. */
export function createHttp(options: HttpOptions): Http {
  const { service, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES, ca, log, clock } = options;
  const bases = options.baseUrls.map((url) => parseBase(service, url, options.auth));
  const sendOnce = createAttempts({ service, maxBytes, ca });
  let preferred = bases[0];

  async function ask(call: Call): Promise<Reply> {
    const failures: Failure[] = [];
    for (const base of [...bases].sort((a, b) => Number(b === preferred) - Number(a === preferred))) {
      const result = await follow(call, base);
      if (!('reason' in result)) {
        preferred = base;
        return result;
      }
      log.debug({ service, url: result.url, reason: result.reason }, 'no usable answer');
      failures.push(result);
      if (result.sent && !READS.has(call.method)) break;
    }
    throw unreachable(service, failures, !READS.has(call.method) && failures.some(({ sent }) => sent));
  }

  async function follow(call: Call, base: Base): Promise<Reply | Failure> {
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

  async function attempt({ method, options: call, streams }: Call, { url, auth }: Target): Promise<Reply | Failure> {
    if (call.signal?.aborted) throw cancelled(service, call.signal);
    const limitMs = call.timeoutMs ?? timeoutMs;
    const deadline = new AbortController();
    const stopTimer = clock.after(limitMs, () => deadline.abort());
    const signal = call.signal ? AbortSignal.any([call.signal, deadline.signal]) : deadline.signal;
    try {
      const result = await sendOnce({ url, auth, method, options: call, streams, signal });
      if (!('reason' in result)) return result;
      if (call.signal?.aborted) throw cancelled(service, call.signal);
      if (!deadline.signal.aborted) return result;
      const reason = result.sent ? 'gave no answer' : 'could not be connected to';
      return { ...result, reason: `${reason} within ${limitMs / 1000} s` };
    } finally {
      stopTimer();
    }
  }

  // A redirect to another instance of the service is the way to its leader. Credentials go along only if it asks for the very same
  // call there: otherwise one instance could have us do something else, with our rights, on another.
  function nextTarget(call: Call, answer: Answer, from: Target): Target | Failure {
    const location = answer.headers['location'];
    const next = location ? parseUrl(location, from.url) : undefined;
    const readOnly = READS.has(call.method);
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
    const wanted = joinUrl(known.url, call.path, call.options.query);
    // Mesos leaves the query out.
    const sameCall = next.href === wanted || next.href === joinUrl(known.url, call.path);
    return sameCall ? { url: wanted, auth: known.auth } : { url: next.href, auth: undefined };
  }

  async function json<T>(method: Method, path: string, schema: z.ZodType<T>, options?: CallOptions): Promise<T> {
    return readJson(service, await send(method, path, options), schema);
  }

  async function send(method: Method, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await ask({ method, path, options });
    if (answer.status >= 400) throw refusal(service, answer);
    return answer;
  }

  return {
    service,
    baseUrls: bases.map(({ url }) => url),
    get: (path, schema, options) => json('GET', path, schema, options),
    post: (path, schema, options) => json('POST', path, schema, options),
    put: (path, schema, options) => json('PUT', path, schema, options),
    patch: (path, schema, options) => json('PATCH', path, schema, options),
    delete: (path, schema, options) => json('DELETE', path, schema, options),
    text: async (path, options) => (await send('GET', path, options)).body,
    send,
    async stream(path, options = {}) {
      const answer = await ask({ method: 'GET', path, options, streams: true });
      if (answer.stream) return answer.stream;
      throw refusal(service, answer);
    },
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
  const inUrl = url.username && { username: decoded(url.username), password: new Secret(decoded(url.password)) };
  const { host, protocol } = url;
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    host,
    protocol,
    auth: auth ?? (inUrl || undefined),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A login with a bare % means that character.
    return text;
  }
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
