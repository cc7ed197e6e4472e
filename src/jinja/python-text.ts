import { checkLength } from './length-limit.js';
import { undefinedError } from './template-error.js';
import { Attributes, type Dict, Float, Tuple, Undefined, Unsafe, type Value, VaultText } from './value.js';

// What a value counts besides its characters, so that millions of empty lists come to an end soon.
const COST_OF_A_VALUE = 20;

/** Python's `str(value)`. Throws UNDEFINED_VARIABLE for an undefined one. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Unsafe || value instanceof VaultText) return value.text;
  if (value instanceof Undefined && value.silent) return '';
  const own = value instanceof Attributes ? value.attributes.get('__str__') : undefined;
  if (typeof own === 'string') return own;
  return repr(value);
}

/** Python's `repr(value)`. Throws TEMPLATE when it becomes longer than any sane text. */
export function repr(value: Value): string {
  return written(value, { characters: 0 });
}

// Lists that hold the same list twice, and that one the next, double in print with every level: hence the count.
function written(value: Value, size: { characters: number }): string {
  size.characters += COST_OF_A_VALUE;
  checkLength(size.characters);
  if (Array.isArray(value)) return writtenList(value, size);
  if (value instanceof Map) {
    return `{${[...value].map(([key, inner]) => `${written(key, size)}: ${written(inner, size)}`).join(', ')}}`;
  }
  const text = writtenScalar(value);
  size.characters += text.length;
  return text;
}

function writtenList(list: Value[], size: { characters: number }): string {
  const items = Array.from(list, (item) => written(item, size)).join(', ');
  if (!(list instanceof Tuple)) return `[${items}]`;
  return list.length === 1 ? `(${items},)` : `(${items})`;
}

function writtenScalar(value: Exclude<Value, Value[] | Dict>): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return reprText(value);
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Float) return reprFloat(value.value);
  if (value instanceof Unsafe) return reprText(value.text);
  if (value instanceof Undefined) {
    if (value.silent) return 'Undefined';
    throw undefinedError(value);
  }
  if (value instanceof VaultText) return reprText(value.text);
  if (value instanceof Attributes) return attributesText(value);
  return '<function>';
}

function attributesText({ kind, attributes }: Attributes): string {
  const text = attributes.get('__repr__') ?? attributes.get('__str__');
  return typeof text === 'string' ? text : `<${kind}>`;
}

/** Shortest digits that read back the same, in Python's spelling: `1.0`, `1e+16`, `1e-05`, `inf`, `nan`. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const sign = exponent < 0 ? '-' : '+';
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return fixed(mantissa, exponent);
}

function fixed(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 2, '0');
  return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1)}`;
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // Everything printable stays; what Unicode calls control, format, surrogate, private, unassigned or separator is escaped.
  const body = text.replace(/[\\'"\n\r\t]|[\p{C}\p{Z}]/gu, (char) => {
    if (char === '"' || char === "'") return char === quote ? `\\${char}` : char;
    if (char === ' ') return char;
    return ESCAPES[char] ?? escapeCodePoint(char.codePointAt(0) ?? 0);
  });
  return `${quote}${body}${quote}`;
}

function escapeCodePoint(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** The characters of a text as Python counts them: code points. */
export function characters(text: string): string[] | string {
  return /[\uD800-\uDFFF]/.test(text) ? Array.from(text) : text;
}

/** Python's `len(text)`. */
export function textLength(text: string): number {
  return characters(text).length;
}
