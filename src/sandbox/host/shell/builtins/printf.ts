import { print } from '../../kernel/io.js';
import type { Builtin } from './builtin.js';
import { backslashes } from './escapes.js';

const CONVERSION = /%([-+ #0']*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlqLjzt]*([a-zA-Z%])/y;
const MAX_WIDTH = 1_000_000;

/** The result of formatting: text, complaints, and whether `\c` ended it. */
export type Formatted = { text: string; faults: string[]; stop: boolean };

export const printf: Builtin = async (shell, args) => {
  let rest = args[0] === '--' ? args.slice(1) : args;
  let variable: string | undefined;
  if (rest[0] === '-v') {
    variable = rest[1];
    rest = rest.slice(2);
  }
  const [format, ...values] = rest;
  if (format === undefined) {
    await shell.complain('printf: usage: printf [-v var] format [arguments]');
    return 2;
  }
  const { text, faults } = formatPrintf(format, values);
  if (variable === undefined) await print(shell.proc, text);
  else shell.state.set(variable, text);
  for (const fault of faults) await shell.complain(`printf: ${fault}`);
  return faults.length > 0 ? 1 : 0;
};

/** Formats as printf(1): the format is used again while arguments are left. */
export function formatPrintf(format: string, values: readonly string[]): Formatted {
  const args = [...values];
  const result: Formatted = { text: '', faults: [], stop: false };
  do {
    const before = args.length;
    formatOnce(format, args, result);
    if (args.length === before) break;
  } while (args.length > 0 && !result.stop && result.faults.length < 20);
  return result;
}

function formatOnce(format: string, args: string[], result: Formatted): void {
  for (let at = 0; at < format.length && !result.stop; ) {
    const percent = format.indexOf('%', at);
    const literal = format.slice(at, percent < 0 ? format.length : percent);
    result.text += literal.includes('\\') ? backslashes(literal, 'printf').text : literal;
    if (percent < 0) return;
    CONVERSION.lastIndex = percent;
    const found = CONVERSION.exec(format);
    if (!found) {
      result.faults.push(`\`${format.slice(percent, percent + 2)}': missing format character`);
      return;
    }
    at = CONVERSION.lastIndex;
    convert(found, args, result);
  }
}

function convert(found: RegExpExecArray, args: string[], result: Formatted): void {
  const [whole, flags = '', widthText, precisionText, letter = ''] = found;
  if (letter === '%') {
    result.text += '%';
    return;
  }
  const starred = (text: string | undefined) =>
    text === '*' ? Number(args.shift() ?? 0) || 0 : text === undefined ? undefined : Number(text);
  const width = Math.min(starred(widthText) ?? 0, MAX_WIDTH);
  const precision = whole.includes('.') ? Math.min(starred(precisionText) ?? 0, MAX_WIDTH) : undefined;
  const value = args.shift() ?? '';
  const text = convertValue(letter, value, flags, precision, result);
  if (text === undefined) {
    result.faults.push(`\`${letter}': invalid format character`);
    result.stop = true;
    return;
  }
  const zero =
    flags.includes('0') &&
    !flags.includes('-') &&
    /[dixXoufeEgG]/.test(letter) &&
    (precision === undefined || /[feEgG]/.test(letter));
  result.text += pad(text, width, flags.includes('-'), zero);
}

function convertValue(
  letter: string,
  value: string,
  flags: string,
  precision: number | undefined,
  result: Formatted,
): string | undefined {
  switch (letter) {
    case 's':
      return value.slice(0, precision);
    case 'b': {
      const { text, stop } = backslashes(value, 'echo');
      result.stop ||= stop;
      return text.slice(0, precision);
    }
    case 'c':
      return value.slice(0, 1);
    case 'q':
      return /^[\w@%+=:,./-]+$/.test(value) ? value : value === '' ? "''" : value.replace(/[^\w@%+=:,./-]/g, '\\$&');
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return integer(letter, value, flags, precision, result);
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      return float(letter, value, flags, precision, result);
    default:
      return undefined;
  }
}

function integer(
  letter: string,
  value: string,
  flags: string,
  precision: number | undefined,
  result: Formatted,
): string {
  const number = parseInteger(value, result);
  const unsigned = letter === 'd' || letter === 'i' ? number : BigInt.asUintN(64, number);
  const magnitude = unsigned < 0n ? -unsigned : unsigned;
  const base = letter === 'o' ? 8 : letter.toLowerCase() === 'x' ? 16 : 10;
  let digits = magnitude.toString(base).padStart(precision ?? 1, '0');
  if (letter === 'X') digits = digits.toUpperCase();
  if (flags.includes('#') && base === 16 && magnitude !== 0n) digits = `0${letter}${digits}`;
  if (flags.includes('#') && base === 8 && !digits.startsWith('0')) digits = `0${digits}`;
  const sign = unsigned < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return (letter === 'd' || letter === 'i' ? sign : '') + digits;
}

function parseInteger(value: string, result: Formatted): bigint {
  if (/^['"]/.test(value)) return BigInt(value.charCodeAt(1) || 0);
  const found = /^\s*([-+]?)(0[xX][\da-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(value);
  if (!found || found[0].length < value.length) {
    if (value !== '') result.faults.push(`${value}: invalid number`);
    if (!found) return 0n;
  }
  const digits = found[2] ?? '0';
  const number = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return BigInt.asIntN(64, found[1] === '-' ? -number : number);
}

function float(letter: string, value: string, flags: string, precision = 6, result: Formatted): string {
  const number = Number(value.trim() === '' ? 0 : value);
  if (Number.isNaN(number) && value !== 'nan') result.faults.push(`${value}: invalid number`);
  const safe = Number.isNaN(number) ? 0 : number;
  const text = floatText(letter.toLowerCase(), safe, Math.min(precision, 100));
  const signed = safe >= 0 && flags.includes('+') ? `+${text}` : text;
  return letter === letter.toUpperCase() ? signed.toUpperCase() : signed;
}

/** A number as C prints it with %f, %e or %g. */
export function floatText(letter: string, value: number, precision: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : value < 0 ? '-inf' : 'nan';
  if (letter === 'f') return value.toFixed(precision);
  const scientific = (digits: number) => value.toExponential(digits).replace(/e([-+])(\d)$/, 'e$10$2');
  if (letter === 'e') return scientific(precision);
  const significant = Math.max(1, precision);
  const exponent = value === 0 ? 0 : Number(value.toExponential(significant - 1).split('e')[1]);
  const text =
    exponent < -4 || exponent >= significant ? scientific(significant - 1) : value.toFixed(significant - 1 - exponent);
  return text.includes('.') ? text.replace(/\.?0+(?=e|$)/, '') : text;
}

function pad(text: string, width: number, left: boolean, zero: boolean): string {
  const target = Math.abs(width);
  if (text.length >= target) return text;
  if (left || width < 0) return text.padEnd(target);
  if (!zero) return text.padStart(target);
  const prefix = /^[-+ ]?(?:0[xX])?/.exec(text)?.[0] ?? '';
  return prefix + text.slice(prefix.length).padStart(target - prefix.length, '0');
}
