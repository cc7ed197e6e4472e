import { quote } from '../../shell/command.js';
import type { ExecResult } from '../../connection/connection.js';
import { wgetWithStatus } from './download.js';
import type { GetUrlArguments } from './get-url-arguments.js';
import { headersIn, reasonOf } from './http-answer.js';
import { curlLines, type HttpRequest } from './http-request.js';
import { asking, COMPLAINTS, withLoginApart } from './http-script.js';

/** What get_url asks; a forced download wants nothing that a proxy has kept. */
export function requestOf(given: GetUrlArguments, { method = 'GET', fresh = given.force } = {}): HttpRequest {
  return withLoginApart({
    ...given,
    method,
    headers: new Map([...(fresh ? [['cache-control', 'no-cache'] as const] : []), ...(given.headers ?? [])]),
    follow_redirects: 'urllib2',
  });
}

export type Fetching = {
  /** Where what comes is written. */
  to: string;
  /** Files for headers and cookies, removed in the end. */
  head: string;
  cookies: string;
  /** Only what the server changed after this time, in seconds. */
  since: number | undefined;
};

/** Shell that downloads with curl, or wget where there is no curl, and says for `answerOf` what the server said. */
export function fetchScript(request: HttpRequest, { to, head, cookies, since }: Fetching): string {
  const when = since === undefined ? {} : { since: new Date(since * 1000) };
  const lines = curlLines(request, undefined, { answer: to, head, cookies, ...when });
  return `if command -v curl >/dev/null; then (
${asking(request, lines, { answer: to, head, sends: false })}
rm -f ${quote(head)} ${quote(cookies)}; if [ "$code" = 0 ]; then echo "stars-http $status"; else ${COMPLAINTS}; exit "$code"; fi )
elif command -v wget >/dev/null; then ${withWget(request, { to, since })}
else echo 'neither curl nor wget is installed' >&2; false; fi`;
}

const CURL_ALONE = ['use_gssapi', 'client_cert', 'client_key', 'ciphers', 'unredirected_headers'] as const;

function withWget(request: HttpRequest, { to, since }: Pick<Fetching, 'to' | 'since'>): string {
  const lacking = CURL_ALONE.find((name) => {
    const value = request[name];
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  });
  if (lacking !== undefined) return `echo 'get_url needs curl on the host for ${lacking}' >&2; false`;
  const { url, headers, url_username: user, url_password: password } = request;
  return wgetWithStatus({
    url,
    to,
    headers: new Map([['User-Agent', request.http_agent], ...(headers ?? [])]),
    user,
    password,
    timeoutSeconds: request.timeout,
    validateCerts: request.validate_certs,
    useProxy: request.use_proxy,
    since,
    headOnly: request.method === 'HEAD',
  });
}

/** The same with files of its own that go again; with `list` it says the content too, for `contentIn`. */
export function lookScript(
  request: HttpRequest,
  { since, list = false }: { since?: number | undefined; list?: boolean },
): string {
  const fetch = fetchScript(request, { to: 'answer', head: 'head', cookies: 'cookies', since });
  return `( folder=$(mktemp -d) && cd "$folder" || exit; trap 'cd /; rm -rf "$folder"' EXIT; trap 'exit 143' HUP INT TERM
${fetch}
code=$?; if [ $code != 0 ]; then exit $code; fi; ${list ? 'echo stars-body; cat answer' : ':'} )`;
}

export function contentIn(stdout: string): string {
  return stdout.slice(stdout.indexOf('stars-body\n') + 'stars-body\n'.length);
}

/** What a server said; the status is 0 where none of HTTP answered. */
export type Answer = { status: number; reason: string; length: string | undefined };

/** Undefined when there was no answer. */
export function answerOf({ code, stdout }: Pick<ExecResult, 'code' | 'stdout'>, url: string): Answer | undefined {
  const [, heads = '', status] = /^([^]*?)stars-http (\d+)$/m.exec(stdout) ?? [];
  if (status === undefined || (code !== 0 && Number(status) === 0)) return undefined;
  const { fields, reason } = headersIn(heads, url);
  const length = fields.content_length;
  return { status: Number(status), reason, length: typeof length === 'string' ? length : undefined };
}

/** Why a download failed: in Ansible's fields. */
export function failureOf(result: ExecResult, url: string): { msg: string; status_code?: number; response?: string } {
  const answer = answerOf(result, url);
  if (!answer) return { msg: reasonOf(result.stderr) };
  const response = `HTTP Error ${answer.status}: ${answer.reason}`;
  return { msg: `Request failed: ${response}`, status_code: answer.status, response };
}
