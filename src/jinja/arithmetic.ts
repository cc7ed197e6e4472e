import { checkLength } from './length-limit.js';
import { percentFormat } from './percent-format.js';
import { str } from './python-text.js';
import { isCallable, isInteger, isText, type PythonNumber, toNumber, typeName, unwrap } from './python-value.js';
import { templateError, undefinedError } from './template-error.js';
import { Attributes, Float, Tuple, Undefined, type Value } from './value.js';

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

const MAX_BITS = 100_000;

/** Python's binary operators on numbers, texts and lists. Throws TEMPLATE for operands that do not go together. */
export function binary(operator: Operator, leftValue: Value, rightValue: Value): Value {
  if (leftValue instanceof Undefined) throw undefinedError(leftValue);
  if (operator === '%' && isText(leftValue)) return percentFormat(str(leftValue), rightValue);
  if (rightValue instanceof Undefined) throw undefinedError(rightValue);
  const left = unwrap(leftValue);
  const right = unwrap(rightValue);
  const own = operator === '-' && left instanceof Attributes ? left.attributes.get('__sub__') : undefined;
  if (own !== undefined && isCallable(own)) return own.call([right], new Map());
  const x = toNumber(left);
  const y = toNumber(right);
  if (x !== undefined && y !== undefined) {
    return left instanceof Float || right instanceof Float
      ? float(operator, Number(x), Number(y))
      : integer(operator, x, y);
  }
  const sequence =
    operator === '+' ? concatenate(left, right) : operator === '*' ? repeatEither(left, right) : undefined;
  if (sequence !== undefined) return sequence;
  const name = operator === '**' ? '** or pow()' : operator;
  throw templateError(`unsupported operand type(s) for ${name}: '${typeName(left)}' and '${typeName(right)}'`);
}

function concatenate(left: Value, right: Value): Value | undefined {
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple) {
    checkLength(left.length + right.length);
    return left instanceof Tuple ? Tuple.from([...left, ...right]) : [...left, ...right];
  }
  return undefined;
}

function repeatEither(left: Value, right: Value): Value | undefined {
  const times = toNumber(isText(left) || Array.isArray(left) ? right : left);
  const sequence = isText(left) || Array.isArray(left) ? left : right;
  if (times === undefined || left instanceof Float || right instanceof Float) return undefined;
  const count = Math.max(0, Number(times));
  if (typeof sequence === 'string') {
    checkLength(sequence.length * count);
    return sequence.repeat(count);
  }
  if (!Array.isArray(sequence)) return undefined;
  checkLength(sequence.length * count);
  const items = Array.from({ length: count }).flatMap(() => [...sequence]);
  return sequence instanceof Tuple ? Tuple.from(items) : items;
}

function float(operator: Operator, x: number, y: number): Float {
  if (y === 0 && (operator === '/' || operator === '//' || operator === '%')) throw divisionByZero(operator, 'float');
  switch (operator) {
    case '+':
      return new Float(x + y);
    case '-':
      return new Float(x - y);
    case '*':
      return new Float(x * y);
    case '/':
      return new Float(x / y);
    case '//':
      return new Float(Math.floor((x - floatModulo(x, y)) / y + 0.5));
    case '%':
      return new Float(floatModulo(x, y));
    case '**':
      return floatPower(x, y);
  }
}

function floatModulo(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

function floatPower(x: number, y: number): Float {
  if (x === 0 && y < 0) throw templateError('0.0 cannot be raised to a negative power');
  return new Float(x ** y);
}

function integer(operator: Operator, x: number | bigint, y: number | bigint): Value {
  if (operator === '/') {
    if (Number(y) === 0) throw divisionByZero(operator, 'int');
    return new Float(Number(x) / Number(y));
  }
  if (operator === '**') return integerPower(x, y);
  if ((operator === '//' || operator === '%') && Number(y) === 0) throw divisionByZero(operator, 'int');
  if (typeof x === 'number' && typeof y === 'number') {
    const quick = smallInteger(operator, x, y);
    if (Number.isSafeInteger(quick)) return quick + 0;
  }
  return narrow(bigInteger(operator, BigInt(x), BigInt(y)));
}

function smallInteger(operator: Operator, x: number, y: number): number {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '//':
      return Math.floor(x / y);
    default:
      return ((x % y) + y) % y;
  }
}

function bigInteger(operator: Operator, x: bigint, y: bigint): bigint {
  const rest = operator === '//' || operator === '%' ? x % y : 0n;
  const across = rest !== 0n && rest < 0n !== y < 0n;
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '//':
      return x / y - (across ? 1n : 0n);
    default:
      return across ? rest + y : rest;
  }
}

function integerPower(base: number | bigint, exponent: number | bigint): Value {
  if (Number(exponent) < 0) return floatPower(Number(base), Number(exponent));
  const bits = BigInt(base).toString(2).length * Number(exponent);
  if (Number(exponent) > MAX_BITS || (bits > MAX_BITS && ![-1, 0, 1].includes(Number(base))))
    throw templateError('The power is too large.');
  return narrow(BigInt(base) ** BigInt(exponent));
}

/** A whole number as a JS number where it is exact. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function divisionByZero(operator: Operator, type: 'int' | 'float') {
  if (operator === '/') return templateError(type === 'int' ? 'division by zero' : 'float division by zero');
  return templateError(type === 'int' ? 'integer division or modulo by zero' : 'float modulo');
}

/** Python's unary minus. */
export function negate(value: Value): PythonNumber {
  if (value instanceof Undefined) throw undefinedError(value);
  if (value instanceof Float) return new Float(-value.value);
  const number = toNumber(value);
  if (number === undefined) throw templateError(`bad operand type for unary -: '${typeName(value)}'`);
  return typeof number === 'bigint' ? narrow(-number) : 0 - number;
}

/** A list index or count; throws TEMPLATE when the value is no whole number. */
export function toIndex(value: Value, what = 'list indices'): number {
  if (value instanceof Undefined) throw undefinedError(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isInteger(value)) return Number(value);
  throw templateError(`${what} must be integers, not ${typeName(value)}`);
}
