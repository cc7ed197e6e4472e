import { toIndex } from '../arithmetic.js';
import { checkLength } from '../length-limit.js';
import { filter, type Filter, required } from '../filter.js';
import { percentFormat } from '../percent-format.js';
import { characters, repr, str, textLength } from '../python-text.js';
import { prettyText } from '../pretty-text.js';
import { isText, iterate, length, requireText, truthy } from '../python-value.js';
import { capitalize, splitLines, stripEnd, stripStart } from '../text.js';
import { center, replaceText } from '../text-methods.js';
import { templateError } from '../template-error.js';
import { Tuple, Undefined, type Value } from '../value.js';
import { wrapText } from './wrap.js';

/** Jinja2's filters that make text of text. */
export const textFilters: Record<string, Filter> = {
  upper: filter([], (value) => str(value).toUpperCase()),
  lower: filter([], (value) => str(value).toLowerCase()),
  capitalize: filter([], (value) => capitalize(str(value))),
  title: filter([], (value) => title(str(value))),
  string: filter([], str, { verbatim: true }),
  safe: filter([], str),
  trim: filter(['chars'], (value, { chars }) => trim(str(value), chars)),
  center: filter(['width'], (value, { width }) => center(str(value), toIndex(width ?? 80), ' ')),
  replace: filter(['old', 'new', 'count'], (value, { old, new: to, count }) =>
    replaceText(
      str(value),
      str(required(old, 'old')),
      str(required(to, 'new')),
      count === undefined || count === null ? -1 : toIndex(count),
    ),
  ),
  indent: filter(['width', 'first', 'blank'], (value, { width, first, blank }) =>
    indent(requireText(value), width ?? 4, flag(first), flag(blank)),
  ),
  truncate: filter(['length', 'killwords', 'end', 'leeway'], (value, { length: most, killwords, end, leeway }) => {
    const how = { length: toIndex(most ?? 255), end: str(end ?? '...'), leeway: toIndex(leeway ?? 5) };
    // Of what is short enough Jinja2 asks the length alone, whatever it is.
    const tooShort = how.length < textLength(how.end) || how.leeway < 0;
    if (!isText(value) && !tooShort && length(value) <= how.length + how.leeway) return value;
    return truncate(requireText(value), { ...how, killWords: flag(killwords) });
  }),
  wordcount: filter([], (value) => (str(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  wordwrap: filter(['width', 'break_long_words', 'wrapstring', 'break_on_hyphens'], (value, args) => {
    const separator = args['wrapstring'] === undefined || args['wrapstring'] === null ? '\n' : str(args['wrapstring']);
    const options = {
      width: toIndex(args['width'] ?? 79),
      breakLongWords: flag(args['break_long_words'] ?? true),
      breakOnHyphens: flag(args['break_on_hyphens'] ?? true),
    };
    return splitLines(requireText(value))
      .map((line) => wrapText(line, options).join(separator))
      .join(separator);
  }),
  format: (value, args, kwargs) =>
    percentFormat(str(value), kwargs.size > 0 ? new Map<Value, Value>(kwargs) : Tuple.from(args)),
  escape: filter([], (value) => escapeHtml(str(value))),
  e: filter([], (value) => escapeHtml(str(value))),
  forceescape: filter([], (value) => escapeHtml(str(value))),
  striptags: filter([], (value) => stripTags(str(value))),
  urlencode: filter([], urlEncode),
  xmlattr: filter(['autospace'], (value, { autospace }) => xmlAttributes(value, flag(autospace ?? true))),
  urlize: filter(
    ['trim_url_limit', 'nofollow', 'target', 'rel'],
    (value, { trim_url_limit: limit, nofollow, target, rel }) =>
      urlize(
        str(value),
        limit,
        [...(rel ? str(rel).split(/\s+/) : []), ...(flag(nofollow) ? ['nofollow'] : []), 'noopener'],
        target,
      ),
  ),
  pprint: filter([], (value) => prettyText(value)),
};

function flag(value: Value | undefined): boolean {
  return value !== undefined && truthy(value);
}

function title(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map(capitalize)
    .join('');
}

function trim(text: string, chars: Value | undefined): string {
  const set = chars === undefined || chars === null ? undefined : requireText(chars);
  return stripEnd(stripStart(text, set), set);
}

function indent(text: string, width: Value, first: boolean, blank: boolean): string {
  const indentation = isText(width) ? str(width) : ' '.repeat(Math.max(0, toIndex(width)));
  const lines = splitLines(`${text}\n`);
  checkLength(text.length + lines.length * indentation.length);
  const rest = lines.slice(1).map((line) => (line || blank ? indentation + line : line));
  return (first ? indentation : '') + [lines[0] ?? '', ...rest].join('\n');
}

type Truncation = { length: number; killWords: boolean; end: string; leeway: number };

function truncate(text: string, { length, killWords, end, leeway }: Truncation): string {
  const endLength = textLength(end);
  if (length < endLength) throw templateError(`expected length >= ${endLength}, got ${length}`);
  if (leeway < 0) throw templateError(`expected leeway >= 0, got ${leeway}`);
  if (textLength(text) <= length + leeway) return text;
  const list = characters(text);
  const cut = typeof list === 'string' ? list.slice(0, length - endLength) : list.slice(0, length - endLength).join('');
  const space = cut.lastIndexOf(' ');
  return (killWords || space < 0 ? cut : cut.slice(0, space)) + end;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('>', '&gt;')
    .replaceAll('<', '&lt;')
    .replaceAll("'", '&#39;')
    .replaceAll('"', '&#34;');
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00A0' };

function stripTags(text: string): string {
  const bare = text.replace(/<!--[^]*?-->/g, '').replace(/<[^>]*>/g, '');
  return bare
    .split(/\s+/)
    .filter(Boolean)
    .join(' ')
    .replace(/&(?:#(\d+)|#[xX]([\da-fA-F]+)|(\w+));/g, (all, decimal: string, hex: string, name: string) => {
      if (name !== undefined) return ENTITIES[name] ?? all;
      return String.fromCodePoint(
        Math.min(0x10ffff, decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)),
      );
    });
}

function urlEncode(value: Value): string {
  if (value instanceof Map) return [...value].map(([key, inner]) => queryPair(key, inner)).join('&');
  if (Array.isArray(value)) {
    return value
      .map((pair) => {
        const [key, inner] = iterate(pair);
        return queryPair(key ?? null, inner ?? null);
      })
      .join('&');
  }
  return percentEncode(str(value), '/');
}

function queryPair(key: Value, value: Value): string {
  const encode = (part: Value) => percentEncode(str(part), '').replaceAll('%20', '+');
  return `${encode(key)}=${encode(value)}`;
}

/** Python's `urllib.parse.quote`. */
function percentEncode(text: string, safe: string): string {
  return Array.from(text, (char) => (/[\w.~-]/.test(char) || safe.includes(char) ? char : encodeCharacter(char))).join(
    '',
  );
}

function encodeCharacter(char: string): string {
  return [...Buffer.from(char, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function xmlAttributes(value: Value, autoSpace: boolean): string {
  if (!(value instanceof Map)) throw templateError('xmlattr needs a dict.');
  const attributes = [...value]
    .filter(([, inner]) => inner !== null && !(inner instanceof Undefined))
    .map(([key, inner]) => {
      if (/[\s/>=]/.test(str(key))) throw templateError(`Invalid character in attribute name: ${repr(key)}`);
      return `${escapeHtml(str(key))}="${escapeHtml(str(inner))}"`;
    });
  return (autoSpace && attributes.length > 0 ? ' ' : '') + attributes.join(' ');
}

function urlize(text: string, limit: Value | undefined, rel: string[], target: Value | undefined): string {
  const attributes = ` rel="${escapeHtml([...new Set(rel)].sort().join(' '))}"${target ? ` target="${escapeHtml(str(target))}"` : ''}`;
  const shorten = (shown: string) => {
    const max = limit === undefined || limit === null ? Infinity : toIndex(limit);
    return shown.length > max ? `${shown.slice(0, max)}...` : shown;
  };
  return escapeHtml(text)
    .split(/(\s+)/)
    .map((word) => {
      const [, head = '', middle = '', tail = ''] = /^([(<]|&lt;)*(.*?)((?:[).,>\n]|&gt;)*)$/s.exec(word) ?? [];
      const url = /^https?:\/\//.test(middle) ? middle : middle.startsWith('www.') ? `https://${middle}` : undefined;
      return url ? `${head}<a href="${url}"${attributes}>${shorten(middle)}</a>${tail}` : word;
    })
    .join('');
}
