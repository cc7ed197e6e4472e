import { quote } from '../../shell/command.js';

export type Download = {
  url: string;
  /** Undefined: standard output. */
  to: string | undefined;
  headers?: ReadonlyMap<string, string>;
  user?: string | undefined;
  password?: string | undefined;
  timeoutSeconds: number;
  validateCerts: boolean;
  useProxy?: boolean;
};

/**
 * Shell that fetches a URL into a file with curl, or wget where there is no curl. What may be secret (headers, password)
 * reaches them by standard input or a private file, never as an argument.
 */
export function downloadScript(given: Download): string {
  const address = withoutLogin(given);
  return `if command -v curl >/dev/null; then ${curl(address)}
elif command -v wget >/dev/null; then ${wget(address)}
else echo 'neither curl nor wget is installed' >&2; false; fi`;
}

/** A login inside the URL goes the way of the other secrets. */
export function withoutLogin<Given extends Pick<Download, 'url' | 'user' | 'password'>>(given: Given): Given {
  const match = /^(\w+:\/\/)([^/@:]*)(?::([^/@]*))?@(.*)$/s.exec(given.url);
  if (!match) return given;
  const [, scheme = '', user = '', password = '', rest = ''] = match;
  return {
    ...given,
    url: scheme + rest,
    user: given.user ?? decodeURIComponent(user),
    password: given.password ?? decodeURIComponent(password),
  };
}

function curl(given: Download): string {
  const { url, to, headers, user, password, timeoutSeconds, validateCerts, useProxy = true } = given;
  const config = [
    `url = ${curlText(url)}`,
    ...(to === undefined ? [] : [`output = ${curlText(to)}`]),
    `connect-timeout = ${timeoutSeconds}`,
    'speed-limit = 1',
    `speed-time = ${Math.max(timeoutSeconds, 30)}`,
    ...[...(headers ?? [])].map(([name, value]) => `header = ${curlText(`${name}: ${value}`)}`),
    ...(user === undefined ? [] : [`user = ${curlText(`${user}:${password ?? ''}`)}`]),
    ...(validateCerts ? [] : ['insecure']),
    ...(useProxy ? [] : ['noproxy = "*"']),
  ];
  return `printf '%s\\n' ${config.map((line) => quote(line)).join(' ')} | curl -fsSL --globoff -K -`;
}

export function curlText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
}

function wget(given: Download): string {
  const { url, to } = given;
  return withSettings(given, (program) => `${program} -O ${quote(to ?? '-')} ${quote(url)}`);
}

type Asking = Download & {
  to: string;
  /** Only what the server changed after this time, in seconds. */
  since: number | undefined;
  headOnly: boolean;
};

/** The same by wget, which says `stars-http 200` in the end; what was not modified is no failure, and nothing else that a server says. */
export function wgetWithStatus(given: Asking): string {
  const { url, to, since, headOnly } = given;
  const when =
    since === undefined ? '' : ` --header ${quote(`If-Modified-Since: ${new Date(since * 1000).toUTCString()}`)}`;
  // The last status line is that of the answer, after those of redirects.
  return withSettings(
    given,
    (
      program,
    ) => `{ said=$( ${program}${when} -S${headOnly ? ' --spider' : ''} -O ${quote(to)} ${quote(url)} 2>&1 ); code=$?
status=$(printf '%s\\n' "$said" | sed -n 's/^.*HTTP\\/[0-9.]* \\([0-9][0-9][0-9]\\).*/\\1/p' | tail -n 1)
if [ $code = 0 ] || [ -n "$status" ]; then echo "stars-http \${status:-0}"; else printf '%s\\n' "$said" | grep -v '^ ' >&2; ( exit $code ); fi; }`,
  );
}

function withSettings(given: Download, fetch: (program: string) => string): string {
  const { to, headers, user, password, timeoutSeconds, validateCerts, useProxy = true } = given;
  const settings = [
    ...[...(headers ?? [])].map(([name, value]) => `header = ${name}: ${value}`),
    ...(user === undefined ? [] : [`http_user = ${user}`, `http_password = ${password ?? ''}`]),
  ];
  const flags = `-q -T ${timeoutSeconds}${validateCerts ? '' : ' --no-check-certificate'}${useProxy ? '' : ' --no-proxy'}`;
  if (settings.length === 0) return fetch(`wget ${flags}`);
  const file = to === undefined ? '/tmp/.stars-$$.wgetrc' : quote(`${to}.wgetrc`);
  const lines = settings.map((line) => quote(line)).join(' ');
  return `( umask 077 && printf '%s\\n' ${lines} >${file} ) && ${fetch(`WGETRC=${file} wget ${flags}`)}; code=$?; rm -f ${file}; ( exit $code )`;
}
