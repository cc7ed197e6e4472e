import { Float, type Value } from '../jinja/value.js';

const BOOLEANS = new Map([
  ...['yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const INTEGER =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::?(\d\d))?))?$/;

/** What an unquoted YAML 1.1 scalar means to PyYAML; texts, dates included, come back as text. */
export function plainScalar(source: string): Value {
  if (NULLS.has(source)) return null;
  const boolean = BOOLEANS.get(source);
  if (boolean !== undefined) return boolean;
  if (!/^[-+.\d]/.test(source)) return source;
  if (INTEGER.test(source)) return yamlInteger(source) ?? source;
  if (FLOAT.test(source)) return yamlFloat(source);
  const timestamp = TIMESTAMP.exec(source);
  return timestamp ? timestampText(timestamp) : source;
}

export function yamlBoolean(source: string): boolean | undefined {
  return BOOLEANS.get(source);
}

/** Decimal, `0b`, `0x`, octal by a leading zero, or base 60 with colons; undefined when it is none of these. */
export function yamlInteger(source: string): number | bigint | undefined {
  const text = source.replaceAll('_', '');
  const negative = text.startsWith('-');
  const digits = text.replace(/^[-+]/, '');
  const magnitude = parseMagnitude(digits);
  return magnitude === undefined ? undefined : narrow(negative ? -magnitude : magnitude);
}

function parseMagnitude(digits: string): bigint | undefined {
  if (/^0b[01]+$/.test(digits) || /^0x[0-9a-fA-F]+$/.test(digits)) return BigInt(digits);
  if (/^0[0-7]+$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  if (/^\d+(:\d+)*$/.test(digits)) return digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  return undefined;
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function yamlFloat(source: string): Float {
  const text = source.replaceAll('_', '').toLowerCase();
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  if (digits === '.inf') return new Float(sign * Infinity);
  if (digits === '.nan') return new Float(Number.NaN);
  if (digits.includes(':'))
    return new Float(sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0));
  return new Float(sign * Number(digits));
}

// As Python prints the datetime that PyYAML makes of it: that is what a template gets to see.
function timestampText([
  ,
  year,
  month,
  day,
  hour,
  minute,
  second,
  fraction,
  zone,
  sign,
  zoneHour,
  zoneMinute,
]: RegExpExecArray): string {
  const two = (text = '0') => text.padStart(2, '0');
  const micros = (fraction ?? '').slice(0, 6).padEnd(6, '0');
  const offset = zone === undefined ? '' : zone === 'Z' ? '+00:00' : `${sign}${two(zoneHour)}:${two(zoneMinute)}`;
  const time = `${two(hour)}:${two(minute)}:${two(second)}${micros === '000000' ? '' : `.${micros}`}`;
  return `${year}-${two(month)}-${two(day)} ${time}${offset}`;
}

/** Whether an unquoted scalar would be read back as this very text. */
export function readsAsText(source: string): boolean {
  if (source === '=' || source === '<<' || /^\d{4}-\d\d-\d\d$/.test(source) || TIMESTAMP.test(source)) return false;
  return plainScalar(source) === source;
}
