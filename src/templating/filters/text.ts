import { createHash, getHashes } from 'node:crypto';
import { toIndex } from '../../jinja/arithmetic.js';
import { checkLength } from '../../jinja/length-limit.js';
import { type Bound, filter, type Filter } from '../../jinja/filter.js';
import { repr, str } from '../../jinja/python-text.js';
import { splitText } from '../../jinja/text.js';
import { templateError } from '../../jinja/template-error.js';
import { type Dict, type Value } from '../../jinja/value.js';
import { splitUrl } from './url.js';
import { formatTime } from '../strftime.js';
import { requireText, toNumber, truthy } from '../../jinja/python-value.js';

const ANSIBLE_NAMESPACE = '361E6D51-FAEC-444A-9079-341386DA8E2E';

/** Ansible's filters that make text of text. */
export const textFilters: Record<string, Filter> = {
  quote: filter([], (value) => shellQuote(value === null ? '' : str(value))),
  comment: filter(
    ['style', 'newline', 'beginning', 'prefix', 'prefix_count', 'decoration', 'postfix', 'postfix_count', 'end'],
    (value, args) => comment(requireText(value), args),
  ),
  b64encode: filter(['encoding'], (value, { encoding }) =>
    Buffer.from(str(value), bufferEncoding(encoding)).toString('base64'),
  ),
  b64decode: filter(['encoding'], (value, { encoding }) => base64Bytes(str(value)).toString(bufferEncoding(encoding))),
  hash: filter(['hashtype'], (value, { hashtype }) => digest(str(hashtype ?? 'sha1'), str(value))),
  md5: filter([], (value) => digest('md5', str(value))),
  sha1: filter([], (value) => digest('sha1', str(value))),
  checksum: filter([], (value) => digest('sha1', str(value))),
  to_uuid: filter(['namespace'], (value, { namespace }) => nameUuid(str(value), str(namespace ?? ANSIBLE_NAMESPACE))),
  split: filter(['sep', 'maxsplit'], (value, { sep, maxsplit }) =>
    splitText(
      requireText(value),
      sep === undefined || sep === null ? undefined : requireText(sep),
      maxsplit === undefined ? -1 : toIndex(maxsplit),
      false,
    ),
  ),
  urlsplit: filter(['query', 'alias'], (value, { query }) => urlSplit(requireText(value), str(query ?? ''))),
  urldecode: filter([], (value) => urlDecode(requireText(value))),
  strftime: filter(['second', 'utc'], (value, { second, utc }) => {
    const seconds =
      second === undefined || second === null
        ? Date.now() / 1000
        : Number(toNumber(second) ?? (typeof second === 'string' && second.trim() !== '' ? second : Number.NaN));
    if (Number.isNaN(seconds)) throw templateError(`Invalid value for epoch value (${repr(second ?? null)})`);
    return formatTime(requireText(value), new Date(seconds * 1000), utc !== undefined && truthy(utc));
  }),
};

/** Python's `shlex.quote`. */
function shellQuote(text: string): string {
  if (text === '') return "''";
  return /[^\w@%+=:,./-]/.test(text) ? `'${text.replaceAll("'", `'"'"'`)}'` : text;
}

const COMMENT_STYLES: Record<string, { decoration: string; beginning?: string; end?: string }> = {
  plain: { decoration: '# ' },
  erlang: { decoration: '% ' },
  c: { decoration: '// ' },
  cblock: { beginning: '/*', decoration: ' * ', end: ' */' },
  xml: { beginning: '<!--', decoration: ' - ', end: '-->' },
};

function comment(text: string, args: Bound): string {
  const style = COMMENT_STYLES[str(args['style'] ?? 'plain')];
  if (!style)
    throw templateError(
      `There is no comment style "${str(args['style'] ?? '')}".`,
      `Known are ${Object.keys(COMMENT_STYLES).join(', ')}.`,
    );
  const option = (name: string, otherwise: string) => (args[name] === undefined ? otherwise : str(args[name] ?? ''));
  const decoration = option('decoration', style.decoration);
  const newline = option('newline', '\n');
  const prefix = option('prefix', decoration.trimEnd());
  const beginning = option('beginning', style.beginning ?? '');
  const end = option('end', style.end ?? '');
  const prefixCount = toIndex(args['prefix_count'] ?? 1);
  const postfixCount = toIndex(args['postfix_count'] ?? 1);
  checkLength((prefixCount + postfixCount) * (decoration.length + 1));
  const body = (decoration + text.replaceAll(newline, newline + decoration)).replaceAll(
    decoration + newline,
    decoration.trimEnd() + newline,
  );
  const before =
    prefix === '' ? '' : (prefix === newline ? newline : prefix + newline).repeat(Math.max(0, prefixCount));
  const after = (newline + option('postfix', decoration.trimEnd())).repeat(Math.max(0, postfixCount));
  return (beginning ? beginning + newline : '') + before + body + after + (end ? newline + end : '');
}

/** As Python reads base64: other characters are passed over, and missing padding is an error. */
function base64Bytes(text: string): Buffer {
  const [, data = '', padding = ''] = /^([^=]*)(=*)/.exec(text.replaceAll(/[^A-Za-z0-9+/=]/g, '')) ?? [];
  const rest = data.length % 4;
  if (rest === 1 || (rest > 1 && rest + padding.length < 4)) throw templateError('This text is no whole base64.');
  return Buffer.from(data, 'base64');
}

function bufferEncoding(encoding: Value | undefined): BufferEncoding {
  const name = str(encoding ?? 'utf-8')
    .toLowerCase()
    .replace('_', '-');
  if (name === 'utf-16-le' || name === 'utf-16le') return 'utf16le';
  if (name === 'latin-1' || name === 'iso-8859-1') return 'latin1';
  if (['utf-8', 'utf8', 'ascii', 'us-ascii'].includes(name)) return 'utf8';
  throw templateError(`The encoding "${name}" is not supported.`);
}

const BLAKE: Record<string, string> = { blake2b: 'blake2b512', blake2s: 'blake2s256' };

function digest(type: string, text: string): string {
  const name = BLAKE[type] ?? type.toLowerCase().replace('_', '-');
  if (!getHashes().includes(name)) throw templateError(`unsupported hash type ${type}`);
  return createHash(name).update(text).digest('hex');
}

function nameUuid(name: string, namespace: string): string {
  const hex = namespace.replaceAll(/[{}-]|^urn:uuid:/g, '');
  if (!/^[\da-fA-F]{32}$/.test(hex))
    throw templateError(`Invalid value '${namespace}' for 'namespace': it is no UUID.`);
  const bytes = createHash('sha1').update(Buffer.from(hex, 'hex')).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function urlSplit(url: string, query: string): Value {
  const { scheme, netloc, path, search, fragment } = splitUrl(url);
  const [, user, password, host = '', port] =
    /^(?:([^:@]*)(?::([^@]*))?@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(netloc) ?? [];
  const parts: Dict = new Map<Value, Value>([
    ['fragment', fragment],
    ['hostname', host === '' ? null : host.replace(/^\[|\]$/g, '').toLowerCase()],
    ['netloc', netloc],
    ['password', password ?? null],
    ['path', path],
    ['port', port ? Number(port) : null],
    ['query', search],
    ['scheme', scheme],
    ['username', user ?? null],
  ]);
  if (query === '') return parts;
  const part = parts.get(query);
  if (part === undefined)
    throw templateError(`Unknown URL component: ${query}`, `Known are ${[...parts.keys()].map(str).join(', ')}.`);
  return part;
}

function urlDecode(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/(?:%[\da-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
  return bytes;
}
