import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { StarsError } from '../../errors.js';
import type { Value } from '../../jinja/value.js';
import type { ModuleContext } from '../module.js';
import { pythonJson, pythonText } from '../python-text.js';
import type { RequestBody } from './http-request.js';
import type { UriArguments } from './uri-arguments.js';

/** The request's body in the wanted form; files of the role or playbook are read here. */
export async function bodyOf(given: UriArguments, context: ModuleContext): Promise<RequestBody> {
  const format = given.body_format;
  // Of JSON Ansible sends a body in any case.
  const body = given.body ?? (format === 'json' ? null : undefined);
  if (body === undefined) return undefined;
  if (format === 'json') return { text: typeof body === 'string' ? body : pythonJson(body), type: 'application/json' };
  if (format === 'form-urlencoded') return { text: urlEncoded(body), type: 'application/x-www-form-urlencoded' };
  if (format === 'form-multipart') return multipart(body, context);
  return { text: body instanceof Map || Array.isArray(body) ? pythonJson(body) : pythonText(body) };
}

function urlEncoded(body: Value): string {
  if (typeof body === 'string') return body;
  const pairs = body instanceof Map ? [...body] : Array.isArray(body) ? body.flatMap((each) => pairOf(each)) : [];
  const words = pairs.flatMap(([key, value]) =>
    (Array.isArray(value) ? value : [value]).map((each): [string, string] => [pythonText(key), pythonText(each)]),
  );
  return new URLSearchParams(words).toString();
}

function pairOf(each: Value): [Value, Value][] {
  if (Array.isArray(each) && each.length === 2) return [[each[0] ?? '', each[1] ?? '']];
  throw new StarsError('PLAYBOOK', 'uri: a body in form-urlencoded must be a dict or a list of pairs.');
}

async function multipart(body: Value, context: ModuleContext): Promise<RequestBody> {
  if (!(body instanceof Map)) return undefined;
  const fields = [...body].map(([name, field]): [string, Value] => [pythonText(name), field]);
  const parts = await Promise.all(fields.toSorted(byName).map(([name, field]) => part(name, field, context)));
  const boundary = `stars-${createHash('sha256').update(parts.join('')).digest('hex').slice(0, 32)}`;
  const text = `${parts.map((each) => `--${boundary}\r\n${each}\r\n`).join('')}--${boundary}--\r\n`;
  return { text, type: `multipart/form-data; boundary="${boundary}"` };
}

function byName([one]: [string, Value], [other]: [string, Value]): number {
  return one < other ? -1 : Number(one > other);
}

/** A field is a text, or a dict of content, file name and type; a file without content is read and sent as base64, as Ansible does. */
async function part(name: string, field: Value, context: ModuleContext): Promise<string> {
  const of = (key: string) =>
    field instanceof Map && field.get(key) !== undefined ? pythonText(field.get(key)) : undefined;
  const [content, filename, type] = [of('content'), of('filename'), of('mime_type')];
  const title = `form-data; name="${name}"`;
  if (!(field instanceof Map))
    return `Content-Type: text/plain\r\nContent-Disposition: ${title}\r\n\r\n${pythonText(field)}`;
  if (content !== undefined || filename === undefined) {
    const file = filename === undefined ? '' : `; filename="${posix.basename(filename)}"`;
    return `Content-Type: ${type ?? typeOf(filename ?? '')}\r\nContent-Disposition: ${title}${file}\r\n\r\n${content ?? ''}`;
  }
  const { content: bytes } = await context.readLocal(filename, 'files');
  const lines = (bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n');
  return `Content-Transfer-Encoding: base64\r\nContent-Type: ${type ?? typeOf(filename)}\r\nContent-Disposition: ${title}; filename="${posix.basename(filename)}"\r\n\r\n${lines}\r\n`;
}

/** As Python guesses it on most hosts. */
function typeOf(name: string): string {
  return TYPES.get(posix.extname(name).toLowerCase()) ?? 'application/octet-stream';
}

const TYPES = new Map([
  ['.css', 'text/css'],
  ['.csv', 'text/csv'],
  ['.gif', 'image/gif'],
  ['.htm', 'text/html'],
  ['.html', 'text/html'],
  ['.jar', 'application/java-archive'],
  ['.jpg', 'image/jpeg'],
  ['.js', 'text/javascript'],
  ['.json', 'application/json'],
  ['.pdf', 'application/pdf'],
  ['.png', 'image/png'],
  ['.py', 'text/x-python'],
  ['.svg', 'image/svg+xml'],
  ['.tar', 'application/x-tar'],
  ['.tgz', 'application/x-tar'],
  ['.txt', 'text/plain'],
  ['.xml', 'application/xml'],
  ['.zip', 'application/zip'],
]);
