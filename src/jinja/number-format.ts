import { checkLength } from './length-limit.js';
import { templateError } from './template-error.js';

export type NumberFormat = {
  fill: string;
  align: '' | '<' | '>' | '=' | '^';
  sign: string;
  alternate: boolean;
  width: number;
  grouping: string;
};

/** Exactly `digits` decimals, rounding half to even on the exact binary value as C's printf does. */
export function toFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  checkLength(digits);
  const negative = value < 0 || Object.is(value, -0);
  const { numerator, denominatorBits } = exactFraction(Math.abs(value));
  const scaled = numerator * 10n ** BigInt(digits);
  const unit = 1n << BigInt(denominatorBits);
  const whole = scaled / unit;
  const twiceRest = (scaled % unit) * 2n;
  const rounded = twiceRest > unit || (twiceRest === unit && whole % 2n === 1n) ? whole + 1n : whole;
  const text = rounded.toString().padStart(digits + 1, '0');
  const fixed = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return negative ? `-${fixed}` : fixed;
}

/** The value as numerator / 2^denominatorBits, exactly. */
function exactFraction(value: number): { numerator: bigint; denominatorBits: number } {
  let scaled = value;
  let denominatorBits = 0;
  while (!Number.isInteger(scaled) && denominatorBits < 1100) {
    scaled *= 2;
    denominatorBits += 1;
  }
  return { numerator: BigInt(scaled), denominatorBits };
}

/** `%e`: one digit, `digits` decimals, an exponent of at least two digits. */
export function toExponent(value: number, digits: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const [mantissa = '', exponent = '+0'] = value.toExponential(Math.min(digits, 100)).split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa}e${sign}${exponent.replace(/^[-+]/, '').padStart(2, '0')}`;
}

/** `%g`: `digits` significant digits in the shorter of the two notations, without trailing zeros unless `alternate`. */
export function toGeneral(value: number, digits: number, alternate = false): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const precision = Math.max(1, Math.min(digits, 100));
  const exponent = value === 0 ? 0 : Number(value.toExponential(precision - 1).split('e')[1]);
  if (exponent < -4 || exponent >= precision) {
    const [mantissa = '', tail = ''] = toExponent(value, precision - 1).split('e');
    return `${alternate ? mantissa : trimZeros(mantissa)}e${tail}`;
  }
  const fixed = toFixed(value, precision - 1 - exponent);
  return alternate ? fixed : trimZeros(fixed);
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function nonFinite(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** A number's digits with sign, prefix, thousands and padding as a format asks. `digits` may start with a minus. */
export function layOut(digits: string, prefix: string, { fill, align, sign, width, grouping }: NumberFormat): string {
  const negative = digits.startsWith('-');
  const signText = negative ? '-' : sign === '+' || sign === ' ' ? sign : '';
  const bare = negative ? digits.slice(1) : digits;
  const grouped = grouping ? bare.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, grouping)) : bare;
  if (align === '=') {
    const room = Math.max(0, width - signText.length - prefix.length - grouped.length);
    checkLength(room);
    return signText + prefix + fill.repeat(room) + grouped;
  }
  return pad(signText + prefix + grouped, { fill, align: align || '>', width });
}

/** Text filled up to a width in code points. */
export function pad(text: string, { fill, align, width }: Pick<NumberFormat, 'fill' | 'align' | 'width'>): string {
  const room = width - Array.from(text).length;
  if (room <= 0) return text;
  checkLength(room);
  if (align === '<') return text + fill.repeat(room);
  if (align === '^') return fill.repeat(Math.floor(room / 2)) + text + fill.repeat(Math.ceil(room / 2));
  return fill.repeat(room) + text;
}

/** A whole number in the base of a format letter; undefined when the letter is not one of b, c, d, o, x, X. */
export function integerDigits(value: bigint, letter: string): { digits: string; prefix: string } | undefined {
  switch (letter) {
    case 'b':
      return { digits: value.toString(2), prefix: '0b' };
    case 'o':
      return { digits: value.toString(8), prefix: '0o' };
    case 'x':
      return { digits: value.toString(16), prefix: '0x' };
    case 'X':
      return { digits: value.toString(16).toUpperCase(), prefix: '0X' };
    case 'd':
    case 'n':
      return { digits: value.toString(), prefix: '' };
    case 'c':
      if (value < 0n || value > 0x10ffffn) throw templateError('%c requires int in range of characters');
      return { digits: String.fromCodePoint(Number(value)), prefix: '' };
    default:
      return undefined;
  }
}
