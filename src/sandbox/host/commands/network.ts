import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { baseName } from '../kernel/path.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';

const MAX_BODY = 256 * 1024 * 1024;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const DEFAULT_TIMEOUT_MS = 60_000;

type Fetched = { status: number; statusText: string; headers: string; body: Buffer; location: string | undefined };
type FetchOptions = { method: string; headers: Record<string, string>; body: Buffer | undefined; timeoutMs: number };

/** A request that got no answer: curl's exit status and words. */
class FetchFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Real HTTP, but only to this machine: simulated hosts see nothing else. */
async function fetchOnce(call: Call, url: URL, { method, headers, body, timeoutMs }: FetchOptions): Promise<Fetched> {
  if (!LOOPBACK.test(url.hostname)) throw new FetchFailure(6, `Could not resolve host: ${url.hostname}; Unknown error`);
  if (url.protocol !== 'http:')
    throw new FetchFailure(
      url.protocol === 'https:' ? 35 : 1,
      url.protocol === 'https:'
        ? 'SSL connect error'
        : `Protocol ${url.protocol.slice(0, -1)} not supported or disabled in libcurl`,
    );
  const controller = new AbortController();
  let wakeUp: (() => void) | undefined;
  let outcome: Fetched | FetchFailure | undefined;
  const done = (value: Fetched | FetchFailure) => {
    outcome ??= value;
    wakeUp?.();
  };
  const outgoing = request(url, { method, headers, signal: controller.signal, timeout: timeoutMs }, (answer) =>
    collect(answer, done),
  );
  outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
  outgoing.on('error', (error: Error) =>
    done(
      new FetchFailure(
        error.message === 'timeout' ? 28 : 7,
        error.message === 'timeout'
          ? `Operation timed out after ${timeoutMs} milliseconds`
          : `Failed connect to ${url.host}; Connection refused`,
      ),
    ),
  );
  outgoing.end(body);
  try {
    await call.proc.wait((wake) => {
      wakeUp = wake;
      if (outcome) wake();
      return () => {};
    });
  } finally {
    if (!outcome) controller.abort();
  }
  if (outcome instanceof FetchFailure || !outcome) throw outcome ?? new FetchFailure(7, 'Failed connect');
  return outcome;
}

function collect(answer: IncomingMessage, done: (value: Fetched | FetchFailure) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_BODY) {
      answer.destroy();
      done(new FetchFailure(63, 'Maximum file size exceeded'));
    } else chunks.push(chunk);
  });
  answer.on('error', () => done(new FetchFailure(18, 'transfer closed with outstanding read data remaining')));
  answer.on('end', () => {
    const raw = answer.rawHeaders;
    const lines = Array.from(
      { length: raw.length / 2 },
      (_, index) => `${raw[index * 2]}: ${raw[index * 2 + 1]}\r\n`,
    ).join('');
    const status = answer.statusCode ?? 0;
    done({
      status,
      statusText: answer.statusMessage ?? '',
      headers: `HTTP/1.1 ${status} ${answer.statusMessage ?? ''}\r\n${lines}\r\n`,
      body: Buffer.concat(chunks),
      location: answer.headers.location,
    });
  });
}

async function fetchFollowing(
  call: Call,
  address: string,
  options: FetchOptions,
  redirects: number,
): Promise<Fetched & { url: URL }> {
  let url = parseUrl(address);
  for (let hop = 0; ; hop++) {
    const answer = await fetchOnce(call, url, options);
    if (!answer.location || answer.status < 300 || answer.status >= 400 || redirects === 0) return { ...answer, url };
    if (hop >= redirects) throw new FetchFailure(47, `Maximum (${redirects}) redirects followed`);
    url = new URL(answer.location, url);
  }
}

function parseUrl(text: string): URL {
  try {
    return new URL(/^\w+:\/\//.test(text) ? text : `http://${text}`);
  } catch {
    throw new FetchFailure(3, '<url> malformed');
  }
}

const CURL_LONG = {
  fail: 'f',
  silent: 's',
  'show-error': 'S',
  output: 'o',
  'remote-name': 'O',
  location: 'L',
  request: 'X',
  header: 'H',
  data: 'd',
  'data-binary': 'D',
  'data-raw': 'd',
  'data-urlencode': 'd',
  user: 'u',
  head: 'I',
  include: 'i',
  insecure: 'k',
  'max-time': 'm',
  'connect-timeout': 'C',
  retry: 'r',
  'retry-delay': 'y',
  'write-out': 'w',
  config: 'K',
  'user-agent': 'A',
  compressed: 'z',
  'dump-header': 'e',
  globoff: 'g',
  'max-redirs': 'R',
  url: 'l',
  'create-dirs': 'z',
  netrc: 'n',
  noproxy: 'P',
  proxy: 'x',
  'retry-connrefused': 'z',
  'no-progress-meter': 'z',
};

export const curl: Tool = async (call) => {
  const options = parseOptions([...(await configArguments(call)), ...call.args], {
    letters: 'fsSo:OLX:H:d:D:u:Iikm:C:r:y:w:K:A:ze:gR:l:nP:x:vT:b:c:',
    long: CURL_LONG,
    status: 2,
  });
  const urls = [...options.operands, ...(options.values.get('l') ?? [])];
  if (urls.length === 0) throw new UsageFault("try 'curl --help' or 'curl --manual' for more information", 2);
  const data = await requestBody(call, [...(options.values.get('d') ?? []), ...(options.values.get('D') ?? [])]);
  const headers = requestHeaders(options.values.get('H') ?? [], options.value('u'), data !== undefined);
  const method = options.value('X') ?? (options.has('I') ? 'HEAD' : data ? 'POST' : 'GET');
  const timeoutMs = Math.min(
    Number(options.value('m') ?? Number.POSITIVE_INFINITY) * 1000 || DEFAULT_TIMEOUT_MS,
    DEFAULT_TIMEOUT_MS,
  );
  const quiet = options.has('s') && !options.has('S');
  let status = 0;
  for (const address of urls) {
    try {
      const answer = await fetchFollowing(
        call,
        address,
        { method, headers, body: data, timeoutMs },
        options.has('L') ? Number(options.value('R') ?? 50) : 0,
      );
      if (options.has('f') && answer.status >= 400)
        throw new FetchFailure(22, `The requested URL returned error: ${answer.status} ${answer.statusText}`);
      const text = options.has('i') || options.has('I') ? Buffer.from(answer.headers, 'latin1') : Buffer.alloc(0);
      await deliver(
        call,
        Buffer.concat([text, answer.body]),
        options.has('O') ? baseName(answer.url.pathname) : options.value('o'),
      );
      const format = options.value('w');
      if (format !== undefined)
        await call.print(
          format
            .replaceAll('%{http_code}', String(answer.status).padStart(3, '0'))
            .replaceAll('%{size_download}', String(answer.body.length))
            .replaceAll('%{url_effective}', answer.url.href)
            .replaceAll('\\n', '\n'),
        );
    } catch (thrown) {
      if (!(thrown instanceof FetchFailure)) throw thrown;
      if (!quiet) await call.complain(`(${thrown.status}) ${thrown.message}`);
      if (options.has('w'))
        await call.print((options.value('w') as string).replaceAll('%{http_code}', '000').replaceAll('\\n', '\n'));
      status = thrown.status;
    }
  }
  return status;
};

/** `-K file`: one option a line, `name = "value"`. */
async function configArguments(call: Call): Promise<string[]> {
  const at = call.args.findIndex((arg) => arg === '-K' || arg === '--config');
  if (at < 0) return [];
  const text = (await call.content(call.args[at + 1] ?? '-')).toString('latin1');
  return text.split('\n').flatMap((line) => {
    const found = /^\s*-{0,2}([\w-]+)\s*[=:\s]?\s*(?:"((?:[^"\\]|\\.)*)"|(\S.*))?\s*$/.exec(line);
    if (!found || line.trim().startsWith('#')) return [];
    const name = (found[1] as string).length === 1 ? `-${found[1]}` : `--${found[1]}`;
    const value = found[2]?.replace(/\\(.)/g, (_, char: string) => ({ n: '\n', t: '\t' })[char] ?? char) ?? found[3];
    return value === undefined ? [name] : [name, value.trim()];
  });
}

async function requestBody(call: Call, pieces: readonly string[]): Promise<Buffer | undefined> {
  if (pieces.length === 0) return undefined;
  const parts: Buffer[] = [];
  for (const piece of pieces)
    parts.push(piece.startsWith('@') ? await call.content(piece.slice(1)) : Buffer.from(piece, 'latin1'));
  return parts.reduce((all, part) => Buffer.concat([all, Buffer.from('&'), part]));
}

function requestHeaders(lines: readonly string[], user: string | undefined, hasBody: boolean): Record<string, string> {
  const headers: Record<string, string> = { 'User-Agent': 'curl/7.29.0', Accept: '*/*' };
  if (hasBody) headers['Content-Type'] = 'application/x-www-form-urlencoded';
  if (user !== undefined) headers['Authorization'] = `Basic ${Buffer.from(user, 'latin1').toString('base64')}`;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim();
    const key = Object.keys(headers).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
    if (colon > 0) headers[key] = line.slice(colon + 1).trim();
  }
  return headers;
}

async function deliver(call: Call, bytes: Buffer, target: string | undefined): Promise<void> {
  if (target === undefined || target === '-') await call.proc.file(1).write(bytes, call.proc);
  else await call.write(target, bytes);
}

const WGET_LONG = {
  quiet: 'q',
  'output-document': 'O',
  'no-verbose': 'n',
  tries: 't',
  timeout: 'T',
  'no-check-certificate': 'k',
  header: 'H',
  user: 'u',
  password: 'w',
  'post-data': 'd',
  'directory-prefix': 'P',
  'no-clobber': 'C',
  continue: 'c',
  'server-response': 'S',
  spider: 's',
  'user-agent': 'U',
  'http-user': 'u',
  'http-password': 'w',
  method: 'X',
  'body-data': 'd',
  config: 'F',
  'input-file': 'i',
  'max-redirect': 'R',
  'no-config': 'k',
  'no-hsts': 'k',
  'show-progress': 'k',
};

export const wget: Tool = async (call) => {
  const options = parseOptions(
    call.args.map((arg) => (arg === '-nv' ? '-n' : arg === '-nc' ? '-C' : arg)),
    { letters: 'qO:nt:T:kH:u:w:d:P:CcSsU:X:F:i:R:', long: WGET_LONG, status: 2 },
  );
  const urls = [
    ...options.operands,
    ...(options.has('i')
      ? (await call.content(options.value('i') as string)).toString('latin1').split('\n').filter(Boolean)
      : []),
  ];
  if (urls.length === 0) throw new UsageFault('missing URL', 2);
  const body = options.value('d');
  const user = options.value('u');
  const headers = requestHeaders(
    options.values.get('H') ?? [],
    user === undefined ? undefined : `${user}:${options.value('w') ?? ''}`,
    body !== undefined,
  );
  headers['User-Agent'] = options.value('U') ?? 'Wget/1.14 (linux-gnu)';
  const say = (line: string) =>
    options.has('q') ? Promise.resolve() : call.proc.files.get(2)?.write(Buffer.from(`${line}\n`, 'latin1'), call.proc);
  let status = 0;
  for (const address of urls) {
    try {
      const answer = await fetchFollowing(
        call,
        address,
        {
          method: options.value('X') ?? (options.has('s') ? 'HEAD' : body === undefined ? 'GET' : 'POST'),
          headers,
          body: body === undefined ? undefined : Buffer.from(body, 'latin1'),
          timeoutMs: Math.min(Number(options.value('T') ?? 60) * 1000 || DEFAULT_TIMEOUT_MS, DEFAULT_TIMEOUT_MS),
        },
        20,
      );
      if (answer.status >= 400) {
        await say(`ERROR ${answer.status}: ${answer.statusText}.`);
        status = answer.status === 401 ? 6 : 8;
        continue;
      }
      if (!options.has('s'))
        await deliver(
          call,
          answer.body,
          options.value('O') ??
            `${options.has('P') ? `${options.value('P')}/` : ''}${baseName(answer.url.pathname).replace(/^\/?$/, 'index.html')}`,
        );
      await say(`${address} saved [${answer.body.length}]`);
    } catch (thrown) {
      if (!(thrown instanceof FetchFailure)) throw thrown;
      await say(
        thrown.status === 6 ? `wget: unable to resolve host address '${parseUrl(address).hostname}'` : thrown.message,
      );
      status = 4;
    }
  }
  return status;
};

export const ping: Tool = async (call) => {
  const target = call.args.findLast((arg) => !arg.startsWith('-')) ?? '';
  if (
    LOOPBACK.test(target) ||
    call.machine.users.lines('/etc/hosts').some((line) => line.split(/\s+/).includes(target))
  ) {
    await call.print(
      `PING ${target} (127.0.0.1) 56(84) bytes of data.\n64 bytes from ${target}: icmp_seq=1 ttl=64 time=0.03 ms\n\n1 packets transmitted, 1 received, 0% packet loss\n`,
    );
    return 0;
  }
  throw new UsageFault(`${target}: Name or service not known`, 2);
};
