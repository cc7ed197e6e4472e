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
function withoutLogin(given: Download): Download {
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

function curl({ url, to, headers, user, password, timeoutSeconds, validateCerts, useProxy = true }: Download): string {
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

function curlText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
}

function wget({ url, to, headers, user, password, timeoutSeconds, validateCerts, useProxy = true }: Download): string {
  const settings = [
    ...[...(headers ?? [])].map(([name, value]) => `header = ${name}: ${value}`),
    ...(user === undefined ? [] : [`http_user = ${user}`, `http_password = ${password ?? ''}`]),
  ];
  const flags = `-q -T ${timeoutSeconds}${validateCerts ? '' : ' --no-check-certificate'}${useProxy ? '' : ' --no-proxy'}`;
  const fetch = `wget ${flags} -O ${quote(to ?? '-')} ${quote(url)}`;
  if (settings.length === 0) return fetch;
  const file = to === undefined ? '/tmp/.stars-$$.wgetrc' : quote(`${to}.wgetrc`);
  return `( umask 077 && printf '%s\\n' ${settings.map((line) => quote(line)).join(' ')} >${file} ) && WGETRC=${file} ${fetch}; code=$?; rm -f ${file}; ( exit $code )`;
}
