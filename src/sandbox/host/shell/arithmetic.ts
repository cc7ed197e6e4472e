/** Where the variables of an expression live. */
export type ArithmeticVariables = { get(name: string): string; set(name: string, value: string): void };

export class ArithmeticError extends Error {}

const TOKEN =
  /\s*(<<=|>>=|\+\+|--|&&|\|\||<<|>>|<=|>=|==|!=|\*\*|[-+*/%&|^]=|[-+*/%&|^~!<>=?:(),]|0[xX][\da-fA-F]+|\d+#[\da-zA-Z]+|\d+|[A-Za-z_]\w*)/y;
const ASSIGNMENTS = ['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>='];
const LEVELS = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const MAX_DEPTH = 100;

/** The value of a shell arithmetic expression, in 64 bits. */
export function evaluateArithmetic(text: string, variables: ArithmeticVariables, depth = 0): bigint {
  const tokens = tokenize(text);
  if (tokens.length === 0) return 0n;
  return new Evaluation(text, tokens, variables, depth).whole();
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found)
      throw new ArithmeticError(`${text}: syntax error: operand expected (error token is "${text.slice(at).trim()}")`);
    tokens.push(found[1] as string);
    at = TOKEN.lastIndex;
  }
  return tokens;
}

class Evaluation {
  #at = 0;
  #skipping = 0;

  constructor(
    readonly text: string,
    readonly tokens: string[],
    readonly variables: ArithmeticVariables,
    readonly depth: number,
  ) {
    if (depth > MAX_DEPTH) throw new ArithmeticError(`${text}: expression recursion level exceeded`);
  }

  whole(): bigint {
    const value = this.#comma(0);
    if (this.#at < this.tokens.length) this.#fail();
    return value;
  }

  #comma(depth: number): bigint {
    let value = this.#assignment(depth);
    while (this.#take(',')) value = this.#assignment(depth);
    return value;
  }

  #assignment(depth: number): bigint {
    if (depth > MAX_DEPTH) throw new ArithmeticError(`${this.text}: expression recursion level exceeded`);
    const name = this.#next();
    const operator = this.tokens[this.#at + 1] ?? '';
    if (!isName(name) || !ASSIGNMENTS.includes(operator)) return this.#conditional(depth);
    this.#at += 2;
    const right = this.#assignment(depth + 1);
    const value = operator === '=' ? right : this.#apply(operator.slice(0, -1), this.#value(name), right);
    this.#store(name, value);
    return value;
  }

  #conditional(depth: number): bigint {
    const condition = this.#binary(0, depth);
    if (!this.#take('?')) return condition;
    const yes = this.#guarded(condition === 0n, () => this.#assignment(depth + 1));
    if (!this.#take(':')) this.#fail();
    const no = this.#guarded(condition !== 0n, () => this.#assignment(depth + 1));
    return condition === 0n ? no : yes;
  }

  #binary(level: number, depth: number): bigint {
    const operators = LEVELS[level];
    if (!operators) return this.#unary(depth);
    let left = this.#binary(level + 1, depth);
    for (;;) {
      const operator = this.#next();
      if (!operators.includes(operator)) return left;
      this.#at++;
      if (operator === '&&' || operator === '||') {
        const known = (left !== 0n) === (operator === '||');
        const right = this.#guarded(known, () => this.#binary(level + 1, depth));
        left = known ? BigInt(operator === '||') : BigInt(right !== 0n);
      } else left = this.#apply(operator, left, this.#binary(level + 1, depth));
    }
  }

  #unary(depth: number): bigint {
    if (depth > MAX_DEPTH) throw new ArithmeticError(`${this.text}: expression recursion level exceeded`);
    const token = this.#next();
    if (['+', '-', '!', '~'].includes(token)) {
      this.#at++;
      const value = this.#unary(depth + 1);
      return token === '+'
        ? value
        : token === '-'
          ? BigInt.asIntN(64, -value)
          : token === '!'
            ? BigInt(value === 0n)
            : ~value;
    }
    if (token === '++' || token === '--') {
      this.#at++;
      const name = this.#next();
      if (!isName(name)) this.#fail();
      this.#at++;
      const value = this.#value(name) + (token === '++' ? 1n : -1n);
      this.#store(name, value);
      return value;
    }
    return this.#power(depth);
  }

  #power(depth: number): bigint {
    const base = this.#primary(depth);
    if (!this.#take('**')) return base;
    const exponent = this.#unary(depth + 1);
    if (exponent < 0n || exponent > 63n) this.#fail();
    return BigInt.asIntN(64, base ** exponent);
  }

  #primary(depth: number): bigint {
    const token = this.#next();
    this.#at++;
    if (token === '(') {
      const value = this.#comma(depth + 1);
      if (!this.#take(')')) this.#fail();
      return value;
    }
    if (/^\d/.test(token)) return this.#number(token);
    if (!isName(token)) this.#fail();
    const value = this.#value(token);
    if (this.#take('++')) this.#store(token, value + 1n);
    else if (this.#take('--')) this.#store(token, value - 1n);
    return value;
  }

  #number(token: string): bigint {
    if (/^0[xX]/.test(token)) return BigInt.asIntN(64, BigInt(token));
    if (token.includes('#')) {
      const [base = '', digits = ''] = token.split('#');
      const value = Number.parseInt(digits, Number(base));
      if (Number.isNaN(value)) this.#fail();
      return BigInt(value);
    }
    if (!/^0\d/.test(token)) return BigInt.asIntN(64, BigInt(token));
    if (/[89]/.test(token)) throw new ArithmeticError(`${token}: value too great for base (error token is "${token}")`);
    return BigInt.asIntN(64, BigInt(`0o${token.slice(1)}`));
  }

  #value(name: string): bigint {
    const text = this.variables.get(name).trim();
    if (text === '') return 0n;
    if (/^-?[1-9]\d*$/.test(text)) return BigInt.asIntN(64, BigInt(text));
    return evaluateArithmetic(text, this.variables, this.depth + 1);
  }

  #store(name: string, value: bigint): void {
    if (this.#skipping === 0) this.variables.set(name, String(BigInt.asIntN(64, value)));
  }

  #guarded(skip: boolean, evaluate: () => bigint): bigint {
    if (skip) this.#skipping++;
    const value = evaluate();
    if (skip) this.#skipping--;
    return value;
  }

  #apply(operator: string, left: bigint, right: bigint): bigint {
    return BigInt.asIntN(64, this.#compute(operator, left, right));
  }

  #compute(operator: string, left: bigint, right: bigint): bigint {
    switch (operator) {
      case '+':
        return left + right;
      case '-':
        return left - right;
      case '*':
        return left * right;
      case '/':
      case '%':
        if (right === 0n) {
          if (this.#skipping > 0) return 0n;
          throw new ArithmeticError(
            `${this.text}: division by 0 (error token is "${this.tokens[this.#at - 1] ?? ''}")`,
          );
        }
        return operator === '/' ? left / right : left % right;
      case '<<':
        return left << (right & 63n);
      case '>>':
        return left >> (right & 63n);
      case '&':
        return left & right;
      case '|':
        return left | right;
      case '^':
        return left ^ right;
      default:
        return BigInt(compare(operator, left, right));
    }
  }

  #next(): string {
    return this.tokens[this.#at] ?? '';
  }

  #take(token: string): boolean {
    if (this.#next() !== token) return false;
    this.#at++;
    return true;
  }

  #fail(): never {
    throw new ArithmeticError(
      `${this.text}: syntax error: operand expected (error token is "${this.tokens.slice(Math.max(0, this.#at - 1)).join(' ')}")`,
    );
  }
}

function isName(token: string): boolean {
  return /^[A-Za-z_]/.test(token);
}

function compare(operator: string, left: bigint, right: bigint): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}
