/** What a host asks a server, in the words of Ansible's modules. */
export type HttpRequest = {
  url: string;
  method: string;
  headers?: ReadonlyMap<string, string> | undefined;
  unredirected_headers: readonly string[];
  follow_redirects: 'all' | 'yes' | 'true' | 'safe' | 'none' | 'no' | 'false' | 'urllib2';
  /** Seconds. */
  timeout: number;
  url_username?: string | undefined;
  url_password?: string | undefined;
  force_basic_auth: boolean;
  use_gssapi: boolean;
  use_netrc: boolean;
  validate_certs: boolean;
  ca_path?: string | undefined;
  client_cert?: string | undefined;
  client_key?: string | undefined;
  ciphers?: readonly string[] | undefined;
  use_proxy: boolean;
  unix_socket?: string | undefined;
  http_agent: string;
  decompress: boolean;
};

/** What goes to the server: a text, or a file of the host. */
export type RequestBody = { text: string; type?: string } | { file: string } | undefined;

/** Lines for curl's standard input, since addresses, headers and bodies may hold secrets; by the requests that get them. */
export type CurlLines = {
  /** Every request. */
  always: string[];
  /** The first one alone. */
  first: string[];
  /** Those to the server that the task names. */
  login: string[];
  /** Those with the body. */
  body: string[];
};

/** `answer` is the file for the answer's body, `head` that for its headers, `cookies` that for what redirects set. */
export function curlLines(
  given: HttpRequest,
  body: RequestBody,
  { answer, head, cookies, since }: { answer: string; head: string; cookies: string | undefined; since?: Date },
): CurlLines {
  const headers = headersOf(given, body, since);
  const placed = headers.map((header) => ({ header, place: placeOf(header, given) }));
  const linesAt = (place: keyof CurlLines) =>
    placed.filter((each) => each.place === place).flatMap(({ header: [name, value] }) => headerLine(name, value));
  return {
    always: [
      // Seconds of silence rather than of the whole request, as Ansible counts.
      `connect-timeout = ${given.timeout}`,
      'speed-limit = 1',
      `speed-time = ${given.timeout}`,
      ...linesAt('always'),
      ...(given.validate_certs ? [] : ['insecure']),
      ...(given.use_proxy ? [] : ['noproxy = "*"']),
      ...(given.decompress ? ['compressed'] : []),
      ...(given.use_netrc && given.url_username === undefined ? ['netrc-optional'] : []),
      ...option('cert', given.client_cert),
      ...option('key', given.client_key),
      ...option('cacert', given.ca_path),
      ...option('ciphers', given.ciphers?.join(':')),
      ...option('unix-socket', given.unix_socket),
      ...option('cookie', cookies),
      ...option('cookie-jar', cookies),
      ...option('output', answer),
      ...option('dump-header', head),
    ],
    first: linesAt('first'),
    login: [...loginLines(given), ...linesAt('login')],
    body: [...linesAt('body'), ...bodyLines(body)],
  };
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${name} = ${curlText(value)}`];
}

function headerLine(name: string, value: string): string[] {
  return option('header', value === '' ? `${name};` : `${name}: ${value}`);
}

function placeOf([name]: [string, string], { unredirected_headers: once }: HttpRequest): keyof CurlLines {
  const lower = name.toLowerCase();
  if (once.some((each) => each.toLowerCase() === lower)) return 'first';
  if (lower === 'authorization' || lower === 'cookie') return 'login';
  return lower === 'content-type' || lower === 'content-length' ? 'body' : 'always';
}

function loginLines({ url_username: user, url_password: password, force_basic_auth: atOnce, use_gssapi }: HttpRequest) {
  if (use_gssapi) return ['negotiate', ...option('user', user === undefined ? ':' : `${user}:${password ?? ''}`)];
  // With two ways to log in curl asks first without any.
  return user === undefined
    ? []
    : [...option('user', `${user}:${password ?? ''}`), 'basic', ...(atOnce ? [] : ['digest'])];
}

function bodyLines(body: RequestBody): string[] {
  if (body === undefined) return [];
  return 'file' in body ? option('data-binary', `@${body.file}`) : option('data-raw', body.text);
}

function headersOf(given: HttpRequest, body: RequestBody, since: Date | undefined): [string, string][] {
  const type = body !== undefined && 'text' in body ? body.type : undefined;
  const own = [...(given.headers ?? [])];
  const unless = (name: string, value: string | undefined): [string, string][] =>
    value === undefined || own.some(([key]) => key.toLowerCase() === name.toLowerCase()) ? [] : [[name, value]];
  return [
    ...unless('User-Agent', given.http_agent),
    // As Ansible asks: nothing packed, and the host keeps no connection for one request.
    ...unless('Accept-Encoding', 'identity'),
    ...unless('Connection', 'close'),
    ...unless('If-Modified-Since', since?.toUTCString()),
    ...unless('Content-Type', type),
    ...own,
  ];
}

function curlText(value: string): string {
  const escaped = value
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`)
    .replaceAll('\t', String.raw`\t`);
  return `"${escaped}"`;
}
