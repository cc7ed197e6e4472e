import { integerDigits, layOut, type NumberFormat, pad, toExponent, toFixed, toGeneral } from './number-format.js';
import { repr, str } from './python-text.js';
import { dictGet, toNumber, typeName } from './python-value.js';
import { templateError } from './template-error.js';
import { Float, Tuple, Undefined, type Value } from './value.js';

const SPECIFIER =
  /%(?:\((?<key>[^)]*)\))?(?<flags>[-+ #0]*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d+)?)?[hlL]?(?<letter>.)?/gsu;

/** Python's `template % values`. */
export function percentFormat(template: string, values: Value): string {
  const dict = values instanceof Map ? values : undefined;
  const queue = values instanceof Tuple ? [...values] : [values];
  let used = 0;
  const next = (): Value => {
    if (used >= queue.length) throw templateError('not enough arguments for format string');
    return queue[used++] ?? null;
  };
  const text = template.replace(SPECIFIER, (match, ...rest) => {
    const groups = rest.at(-1) as Record<'key' | 'flags' | 'width' | 'precision' | 'letter', string | undefined>;
    if (groups.letter === undefined) throw templateError('incomplete format');
    if (groups.letter === '%') return '%';
    if (groups.key !== undefined && !dict) throw templateError('format requires a mapping');
    const width = groups.width === '*' ? Number(toNumber(next())) : Number(groups.width ?? 0);
    const precision = precisionOf(match, groups.precision === '*' ? String(toNumber(next())) : groups.precision);
    const value = groups.key === undefined ? next() : keyed(dict, groups.key);
    return formatOne(value, groups.letter, layout(groups.flags ?? '', width), precision);
  });
  // A list, like a dict, may hold more than the template asks for; only a tuple has to fit.
  if (
    used < queue.length &&
    !dict &&
    !(values instanceof Undefined) &&
    (!Array.isArray(values) || values instanceof Tuple)
  ) {
    throw templateError('not all arguments converted during string formatting');
  }
  return text;
}

function precisionOf(match: string, precision: string | undefined): number | undefined {
  if (precision !== undefined) return Number(precision);
  return /\.[hlL]?.$/su.test(match) && match.includes('.') && !/\)\D*$/.test(match.split('.')[0] ?? '') ? 0 : undefined;
}

function keyed(dict: Map<Value, Value> | undefined, key: string): Value {
  const value = dict && dictGet(dict, key);
  if (value === undefined) throw templateError(`KeyError: ${repr(key)}`);
  return value;
}

function layout(flags: string, width: number): NumberFormat {
  const left = flags.includes('-') || width < 0;
  return {
    fill: flags.includes('0') && !left ? '0' : ' ',
    align: left ? '<' : flags.includes('0') ? '=' : '>',
    sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
    alternate: flags.includes('#'),
    width: Math.abs(width),
    grouping: '',
  };
}

function formatOne(value: Value, letter: string, format: NumberFormat, precision: number | undefined): string {
  if (letter === 's' || letter === 'r' || letter === 'a') {
    const text = letter === 's' ? str(value) : repr(value);
    const cut = precision === undefined ? text : Array.from(text).slice(0, precision).join('');
    return pad(cut, { fill: ' ', align: format.align === '<' ? '<' : '>', width: format.width });
  }
  if (letter === 'c' && typeof value === 'string')
    return pad(value, { ...format, fill: ' ', align: format.align || '>' });
  const number = toNumber(value);
  if ('diuoxXc'.includes(letter)) return formatInteger(value, number, letter, format, precision);
  if ('eEfFgG'.includes(letter)) return formatFloat(value, number, letter, format, precision ?? 6);
  throw templateError(`unsupported format character '${letter}'`);
}

function formatInteger(
  value: Value,
  number: number | bigint | undefined,
  letter: string,
  format: NumberFormat,
  precision: number | undefined,
): string {
  const decimal = 'diu'.includes(letter);
  if (number === undefined || (!decimal && value instanceof Float)) {
    throw templateError(
      decimal
        ? `%${letter} format: a real number is required, not ${typeName(value)}`
        : `%${letter} format: an integer is required, not ${typeName(value)}`,
    );
  }
  const whole = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
  const { digits, prefix } = integerDigits(whole, decimal ? 'd' : letter) ?? { digits: '', prefix: '' };
  const padded = digits.replace(
    /^(-?)(.*)$/,
    (_all, sign: string, rest: string) => sign + rest.padStart(precision ?? 0, '0'),
  );
  return layOut(padded, format.alternate ? prefix : '', format);
}

function formatFloat(
  value: Value,
  number: number | bigint | undefined,
  letter: string,
  format: NumberFormat,
  precision: number,
): string {
  if (number === undefined) throw templateError(`must be real number, not ${typeName(value)}`);
  const shown = Number(number);
  const text =
    letter === 'f' || letter === 'F'
      ? toFixed(shown, precision)
      : letter === 'e' || letter === 'E'
        ? toExponent(shown, precision)
        : toGeneral(shown, precision, format.alternate);
  return layOut(letter === letter.toUpperCase() ? text.toUpperCase() : text, '', format);
}
