import { narrow, toIndex } from '../arithmetic.js';
import { filter, type Filter } from '../filter.js';
import { toFixed } from '../number-format.js';
import { str } from '../python-text.js';
import { isText, toNumber, truthy, typeName } from '../python-value.js';
import { templateError, undefinedError } from '../template-error.js';
import { Float, Undefined, type Value } from '../value.js';

/** Jinja2's filters that make or change numbers. */
export const numberFilters: Record<string, Filter> = {
  int: filter(['default', 'base'], (value, { default: otherwise, base }) =>
    toInteger(value, otherwise ?? 0, toIndex(base ?? 10)),
  ),
  float: filter(
    ['default'],
    (value, { default: otherwise }) => parseFloatText(value) ?? (otherwise === undefined ? new Float(0) : otherwise),
  ),
  abs: filter([], absolute),
  round: filter(['precision', 'method'], (value, { precision, method }) =>
    round(value, toIndex(precision ?? 0), str(method ?? 'common')),
  ),
  filesizeformat: filter(['binary'], (value, { binary }) => fileSize(value, binary !== undefined && truthy(binary))),
};

function toInteger(value: Value, otherwise: Value, base: number): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  if (isText(value)) {
    const whole = parseInteger(str(value), base);
    if (whole !== undefined) return whole;
  } else if (typeof value === 'boolean') return value ? 1 : 0;
  else if (typeof value === 'number' || typeof value === 'bigint') return value;
  const float = parseFloatText(value);
  if (!float || Number.isNaN(float.value)) return otherwise;
  if (!Number.isFinite(float.value)) throw templateError('cannot convert float infinity to integer');
  return narrow(BigInt(Math.trunc(float.value)));
}

const DIGITS: Record<string, RegExp> = { b: /^[01]+$/, o: /^[0-7]+$/, x: /^[\da-f]+$/ };
const BASES: Record<number, string> = { 2: 'b', 8: 'o', 16: 'x' };

/** Python's `int(text, base)`; undefined when the text is no such number. */
export function parseInteger(source: string, base: number): number | bigint | undefined {
  const [, sign = '', body = ''] = /^\s*([-+]?)([\da-z]+(?:_[\da-z]+)*)\s*$/i.exec(source) ?? [];
  const text = body.replaceAll('_', '').toLowerCase();
  const prefix = /^0([box])(.+)$/.exec(text);
  const letter = BASES[base];
  if (prefix && (base === 0 || prefix[1] === letter)) {
    const valid = DIGITS[prefix[1] ?? '']?.test(prefix[2] ?? '');
    return valid ? signed(sign, BigInt(text)) : undefined;
  }
  const radix = base === 0 ? 10 : base;
  if (text === '' || radix < 2 || radix > 36) return undefined;
  let value = 0n;
  for (const char of text) {
    const digit = Number.parseInt(char, 36);
    if (digit >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(digit);
  }
  return signed(sign, value);
}

function signed(sign: string, value: bigint): number | bigint {
  return narrow(sign === '-' ? -value : value);
}

/** Python's `float(value)`; undefined when it is no number. */
export function parseFloatText(value: Value): Float | undefined {
  if (value instanceof Undefined) throw undefinedError(value);
  const number = toNumber(value);
  if (number !== undefined) return new Float(Number(number));
  if (!isText(value)) return undefined;
  const text = str(value).trim().toLowerCase();
  const special = /^([-+]?)(inf|infinity|nan)$/.exec(text);
  if (special) return new Float(special[2] === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity);
  return /^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/.test(text)
    ? new Float(Number(text.replaceAll('_', '')))
    : undefined;
}

function absolute(value: Value): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  if (value instanceof Float) return new Float(Math.abs(value.value));
  const number = toNumber(value);
  if (number === undefined) throw templateError(`bad operand type for abs(): '${typeName(value)}'`);
  return number < 0 ? narrow(-BigInt(number)) : number;
}

function round(value: Value, precision: number, method: string): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  const number = toNumber(value);
  if (number === undefined) throw templateError(`type ${typeName(value)} doesn't define __round__ method`);
  if (method === 'common')
    return value instanceof Float ? new Float(roundHalfEven(value.value, precision)) : roundInteger(number, precision);
  if (method !== 'ceil' && method !== 'floor') throw templateError('method must be common, ceil or floor');
  const scale = 10 ** precision;
  return new Float(Math[method](Number(number) * scale) / scale);
}

function roundHalfEven(value: number, precision: number): number {
  if (!Number.isFinite(value)) return value;
  if (precision >= 0) return Number(toFixed(value, Math.min(precision, 330)));
  const scale = 10 ** -precision;
  return Number(toFixed(value / scale, 0)) * scale;
}

function roundInteger(value: number | bigint, precision: number): Value {
  if (precision >= 0) return value;
  const scale = 10n ** BigInt(Math.min(-precision, 1000));
  const whole = BigInt(value);
  const rest = ((whole % scale) + scale) % scale;
  const down = whole - rest;
  const up = rest * 2n > scale || (rest * 2n === scale && (down / scale) % 2n !== 0n);
  return narrow(up ? down + scale : down);
}

function fileSize(value: Value, binary: boolean): string {
  const bytes = parseFloatText(value)?.value;
  if (bytes === undefined) throw templateError('filesizeformat needs a number.');
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const letters = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
  for (const [index, letter] of letters.entries()) {
    const unit = base ** (index + 2);
    if (bytes < unit || index === letters.length - 1)
      return `${toFixed((base * bytes) / unit, 1)} ${binary ? `${letter.toUpperCase()}iB` : `${letter}B`}`;
  }
  return '';
}
