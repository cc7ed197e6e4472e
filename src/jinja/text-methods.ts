import { toIndex } from './arithmetic.js';
import { braceFormat } from './brace-format.js';
import { checkLength } from './length-limit.js';
import type { Method } from './method.js';
import { pad } from './number-format.js';
import { characters, repr, str } from './python-text.js';
import { dictGet, isText, iterate, typeName } from './python-value.js';
import {
  capitalize,
  isLower,
  isUpper,
  splitLines,
  splitText,
  stripEnd,
  stripStart,
  swapCase,
  titleCase,
} from './text.js';
import { templateError } from './template-error.js';
import { Tuple, type Value } from './value.js';

type TextMethod = Method<string>;

/** Python's methods of `str`, by name. */
export const textMethods: Record<string, TextMethod> = {
  upper: simple((self) => self.toUpperCase()),
  lower: simple((self) => self.toLowerCase()),
  casefold: simple((self) => self.toLowerCase()),
  capitalize: simple(capitalize),
  title: simple(titleCase),
  swapcase: simple(swapCase),
  strip: { names: ['chars'], run: (self, { chars }) => stripEnd(stripStart(self, charset(chars)), charset(chars)) },
  lstrip: { names: ['chars'], run: (self, { chars }) => stripStart(self, charset(chars)) },
  rstrip: { names: ['chars'], run: (self, { chars }) => stripEnd(self, charset(chars)) },
  split: { names: ['sep', 'maxsplit'], run: (self, { sep, maxsplit }) => split(self, sep, maxsplit, false) },
  rsplit: { names: ['sep', 'maxsplit'], run: (self, { sep, maxsplit }) => split(self, sep, maxsplit, true) },
  splitlines: { names: ['keepends'], run: (self, { keepends }) => splitLines(self, keepends === true) },
  partition: { names: ['sep'], run: (self, { sep }) => partition(self, text(sep), self.indexOf(text(sep)), false) },
  rpartition: { names: ['sep'], run: (self, { sep }) => partition(self, text(sep), self.lastIndexOf(text(sep)), true) },
  replace: {
    names: ['old', 'new', 'count'],
    run: (self, args) => replaceText(self, text(args['old']), text(args['new']), count(args['count'])),
  },
  startswith: {
    names: ['prefix', 'start', 'end'],
    run: (self, { prefix, start, end }) => affixes(prefix).some((a) => part(self, start, end).startsWith(a)),
  },
  endswith: {
    names: ['suffix', 'start', 'end'],
    run: (self, { suffix, start, end }) => affixes(suffix).some((a) => part(self, start, end).endsWith(a)),
  },
  removeprefix: {
    names: ['prefix'],
    run: (self, { prefix }) => (self.startsWith(text(prefix)) ? self.slice(text(prefix).length) : self),
  },
  removesuffix: {
    names: ['suffix'],
    run: (self, { suffix }) =>
      text(suffix) && self.endsWith(text(suffix)) ? self.slice(0, -text(suffix).length) : self,
  },
  find: {
    names: ['sub', 'start', 'end'],
    run: (self, { sub, start, end }) => position(self, text(sub), start, end, 'indexOf'),
  },
  rfind: {
    names: ['sub', 'start', 'end'],
    run: (self, { sub, start, end }) => position(self, text(sub), start, end, 'lastIndexOf'),
  },
  index: {
    names: ['sub', 'start', 'end'],
    run: (self, { sub, start, end }) => found(position(self, text(sub), start, end, 'indexOf')),
  },
  rindex: {
    names: ['sub', 'start', 'end'],
    run: (self, { sub, start, end }) => found(position(self, text(sub), start, end, 'lastIndexOf')),
  },
  count: {
    names: ['sub', 'start', 'end'],
    run: (self, { sub, start, end }) => occurrences(part(self, start, end), text(sub)),
  },
  join: { names: ['iterable'], run: (self, { iterable }) => join(self, iterable) },
  format: { names: [], run: (self) => self, free: (self, args, kwargs) => braceFormat(self, args, kwargs) },
  format_map: { names: ['mapping'], run: (self, { mapping }) => braceFormat(self, [], textKeys(mapping)) },
  center: {
    names: ['width', 'fillchar'],
    run: (self, { width, fillchar }) => center(self, toIndex(width ?? 0, 'width'), text(fillchar ?? ' ')),
  },
  ljust: {
    names: ['width', 'fillchar'],
    run: (self, { width, fillchar }) =>
      pad(self, { fill: text(fillchar ?? ' '), align: '<', width: toIndex(width ?? 0) }),
  },
  rjust: {
    names: ['width', 'fillchar'],
    run: (self, { width, fillchar }) =>
      pad(self, { fill: text(fillchar ?? ' '), align: '>', width: toIndex(width ?? 0) }),
  },
  zfill: { names: ['width'], run: (self, { width }) => zfill(self, toIndex(width ?? 0)) },
  expandtabs: { names: ['tabsize'], run: (self, { tabsize }) => expandTabs(self, toIndex(tabsize ?? 8)) },
  translate: { names: ['table'], run: (self, { table }) => translate(self, table) },
  encode: { names: ['encoding', 'errors'], run: (self) => self },
  isalnum: simple((self) => /^[\p{L}\p{N}]+$/u.test(self)),
  isalpha: simple((self) => /^\p{L}+$/u.test(self)),
  isascii: simple((self) => /^[\0-\x7F]*$/.test(self)),
  isdecimal: simple((self) => /^\p{Nd}+$/u.test(self)),
  isdigit: simple((self) => /^[\p{Nd}\u00B2\u00B3\u00B9\u2070-\u2079\u2080-\u2089]+$/u.test(self)),
  isnumeric: simple((self) => /^\p{N}+$/u.test(self)),
  isidentifier: simple((self) => /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}]*$/u.test(self)),
  islower: simple(isLower),
  isupper: simple(isUpper),
  isspace: simple((self) => /^\s+$/.test(self)),
  isprintable: simple((self) => /^(?:[^\p{C}\p{Z}]| )*$/u.test(self)),
  istitle: simple((self) => self !== '' && titleCase(self) === self && /\p{L}/u.test(self)),
};

function simple(run: (self: string) => Value): TextMethod {
  return { names: [], run };
}

function text(value: Value | undefined): string {
  if (value === undefined) throw templateError('An argument is missing.');
  if (!isText(value)) throw templateError(`A text is needed here, not ${typeName(value)}.`);
  return str(value);
}

function charset(chars: Value | undefined): string | undefined {
  return chars === undefined || chars === null ? undefined : text(chars);
}

function count(value: Value | undefined): number {
  return value === undefined || value === null ? -1 : toIndex(value, 'count');
}

/** Replaces the first `times` occurrences, all when it is negative. */
export function replaceText(self: string, old: string, replacement: string, times: number): string {
  if (times < 0 && old !== '') return checked(self.split(old).join(replacement));
  const pieces = old === '' ? ['', ...Array.from(self), ''] : self.split(old);
  let replaced = 0;
  return checked(pieces.reduce((sum, piece) => sum + (times < 0 || replaced++ < times ? replacement : old) + piece));
}

function checked(result: string): string {
  checkLength(result.length);
  return result;
}

function split(self: string, sep: Value | undefined, maxsplit: Value | undefined, fromEnd: boolean): Value {
  return splitText(self, sep === undefined || sep === null ? undefined : text(sep), count(maxsplit), fromEnd);
}

function partition(self: string, sep: string, at: number, fromEnd: boolean): Tuple {
  if (sep === '') throw templateError('empty separator');
  if (at < 0) return Tuple.from(fromEnd ? ['', '', self] : [self, '', '']);
  return Tuple.from([self.slice(0, at), sep, self.slice(at + sep.length)]);
}

function affixes(value: Value | undefined): string[] {
  return value instanceof Tuple ? value.map((item) => text(item)) : [text(value)];
}

function part(self: string, start: Value | undefined, end: Value | undefined): string {
  if ((start ?? null) === null && (end ?? null) === null) return self;
  return Array.from(self)
    .slice(toIndex(start ?? 0), end === undefined || end === null ? undefined : toIndex(end))
    .join('');
}

function position(
  self: string,
  sub: string,
  start: Value | undefined,
  end: Value | undefined,
  search: 'indexOf' | 'lastIndexOf',
): number {
  const { length } = characters(self);
  const given = toIndex(start ?? 0);
  const from = given < 0 ? Math.max(0, given + length) : given;
  if (from > length) return -1;
  const within = part(self, from, end);
  const at = within[search](sub);
  return at < 0 ? -1 : from + characters(within.slice(0, at)).length;
}

function found(at: number): number {
  if (at < 0) throw templateError('substring not found');
  return at;
}

function occurrences(self: string, sub: string): number {
  return sub === '' ? characters(self).length + 1 : self.split(sub).length - 1;
}

function join(self: string, iterable: Value | undefined): string {
  const items = iterate(iterable ?? null).map((item, index) => {
    if (!isText(item)) throw templateError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
    return str(item);
  });
  return checked(items.join(self));
}

function textKeys(mapping: Value | undefined): Map<string, Value> {
  if (!(mapping instanceof Map)) throw templateError('format_map() needs a dict.');
  return new Map([...mapping].map(([key, value]) => [str(key), value]));
}

/** Python centres an odd rest to the left for even widths and to the right for odd ones. */
export function center(self: string, width: number, fill: string): string {
  const { length } = characters(self);
  const room = width - length;
  if (room <= 0) return self;
  checkLength(room);
  const left = Math.floor(room / 2) + (room & width & 1);
  return fill.repeat(left) + self + fill.repeat(room - left);
}

function zfill(self: string, width: number): string {
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/s.exec(self) ?? [];
  return sign + pad(digits, { fill: '0', align: '>', width: width - sign.length });
}

function expandTabs(self: string, size: number): string {
  checkLength(self.length * Math.max(1, size));
  let column = 0;
  let result = '';
  for (const char of self) {
    const piece = char === '\t' ? ' '.repeat(size > 0 ? size - (column % size) : 0) : char;
    column = char === '\n' || char === '\r' ? 0 : column + piece.length;
    result += piece;
  }
  return result;
}

function translate(self: string, table: Value | undefined): string {
  if (!(table instanceof Map)) throw templateError('translate() needs a dict.');
  return Array.from(self, (char) => {
    const to = dictGet(table, char.codePointAt(0) ?? 0);
    if (to === undefined) return char;
    if (to === null) return '';
    return typeof to === 'number' ? String.fromCodePoint(to) : isText(to) ? str(to) : repr(to);
  }).join('');
}
