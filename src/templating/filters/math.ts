import { filter, type Filter } from '../../jinja/filter.js';
import { toFixed } from '../../jinja/number-format.js';
import { str } from '../../jinja/python-text.js';
import { toNumber, truthy, typeName } from '../../jinja/python-value.js';
import { templateError, undefinedError } from '../../jinja/template-error.js';
import { Float, Undefined, type Value } from '../../jinja/value.js';

const UNITS = {
  Y: 2 ** 80,
  Z: 2 ** 70,
  E: 2 ** 60,
  P: 2 ** 50,
  T: 2 ** 40,
  G: 2 ** 30,
  M: 2 ** 20,
  K: 2 ** 10,
  B: 1,
} as const;

/** Ansible's filters on numbers and sizes. */
export const mathFilters: Record<string, Filter> = {
  log: filter(['base'], (value, { base }) => {
    const number = numeric(value, 'log');
    if (number <= 0) throw templateError('log() can only be used on positive numbers.');
    if (base === undefined) return new Float(Math.log(number));
    const by = numeric(base, 'log');
    return new Float(by === 10 ? Math.log10(number) : Math.log(number) / Math.log(by));
  }),
  pow: filter(['y'], (value, { y }) => new Float(numeric(value, 'pow') ** numeric(y ?? null, 'pow'))),
  root: filter(['base'], (value, { base }) => {
    const by = numeric(base ?? 2, 'root');
    const number = numeric(value, 'root');
    if (number < 0) throw templateError('root() can only be used on positive numbers.');
    return new Float(by === 2 ? Math.sqrt(number) : number ** (1 / by));
  }),
  human_readable: filter(['isbits', 'unit'], (value, { isbits, unit }) =>
    humanReadable(
      numeric(value, 'human_readable'),
      truthy(isbits ?? false),
      unit === undefined || unit === null ? undefined : str(unit),
    ),
  ),
  human_to_bytes: filter(['default_unit', 'isbits'], (value, { default_unit: unit, isbits }) =>
    humanToBytes(str(value), unit === undefined || unit === null ? undefined : str(unit), truthy(isbits ?? false)),
  ),
};

function numeric(value: Value, filterName: string): number {
  if (value instanceof Undefined) throw undefinedError(value);
  const number = toNumber(value);
  if (number === undefined) throw templateError(`${filterName}() can only be used on numbers, not ${typeName(value)}.`);
  return Number(number);
}

function humanReadable(size: number, bits: boolean, unit: string | undefined): string {
  const base = bits ? 'bits' : 'Bytes';
  const wanted = unit?.slice(0, 1).toUpperCase();
  const letters = Object.keys(UNITS) as (keyof typeof UNITS)[];
  const letter =
    letters.find(
      (candidate) => (unit === undefined && size >= UNITS[candidate]) || (wanted !== undefined && wanted === candidate),
    ) ?? 'B';
  const suffix = letter === 'B' ? base : `${letter}${bits ? 'b' : 'B'}`;
  return `${toFixed(size / UNITS[letter], 2)} ${suffix}`;
}

function humanToBytes(text: string, defaultUnit: string | undefined, bits: boolean): Value {
  const match = /^\s*(\d*\.?\d*)\s*([A-Za-z]+)?/.exec(text);
  const digits = match?.[1] ?? '';
  if (digits === '' || digits === '.')
    throw templateError(`human_to_bytes() can't interpret following string: ${text}`);
  const unit = match?.[2] ?? defaultUnit;
  if (unit === undefined) return Math.round(Number(digits));
  const letter = unit.slice(0, 1).toUpperCase();
  const factor = Object.hasOwn(UNITS, letter) ? UNITS[letter as keyof typeof UNITS] : undefined;
  const kind = bits ? 'bit' : 'byte';
  const expected = bits ? /^(?:[A-Z]b?|bits?|[A-Z]?bits?)$/i : /^(?:[A-Z]B?|bytes?|[A-Z]?bytes?)$/i;
  if (
    factor === undefined ||
    !expected.test(unit) ||
    (unit.length === 2 && letter !== 'B' && unit[1] !== (bits ? 'b' : 'B'))
  ) {
    throw templateError(`human_to_bytes() failed to convert ${text}: "${unit}" is no unit of ${kind}s.`);
  }
  return Math.round(Number(digits) * factor);
}
