import type { Operator } from './arithmetic.js';
import type { Arguments, Comparison, Expression, FilterCall } from './ast.js';
import { describe, type TokenStream } from './token-stream.js';

const MAX_DEPTH = 150;
const COMPARISONS: ReadonlySet<string> = new Set<Comparison>(['==', '!=', '<', '<=', '>', '>=']);
const NO_ARGUMENTS: Arguments = { positional: [], keywords: [] };
const CONSTANTS = new Map<string, boolean | null>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

/** Binary operators by how tightly they bind, loosest first; `~` stands between the two. */
const SUMS: ReadonlySet<string> = new Set<Operator>(['+', '-']);
const PRODUCTS: ReadonlySet<string> = new Set<Operator>(['*', '/', '//', '%']);

/** Reads expressions from a token stream. `names` collects every name read, so that statements know what a body uses. */
export class ExpressionParser {
  names = new Set<string>();
  #depth = 0;

  constructor(readonly stream: TokenStream) {}

  expression(): Expression {
    this.#enter();
    const expression = this.#conditional();
    this.#depth -= 1;
    return expression;
  }

  expressionWithoutCondition(): Expression {
    return this.#or();
  }

  /** One expression, or a tuple of several with commas between them. */
  tuple({ withCondition = true, parenthesized = false } = {}): Expression {
    const { line } = this.stream.current;
    const items: Expression[] = [];
    let isTuple = false;
    while (!this.#tupleEnds()) {
      items.push(withCondition ? this.expression() : this.#or());
      if (!this.stream.skipOperator(',')) break;
      isTuple = true;
    }
    const [only] = items;
    if (!isTuple && only) return only;
    if (!isTuple && !parenthesized)
      throw this.stream.error(`Expected an expression, got ${describe(this.stream.current)}.`);
    return { type: 'tuple', items, line };
  }

  #tupleEnds(): boolean {
    const { type } = this.stream.current;
    return (
      type === 'output-end' ||
      type === 'block-end' ||
      type === 'end' ||
      this.stream.isOperator(')') ||
      this.stream.isName('recursive')
    );
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.stream.error('This expression is nested too deeply.');
  }

  #conditional(): Expression {
    const { line } = this.stream.current;
    let result = this.#or();
    while (this.stream.skipName('if')) {
      const test = this.#or();
      const otherwise = this.stream.skipName('else') ? this.expression() : undefined;
      result = { type: 'conditional', test, whenTrue: result, otherwise, line };
    }
    return result;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.stream.isName('or')) {
      const { line } = this.stream.next();
      left = { type: 'or', left, right: this.#and(), line };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.stream.isName('and')) {
      const { line } = this.stream.next();
      left = { type: 'and', left, right: this.#not(), line };
    }
    return left;
  }

  #not(): Expression {
    if (!this.stream.isName('not')) return this.#compare();
    const { line } = this.stream.next();
    this.#enter();
    const operand = this.#not();
    this.#depth -= 1;
    return { type: 'not', operand, line };
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: { operator: Comparison; operand: Expression }[] = [];
    for (let operator = this.#comparison(); operator; operator = this.#comparison()) {
      rest.push({ operator, operand: this.#sum() });
    }
    return rest.length === 0 ? first : { type: 'compare', first, rest, line: first.line };
  }

  #comparison(): Comparison | undefined {
    const token = this.stream.current;
    if (token.type === 'operator' && COMPARISONS.has(token.text)) return this.stream.next().text as Comparison;
    if (this.stream.skipName('in')) return 'in';
    const after = this.stream.ahead(1);
    if (this.stream.isName('not') && after.type === 'name' && after.text === 'in') {
      this.stream.next();
      this.stream.next();
      return 'not in';
    }
    return undefined;
  }

  #sum(): Expression {
    return this.#leftAssociative(SUMS, () => this.#concat());
  }

  #concat(): Expression {
    const first = this.#product();
    if (!this.stream.isOperator('~')) return first;
    const parts = [first];
    while (this.stream.skipOperator('~')) parts.push(this.#product());
    return { type: 'concat', parts, line: first.line };
  }

  #product(): Expression {
    return this.#leftAssociative(PRODUCTS, () => this.#power());
  }

  #power(): Expression {
    return this.#leftAssociative(POWERS, () => this.#unary(true));
  }

  #leftAssociative(operators: ReadonlySet<string>, operand: () => Expression): Expression {
    let left = operand();
    while (this.stream.current.type === 'operator' && operators.has(this.stream.current.text)) {
      const { text, line } = this.stream.next();
      left = { type: 'binary', operator: text as Operator, left, right: operand(), line };
    }
    return left;
  }

  #unary(withFilters: boolean): Expression {
    const { line } = this.stream.current;
    const sign = this.stream.skipOperator('-') ? 'negative' : this.stream.skipOperator('+') ? 'positive' : undefined;
    this.#enter();
    const operand: Expression = sign ? { type: sign, operand: this.#unary(false), line } : this.#primary();
    this.#depth -= 1;
    const expression = this.#postfix(operand);
    return withFilters ? this.#filters(expression) : expression;
  }

  #primary(): Expression {
    const { stream } = this;
    const token = stream.current;
    const { line } = token;
    if (token.type === 'name') return this.#name();
    if (token.type === 'string') return { type: 'constant', value: this.#texts(), line };
    if (token.type === 'number') {
      stream.next();
      return { type: 'constant', value: token.value, line };
    }
    if (stream.skipOperator('(')) {
      const inner = this.tuple({ parenthesized: true });
      stream.expectOperator(')');
      return inner;
    }
    if (stream.skipOperator('[')) return { type: 'list', items: this.#until(']', () => this.expression()), line };
    if (stream.skipOperator('{')) return { type: 'dict', pairs: this.#until('}', () => this.#pair()), line };
    throw stream.error(`Expected an expression, got ${describe(token)}.`);
  }

  #name(): Expression {
    const { text, line } = this.stream.next();
    const constant = CONSTANTS.get(text);
    if (constant !== undefined) return { type: 'constant', value: constant, line };
    this.names.add(text);
    return { type: 'name', name: text, line };
  }

  #texts(): string {
    let text = '';
    while (this.stream.current.type === 'string') text += this.stream.next().text;
    return text;
  }

  #pair(): { key: Expression; value: Expression } {
    const key = this.expression();
    this.stream.expectOperator(':');
    return { key, value: this.expression() };
  }

  #until<T>(closing: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.stream.isOperator(closing)) {
      if (items.length > 0) this.stream.expectOperator(',');
      if (this.stream.isOperator(closing)) break;
      items.push(item());
    }
    this.stream.expectOperator(closing);
    return items;
  }

  #postfix(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.stream.isOperator('.')) expression = this.#attribute(expression);
      else if (this.stream.isOperator('[')) expression = this.#item(expression);
      else if (this.stream.isOperator('(')) expression = this.#call(expression);
      else return expression;
    }
  }

  #attribute(object: Expression): Expression {
    const { line } = this.stream.next();
    const token = this.stream.next();
    if (token.type === 'name') return { type: 'attribute', object, name: token.text, line };
    if (token.type === 'number' && /^\d/.test(token.text) && !token.text.includes('.')) {
      return { type: 'item', object, key: { type: 'constant', value: token.value, line }, line };
    }
    throw this.stream.error(`Expected a name or number after the dot, got ${describe(token)}.`, token.line);
  }

  #item(object: Expression): Expression {
    const { line } = this.stream.next();
    const keys = this.#until(']', () => this.#subscript());
    const [only] = keys;
    if (!only) throw this.stream.error('The brackets are empty.', line);
    return { type: 'item', object, key: keys.length === 1 ? only : { type: 'tuple', items: keys, line }, line };
  }

  #subscript(): Expression {
    const { line } = this.stream.current;
    const start = this.stream.isOperator(':') ? undefined : this.expression();
    if (start && !this.stream.isOperator(':')) return start;
    this.stream.expectOperator(':');
    const stop = this.#sliceEnds() || this.stream.isOperator(':') ? undefined : this.expression();
    const step = this.stream.skipOperator(':') && !this.#sliceEnds() ? this.expression() : undefined;
    return { type: 'slice', start, stop, step, line };
  }

  #sliceEnds(): boolean {
    return this.stream.isOperator(']') || this.stream.isOperator(',');
  }

  #call(callee: Expression): Expression {
    const { line } = this.stream.current;
    return { type: 'call', callee, args: this.arguments(), line };
  }

  arguments(): Arguments {
    const { line } = this.stream.current;
    const args: Arguments = { positional: [], keywords: [] };
    this.stream.expectOperator('(');
    this.#until(')', () => {
      if (this.stream.skipOperator('*')) args.spread = this.expression();
      else if (this.stream.skipOperator('**')) args.spreadKeywords = this.expression();
      else this.#argument(args, line);
    });
    return args;
  }

  #argument(args: Arguments, line: number): void {
    const after = this.stream.ahead(1);
    if (this.stream.current.type === 'name' && after.type === 'operator' && after.text === '=') {
      const name = this.stream.next().text;
      this.stream.next();
      args.keywords.push({ name, value: this.expression() });
      return;
    }
    if (args.keywords.length > 0 || args.spreadKeywords) {
      throw this.stream.error('An argument without a name stands after one with a name.', line);
    }
    args.positional.push(this.expression());
  }

  #filters(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.stream.isOperator('|')) {
        this.stream.next();
        const { name, args, line } = this.filterCall();
        expression = { type: 'filter', name, input: expression, args, line };
      } else if (this.stream.isName('is')) expression = this.#test(expression);
      else if (this.stream.isOperator('(')) expression = this.#call(expression);
      else return expression;
    }
  }

  /** `name(arguments)` of a filter, after the bar. */
  filterCall(): FilterCall {
    const { line } = this.stream.current;
    const name = this.#dottedName();
    return { name, args: this.stream.isOperator('(') ? this.arguments() : NO_ARGUMENTS, line };
  }

  #dottedName(): string {
    let name = this.stream.expectName();
    while (this.stream.skipOperator('.')) name += `.${this.stream.expectName()}`;
    return name;
  }

  #test(input: Expression): Expression {
    const { line } = this.stream.next();
    const negated = this.stream.skipName('not');
    const name = this.#dottedName();
    const test: Expression = { type: 'test', name, input, args: this.#testArguments(), line };
    return negated ? { type: 'not', operand: test, line } : test;
  }

  #testArguments(): Arguments {
    const token = this.stream.current;
    if (this.stream.isOperator('(')) return this.arguments();
    const takesOne =
      token.type === 'string' ||
      token.type === 'number' ||
      (token.type === 'name' && !['else', 'or', 'and'].includes(token.text)) ||
      this.stream.isOperator('[') ||
      this.stream.isOperator('{');
    if (!takesOne) return NO_ARGUMENTS;
    if (this.stream.isName('is')) throw this.stream.error('Tests cannot be chained with "is".', token.line);
    return { positional: [this.#postfix(this.#primary())], keywords: [] };
  }
}

const POWERS: ReadonlySet<string> = new Set<Operator>(['**']);
