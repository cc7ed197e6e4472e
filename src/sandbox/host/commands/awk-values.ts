import { UsageFault } from './call.js';

/** A text that came from a record and looks like a number. */
export class NumericText {
  constructor(readonly text: string) {}

  valueOf(): number {
    return Number(this.text);
  }

  toString(): string {
    return this.text;
  }
}

export type AwkValue = string | number | NumericText;

/** Text from outside that looks like a number compares as one. */
export function numeric(text: string): AwkValue {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/.test(text) ? new NumericText(text) : text;
}

export function number(value: AwkValue): number {
  if (typeof value === 'number') return value;
  const text = typeof value === 'string' ? value : value.text;
  return Number(/^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?/.exec(text)?.[0] ?? 0);
}

export function truth(value: AwkValue): boolean {
  if (typeof value === 'number') return value !== 0;
  return typeof value === 'string' ? value !== '' : number(value) !== 0;
}

export function arithmetic(operator: string, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
    case '%':
      if (b === 0) throw new UsageFault('cmd. line:1: fatal: division by zero attempted', 2);
      return operator === '/' ? a / b : a % b;
    default:
      return a ** b;
  }
}

export function compares(operator: string, a: AwkValue, b: AwkValue, text: (value: AwkValue) => string): boolean {
  const asNumbers = typeof a !== 'string' && typeof b !== 'string';
  const [x, y] = asNumbers ? [number(a), number(b)] : [text(a), text(b)];
  if (operator === '==') return x === y;
  if (operator === '!=') return x !== y;
  if (operator === '<') return x < y;
  if (operator === '<=') return x <= y;
  return operator === '>' ? x > y : x >= y;
}
