import { integerDigits, layOut, type NumberFormat, pad, toExponent, toFixed, toGeneral } from './number-format.js';
import { repr, reprFloat, str } from './python-text.js';
import { dictGet, isNumber, toNumber, typeName } from './python-value.js';
import { templateError } from './template-error.js';
import { Attributes, Float, type Value } from './value.js';

const SPEC =
  /^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<grouping>[,_])?(?:\.(?<precision>\d+))?(?<letter>[a-zA-Z%])?$/su;

/** Python's `template.format(*args, **kwargs)`. */
export function braceFormat(template: string, args: readonly Value[], kwargs: ReadonlyMap<string, Value>): string {
  let automatic = 0;
  const field = (name: string): Value => {
    const [, first = '', path = ''] = /^([^.[]*)(.*)$/s.exec(name) ?? [];
    const root = first === '' ? args[automatic++] : /^\d+$/.test(first) ? args[Number(first)] : kwargs.get(first);
    if (root === undefined) {
      throw templateError(
        /^\d*$/.test(first) ? 'Replacement index out of range for positional args' : `KeyError: ${repr(first)}`,
      );
    }
    return follow(root, path);
  };
  return fill(template, field, 0);
}

function fill(template: string, field: (name: string) => Value, depth: number): string {
  if (depth > 2) throw templateError('Max string recursion exceeded');
  let result = '';
  for (let index = 0; index < template.length; ) {
    const char = template[index] ?? '';
    if ((char === '{' || char === '}') && template[index + 1] === char) {
      result += char;
      index += 2;
    } else if (char === '}') {
      throw templateError("Single '}' encountered in format string");
    } else if (char === '{') {
      const end = closing(template, index);
      result += replacement(template.slice(index + 1, end), field, depth);
      index = end + 1;
    } else {
      result += char;
      index += 1;
    }
  }
  return result;
}

function closing(template: string, start: number): number {
  let depth = 0;
  for (let index = start; index < template.length; index += 1) {
    if (template[index] === '{') depth += 1;
    if (template[index] === '}' && --depth === 0) return index;
  }
  throw templateError("expected '}' before end of string");
}

function replacement(body: string, field: (name: string) => Value, depth: number): string {
  const [, name = '', conversion, spec = ''] = /^([^:!]*)(?:!(.))?(?::(.*))?$/s.exec(body) ?? [];
  const value = field(name);
  const converted = conversion === undefined ? value : conversion === 's' ? str(value) : repr(value);
  return formatValue(converted, spec.includes('{') ? fill(spec, field, depth + 1) : spec);
}

function follow(root: Value, path: string): Value {
  let value = root;
  for (const [, attribute, index] of path.matchAll(/\.([^.[]+)|\[([^\]]*)\]/g)) {
    const next = attribute === undefined ? item(value, index ?? '') : member(value, attribute);
    if (next === undefined) throw templateError(`KeyError: ${repr(attribute ?? index ?? '')}`);
    value = next;
  }
  return value;
}

function item(value: Value, index: string): Value | undefined {
  if (Array.isArray(value)) return value[Number(index)];
  return value instanceof Map ? dictGet(value, /^\d+$/.test(index) ? Number(index) : index) : undefined;
}

function member(value: Value, name: string): Value | undefined {
  return value instanceof Attributes ? value.attributes.get(name) : undefined;
}

/** Python's `format(value, spec)`. */
function formatValue(value: Value, spec: string): string {
  if (spec === '') return str(value);
  const groups = SPEC.exec(spec)?.groups;
  if (!groups) throw templateError('Invalid format specifier');
  const number = isNumber(value);
  const format: NumberFormat = {
    fill: groups['fill'] ?? (groups['zero'] ? '0' : ' '),
    align: (groups['align'] ?? (groups['zero'] && number ? '=' : number ? '>' : '<')) as NumberFormat['align'],
    sign: groups['sign'] ?? '',
    alternate: groups['alternate'] !== undefined,
    width: Number(groups['width'] ?? 0),
    grouping: groups['grouping'] ?? '',
  };
  const precision = groups['precision'] === undefined ? undefined : Number(groups['precision']);
  const letter = groups['letter'];
  if (number || (typeof value === 'boolean' && letter && letter !== 's'))
    return formatNumber(value, letter, precision, format);
  if (letter && letter !== 's')
    throw templateError(`Unknown format code '${letter}' for object of type '${typeName(value)}'`);
  const text = str(value);
  return pad(precision === undefined ? text : Array.from(text).slice(0, precision).join(''), format);
}

function formatNumber(
  value: Value,
  letter: string | undefined,
  precision: number | undefined,
  format: NumberFormat,
): string {
  const number = toNumber(value) ?? 0;
  if (!(value instanceof Float) && (letter === undefined || 'bcdnoxX'.includes(letter))) {
    const { digits, prefix } = integerDigits(BigInt(number), letter ?? 'd') ?? { digits: '', prefix: '' };
    return layOut(digits, format.alternate ? prefix : '', format);
  }
  return layOut(floatText(Number(number), letter, precision, format.alternate, value), '', format);
}

function floatText(
  number: number,
  letter: string | undefined,
  precision: number | undefined,
  alternate: boolean,
  value: Value,
): string {
  switch (letter) {
    case undefined:
      return precision === undefined ? reprFloat(number) : toGeneral(number, precision, alternate);
    case 'f':
    case 'F':
      return toFixed(number, precision ?? 6);
    case 'e':
      return toExponent(number, precision ?? 6);
    case 'E':
      return toExponent(number, precision ?? 6).toUpperCase();
    case 'g':
    case 'n':
      return toGeneral(number, precision ?? 6, alternate);
    case 'G':
      return toGeneral(number, precision ?? 6, alternate).toUpperCase();
    case '%':
      return `${toFixed(number * 100, precision ?? 6)}%`;
    default:
      throw templateError(`Unknown format code '${letter}' for object of type '${typeName(value)}'`);
  }
}
