import type { Value } from '../../jinja/value.js';
import { Float } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, int, list, path, raw, text, textDict } from '../arguments.js';
import { pathExists } from '../facts/glob.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { pythonJson, pythonText } from '../python-text.js';
import { exported } from './environment.js';
import { dict } from './result.js';

const schema = args({
  url: text(),
  method: text().default('GET'),
  body: raw().optional(),
  body_format: choice('raw', 'json', 'form-urlencoded').default('raw'),
  headers: textDict().optional(),
  status_code: list().default(['200']),
  return_content: bool().default(false),
  follow_redirects: choice('all', 'yes', 'true', 'safe', 'none', 'no', 'false', 'urllib2').default('safe'),
  timeout: int().default(30),
  url_username: text().optional(),
  url_password: text().optional(),
  force_basic_auth: bool().default(false),
  validate_certs: bool().default(true),
  use_proxy: bool().default(true),
  http_agent: text().default('ansible-httpget'),
  dest: path().optional(),
  creates: path().optional(),
  removes: path().optional(),
});
type Args = ReturnType<typeof schema.parse>;

export const uri = defineModule<Args>({
  name: 'uri',
  summary: 'Have a host make an HTTP request.',
  aliases: { user: 'url_username', password: 'url_password' },
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (given.creates !== undefined && (await context.fact(pathExists(await hostPath(context, given.creates))))) {
      return { actions: [], result: dict({ stdout: `skipped, since '${given.creates}' exists` }) };
    }
    if (given.removes !== undefined && !(await context.fact(pathExists(await hostPath(context, given.removes))))) {
      return { actions: [], result: dict({ stdout: `skipped, since '${given.removes}' does not exist` }) };
    }
    if (context.checkMode) return { actions: [], skipped: 'remote module (uri) does not support check mode' };
    const dest = given.dest === undefined ? undefined : await hostPath(context, given.dest);
    const text = `command -v curl >/dev/null || { echo 'uri needs curl on the host' >&2; false; } && {\n${exported(context)}${request(given, dest)}\n}`;
    return {
      actions: [{ kind: 'run', command: { text } }],
      changed: dest !== undefined,
      finish: (results) => answered(given, results.at(-1)?.code === 0 ? results.at(-1)?.stdout : undefined, dest),
    };
  },
});

/** Everything goes to curl by its standard input: addresses, headers and bodies may hold secrets. */
function request(given: Args, dest: string | undefined): string {
  const redirects =
    !['none', 'no', 'false'].includes(given.follow_redirects) &&
    (given.follow_redirects !== 'safe' || /^(GET|HEAD)$/i.test(given.method));
  const body = bodyOf(given);
  const type = { json: 'application/json', 'form-urlencoded': 'application/x-www-form-urlencoded', raw: undefined }[
    given.body_format
  ];
  const headers = new Map([
    ['User-Agent', given.http_agent],
    ...(type === undefined ? [] : [['Content-Type', type] as const]),
    ...(given.headers ?? []),
  ]);
  const config = [
    `url = ${curlText(given.url)}`,
    ...(/^HEAD$/i.test(given.method) ? ['head'] : [`request = ${curlText(given.method.toUpperCase())}`]),
    `max-time = ${given.timeout}`,
    ...(redirects ? ['location'] : []),
    ...[...headers].map(([name, value]) => `header = ${curlText(`${name}: ${value}`)}`),
    ...(given.url_username === undefined
      ? []
      : [`user = ${curlText(`${given.url_username}:${given.url_password ?? ''}`)}`]),
    ...(body === undefined ? [] : [`data-raw = ${curlText(body)}`]),
    ...(given.validate_certs ? [] : ['insecure']),
    ...(given.use_proxy ? [] : ['noproxy = "*"']),
    ...(dest === undefined ? [] : [`output = ${curlText(dest)}`]),
  ];
  const told = String.raw`\nstars-status %{http_code} %{url_effective}\nstars-type %{content_type}`;
  return `printf '%s\\n' ${config.map((line) => quote(line)).join(' ')} | curl -sS --globoff -K - -w ${quote(told)}`;
}

function bodyOf({ body, body_format: format }: Args): string | undefined {
  if (body === undefined) return undefined;
  if (format === 'json') return typeof body === 'string' ? body : pythonJson(body);
  if (format === 'form-urlencoded' && body instanceof Map) {
    return new URLSearchParams(
      [...body].map(([key, value]): [string, string] => [pythonText(key), pythonText(value)]),
    ).toString();
  }
  return body instanceof Map || Array.isArray(body) ? pythonJson(body) : pythonText(body);
}

function curlText(value: string): string {
  const escaped = value
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`)
    .replaceAll('\t', String.raw`\t`);
  return `"${escaped}"`;
}

function answered(given: Args, stdout: string | undefined, dest: string | undefined) {
  const [, content = '', status = '0', url = given.url, type = ''] =
    /^([^]*)\nstars-status (\d+) (\S*)\nstars-type (.*)$/.exec(stdout ?? '') ?? [];
  if (stdout === undefined) return dict({ url: given.url, status: -1, failed: true });
  const wanted = given.status_code.map(Number);
  const fine = wanted.includes(Number(status));
  const known = { url, status: Number(status), content_type: type || undefined, path: dest };
  return dict({
    ...known,
    redirected: url !== given.url,
    msg: fine
      ? `OK (${Buffer.byteLength(content)} bytes)`
      : `Status code was ${status} and not [${wanted.join(', ')}]: HTTP Error ${status}`,
    content: given.return_content || !fine ? content : undefined,
    json: /json/.test(type) ? jsonOf(content) : undefined,
    changed: dest !== undefined && fine,
    ...(fine ? {} : { failed: true }),
  });
}

function jsonOf(text: string): Value | undefined {
  try {
    return toValue(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function toValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(toValue);
  if (typeof value === 'number') return Number.isInteger(value) ? value : new Float(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  return new Map(Object.entries(value as Record<string, unknown>).map(([key, inner]) => [key, toValue(inner)]));
}
