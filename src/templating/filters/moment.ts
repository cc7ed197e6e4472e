import { DateTime } from 'luxon';
import { bind, filter, type Filter } from '../../jinja/filter.js';
import { repr, str } from '../../jinja/python-text.js';
import { requireText } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import { Attributes, Float, type Value } from '../../jinja/value.js';
import { formatTime, timeText } from '../strftime.js';

/** Ansible's filter that reads a time; what it gives has the parts of Python's datetime, and one is taken from another. */
export const momentFilters: Readonly<Record<string, Filter>> = {
  to_datetime: filter(['format'], (value, { format }) =>
    moment(parseTime(requireText(value), str(format ?? '%Y-%m-%d %H:%M:%S'))),
  ),
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const PATTERNS: Readonly<Record<string, string>> = {
  Y: '\\d{4}',
  y: '\\d\\d',
  m: '1[0-2]|0?[1-9]',
  d: '3[01]|[12]\\d|0?[1-9]| [1-9]',
  H: '2[0-3]|[01]?\\d',
  I: '1[0-2]|0?[1-9]',
  M: '[0-5]?\\d',
  S: '6[01]|[0-5]?\\d',
  f: '\\d{1,6}',
  p: 'am|pm',
  b: MONTHS.join('|'),
  B: 'january|february|march|april|may|june|july|august|september|october|november|december',
  j: '\\d{1,3}',
};

/** Microseconds since 1970 of a time without zone, as Python's `strptime` reads it. Throws TEMPLATE. */
function parseTime(text: string, format: string): number {
  const letters: string[] = [];
  const source = format.replace(/%(.)|\s+|[.*+?^${}()|[\]\\/]/gs, (all, letter?: string) => {
    if (letter === '%') return '%';
    if (letter === undefined) return /^\s/.test(all) ? '\\s+' : `\\${all}`;
    const pattern = PATTERNS[letter];
    if (pattern === undefined) throw templateError(`'${letter}' is a bad directive in format '${format}'`);
    letters.push(letter);
    return `(${pattern})`;
  });
  const match = new RegExp(`^${source}$`, 'i').exec(text);
  if (!match) throw templateError(`time data ${repr(text)} does not match format ${repr(format)}`);
  return microseconds(new Map(letters.map((letter, index) => [letter, match[index + 1] ?? ''])), text);
}

function microseconds(parts: ReadonlyMap<string, string>, text: string): number {
  const number = (letter: string, otherwise: number) => Number(parts.get(letter) ?? otherwise);
  const short = number('y', 0);
  const year = parts.has('y') ? short + (short < 69 ? 2000 : 1900) : number('Y', 1900);
  const name = (parts.get('b') ?? parts.get('B'))?.slice(0, 3).toLowerCase();
  const month = name === undefined ? number('m', 1) : MONTHS.indexOf(name) + 1;
  const half = parts.get('p')?.toLowerCase();
  const hour = parts.has('I') ? (number('I', 0) % 12) + (half === 'pm' ? 12 : 0) : number('H', 0);
  const day = DateTime.utc(year, month, number('d', 1), hour, number('M', 0), number('S', 0));
  if (!day.isValid) throw templateError(`${repr(text)} is no time that exists.`);
  const shown = parts.has('j') ? day.plus({ days: number('j', 1) - 1 }) : day;
  return shown.toMillis() * 1000 + Number((parts.get('f') ?? '0').padEnd(6, '0'));
}

function moment(micros: number): Attributes {
  const time = new Date(Math.floor(micros / 1000));
  const part = DateTime.fromJSDate(time, { zone: 'utc' });
  const rest = ((micros % 1_000_000) + 1_000_000) % 1_000_000;
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0')}`;
  const text = timeText(time, true).slice(0, 19) + fraction;
  return new Attributes(
    'datetime',
    new Map<string, Value>([
      ['__str__', text],
      ['__repr__', momentRepr(part, rest)],
      ['__micros__', micros],
      ['year', part.year],
      ['month', part.month],
      ['day', part.day],
      ['hour', part.hour],
      ['minute', part.minute],
      ['second', part.second],
      ['microsecond', rest],
      [
        'strftime',
        { call: (args, kwargs) => formatTime(str(bind(['format'], args, kwargs)['format'] ?? ''), time, true) },
      ],
      ['isoformat', { call: () => text.replace(' ', 'T') }],
      ['weekday', { call: () => part.weekday - 1 }],
      ['isoweekday', { call: () => part.weekday }],
      ['__sub__', { call: ([other]) => difference(micros, other) }],
    ]),
  );
}

function momentRepr({ year, month, day, hour, minute, second }: DateTime, micros: number): string {
  const more = micros > 0 ? [second, micros] : second > 0 ? [second] : [];
  return `datetime.datetime(${[year, month, day, hour, minute, ...more].join(', ')})`;
}

function difference(micros: number, other: Value | undefined): Attributes {
  const before = other instanceof Attributes ? other.attributes.get('__micros__') : undefined;
  if (typeof before !== 'number') throw templateError('Only a datetime can be taken from a datetime.');
  return span(micros - before);
}

/** Python's timedelta. */
function span(micros: number): Attributes {
  const days = Math.floor(micros / 86_400_000_000);
  const rest = micros - days * 86_400_000_000;
  const seconds = Math.floor(rest / 1_000_000);
  const fraction = rest % 1_000_000;
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const tail = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`;
  const head = days === 0 ? '' : `${days} day${Math.abs(days) === 1 ? '' : 's'}, `;
  return new Attributes(
    'timedelta',
    new Map<string, Value>([
      ['__str__', head + clock + tail],
      ['__repr__', spanRepr({ days, seconds, microseconds: fraction })],
      ['days', days],
      ['seconds', seconds],
      ['microseconds', fraction],
      ['total_seconds', { call: () => new Float(micros / 1_000_000) }],
    ]),
  );
}

function spanRepr(parts: Record<string, number>): string {
  const named = Object.entries(parts).filter(([, value]) => value !== 0);
  return `datetime.timedelta(${named.map(([name, value]) => `${name}=${value}`).join(', ') || '0'})`;
}
