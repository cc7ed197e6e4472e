import { Float, type Dict, type Value } from '../../jinja/value.js';
import type { ExecResult } from '../../connection/connection.js';
import { pythonText } from '../python-text.js';
import type { FileStat } from '../facts/file-state.js';
import { headersIn, reasonOf } from './http-answer.js';
import { finalStat } from './place-file.js';
import { dict, fileFields } from './result.js';
import type { UriArguments } from './uri-arguments.js';

type FileEnd = { path: string; stat: FileStat | undefined };

/** The registered result, from what the script of the request said: see `requestScript`. */
export function uriResult(given: UriArguments, last: ExecResult | undefined, end: FileEnd | undefined): Dict {
  const { path: dest, stat: there } = end ?? {};
  const [, heads = '', status = '0', method = '', url = given.url, seconds = '0', said = ''] =
    /^([^]*?)stars-status (\d+) (\w+) (.*)\nstars-elapsed (\d+)\nstars-headers-end\n[^]*?(?:stars-body\n([^]*))?$/.exec(
      last?.stdout ?? '',
    ) ?? [];
  const code = Number(status);
  if (code === 0 || last?.code !== 0) return unanswered(given, last?.stderr ?? '', Number(seconds));
  // Asked for the headers alone, curl gives them as the body too.
  const content = method === 'HEAD' ? '' : said;
  const { fields, reason } = headersIn(heads, given.url);
  const fine = given.status_code.map(Number).includes(code);
  const isError = code >= 300;
  const json = content !== '' && JSON_TYPE.test(pythonText(fields.content_type ?? '')) ? jsonOf(content) : undefined;
  return dict({
    ...fields,
    // Of an error Ansible tells the address that the task names.
    url: isError ? given.url : url,
    status: code,
    redirected: !isError && url !== given.url,
    elapsed: Number(seconds),
    ...outcome({ given, code, fine, isError, reason, content, length: fields.content_length }),
    content: given.return_content ? content : undefined,
    json,
    changed: dest !== undefined && fine && code !== NOT_MODIFIED,
    ...(dest !== undefined && fine ? { path: dest, ...fileFields(finalStat(last.stdout) ?? there) } : {}),
  });
}

const JSON_TYPE = /^[^;]*\/([^\s;]*\+)?(json|javascript)\s*(;|$)/i;
const NOT_MODIFIED = 304;

function unanswered(given: UriArguments, said: string, elapsed: number): Dict {
  // Whoever waits for a service to be gone asks for this status.
  const failed = !given.status_code.map(Number).includes(-1);
  const problem = reasonOf(said);
  const msg = failed ? `Status code was -1 and not [${given.status_code.join(', ')}]: ${problem}` : problem;
  return dict({ url: given.url, status: -1, redirected: false, elapsed, failed, changed: false, msg });
}

type Told = {
  given: UriArguments;
  code: number;
  fine: boolean;
  isError: boolean;
  reason: string;
  content: string;
  length: Value | undefined;
};

/** An answer that HTTP calls an error is worded as one even where it was wanted. */
function outcome({ given, code, fine, isError, reason, content, length }: Told): Record<string, Value | undefined> {
  const error = `HTTP Error ${code}: ${reason}`;
  const ok = `OK (${length === undefined ? 'unknown' : pythonText(length)} bytes)`;
  if (fine) return isError ? { msg: error, body: content } : { msg: ok };
  const wanted = `[${given.status_code.join(', ')}]`;
  return { failed: true, msg: `Status code was ${code} and not ${wanted}: ${isError ? error : ok}` };
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
