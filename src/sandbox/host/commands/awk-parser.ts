import { UsageFault } from './call.js';
import { AwkLexer } from './awk-lexer.js';
import type { AwkExpression, AwkProgram, AwkRule, AwkStatement } from './awk-program.js';
import { posixRegex } from './regex.js';

const MAX_DEPTH = 100;

/** Reads an awk program. getline, pipes and system() are not there. */
export function parseAwk(text: string): AwkProgram {
  return new AwkParser(text).program();
}

class AwkParser extends AwkLexer {
  #depth = 0;

  program(): AwkProgram {
    const program: AwkProgram = { rules: [], functions: new Map() };
    this.#skipSeparators();
    while (this.token.kind !== 'end') {
      if (this.#is('function')) this.#function(program);
      else program.rules.push(this.#rule());
      this.#skipSeparators();
    }
    return program;
  }

  #function(program: AwkProgram): void {
    this.advance();
    const name = this.token.text;
    this.advance();
    this.#expect('(');
    const params: string[] = [];
    while (!this.#is(')')) {
      params.push(this.token.text);
      this.advance();
      if (!this.#take(',') && !this.#is(')')) this.#fail();
    }
    this.advance();
    this.#skipNewlines();
    program.functions.set(name, { params, body: this.#block() });
  }

  #rule(): AwkRule {
    if (this.#is('BEGIN') || this.#is('END')) {
      const when = this.#is('BEGIN') ? 'begin' : 'end';
      this.advance();
      this.#skipNewlines();
      return { when, body: this.#block(), active: false };
    }
    const rule: AwkRule = { when: 'record', active: false };
    if (!this.#is('{')) {
      rule.from = this.#expression();
      if (this.#take(',')) rule.to = this.#expression();
    }
    if (this.#is('{')) rule.body = this.#block();
    return rule;
  }

  #block(): AwkStatement {
    this.#expect('{');
    const body: AwkStatement[] = [];
    this.#skipSeparators();
    while (!this.#is('}')) {
      if (this.token.kind === 'end') this.#fail();
      body.push(this.#statement());
      this.#skipSeparators();
    }
    this.advance();
    return { kind: 'block', body };
  }

  #statement(): AwkStatement {
    if (++this.#depth > MAX_DEPTH) throw new UsageFault('program nested too deeply', 2);
    const statement = this.#anyStatement();
    this.#depth--;
    return statement;
  }

  #anyStatement(): AwkStatement {
    if (this.#is('{')) return this.#block();
    if (this.#take(';')) return { kind: 'block', body: [] };
    const word = this.token.kind === 'word' ? this.token.text : '';
    switch (word) {
      case 'if':
        return this.#if();
      case 'while':
        return this.#while();
      case 'do':
        return this.#do();
      case 'for':
        return this.#for();
      case 'next':
      case 'break':
      case 'continue':
        this.advance();
        return { kind: word };
      case 'exit':
      case 'return': {
        this.advance();
        return this.#ends() ? { kind: word } : { kind: word, value: this.#expression() };
      }
      default:
        return this.#simple();
    }
  }

  #simple(): AwkStatement {
    if (this.#is('print') || this.#is('printf')) return this.#print();
    if (!this.#is('delete')) return { kind: 'expression', value: this.#expression() };
    this.advance();
    const name = this.token.text;
    this.advance();
    const keys = this.#take('[') ? this.#listUntil(']') : [];
    return { kind: 'delete', name, keys };
  }

  #print(): AwkStatement {
    const kind = this.token.text as 'print' | 'printf';
    this.advance();
    const args: AwkExpression[] = [];
    while (!this.#ends() && !this.#is('>') && !this.#is('>>') && !this.#is('|')) {
      args.push(this.#conditional(true));
      if (!this.#take(',')) break;
      this.#skipNewlines();
    }
    const only = args[0];
    // print (a, b) is a list in parentheses.
    const list = args.length === 1 && only?.kind === 'call' && only.name === '(list)' ? only.args : args;
    if (this.#is('|')) throw new UsageFault('pipes are not supported by the simulated awk', 2);
    if (!this.#is('>') && !this.#is('>>')) return { kind, args: list, append: false };
    const append = this.#is('>>');
    this.advance();
    return { kind, args: list, target: this.#concatenation(true), append };
  }

  #if(): AwkStatement {
    this.advance();
    const test = this.#parenthesized();
    const yes = this.#statement();
    const mark = this.mark();
    this.#skipSeparators();
    if (!this.#is('else')) {
      this.reset(mark);
      return { kind: 'if', test, yes };
    }
    this.advance();
    this.#skipNewlines();
    return { kind: 'if', test, yes, no: this.#statement() };
  }

  #while(): AwkStatement {
    this.advance();
    const test = this.#parenthesized();
    return { kind: 'while', test, body: this.#is(';') ? { kind: 'block', body: [] } : this.#statement(), after: false };
  }

  #do(): AwkStatement {
    this.advance();
    this.#skipNewlines();
    const body = this.#statement();
    this.#skipSeparators();
    if (!this.#is('while')) this.#fail();
    this.advance();
    return { kind: 'while', test: this.#parenthesized(), body, after: true };
  }

  #for(): AwkStatement {
    this.advance();
    this.#expect('(');
    const mark = this.mark();
    const name = this.token.text;
    if (this.token.kind === 'name') {
      this.advance();
      if (this.#take('in')) {
        const array = this.token.text;
        this.advance();
        if (this.#take(')')) {
          this.#skipNewlines();
          return { kind: 'for-in', name, array, body: this.#statement() };
        }
      }
      this.reset(mark);
    }
    const init = this.#is(';') ? undefined : this.#simple();
    this.#expect(';');
    const test = this.#is(';') ? undefined : this.#expression();
    this.#expect(';');
    const step = this.#is(')') ? undefined : this.#simple();
    this.#expect(')');
    this.#skipNewlines();
    const body = this.#statement();
    return { kind: 'for', ...(init ? { init } : {}), ...(test ? { test } : {}), ...(step ? { step } : {}), body };
  }

  #parenthesized(): AwkExpression {
    this.#expect('(');
    const value = this.#expression();
    this.#expect(')');
    this.#skipNewlines();
    return value;
  }

  #expression(): AwkExpression {
    return this.#conditional(false);
  }

  #conditional(printing: boolean): AwkExpression {
    if (++this.#depth > MAX_DEPTH) throw new UsageFault('expression nested too deeply', 2);
    const left = this.#or(printing);
    let result = left;
    if (this.#take('?')) {
      const yes = this.#conditional(printing);
      this.#expect(':');
      result = { kind: 'conditional', test: left, yes, no: this.#conditional(printing) };
    } else if (/^([-+*/%^]|\*\*)?=$/.test(this.token.text) && this.token.kind === 'operator' && isTarget(left)) {
      const operator = this.token.text.slice(0, -1).replace('**', '^');
      this.advance();
      result = { kind: 'assign', target: left, operator, value: this.#conditional(printing) };
    }
    this.#depth--;
    return result;
  }

  #or(printing: boolean): AwkExpression {
    let left = this.#and(printing);
    while (this.#take('||')) {
      this.#skipNewlines();
      left = { kind: 'binary', operator: '||', left, right: this.#and(printing) };
    }
    return left;
  }

  #and(printing: boolean): AwkExpression {
    let left = this.#membership(printing);
    while (this.#take('&&')) {
      this.#skipNewlines();
      left = { kind: 'binary', operator: '&&', left, right: this.#membership(printing) };
    }
    return left;
  }

  #membership(printing: boolean): AwkExpression {
    let left = this.#match(printing);
    while (this.#take('in')) {
      left = {
        kind: 'in',
        name: this.token.text,
        keys: left.kind === 'call' && left.name === '(list)' ? left.args : [left],
      };
      this.advance();
    }
    return left;
  }

  #match(printing: boolean): AwkExpression {
    let left = this.#comparison(printing);
    while (this.#is('~') || this.#is('!~')) {
      const operator = this.token.text;
      this.advance();
      left = { kind: 'binary', operator, left, right: this.#comparison(printing) };
    }
    return left;
  }

  #comparison(printing: boolean): AwkExpression {
    const left = this.#concatenation(printing);
    const operators = printing ? ['<', '<=', '==', '!=', '>='] : ['<', '<=', '==', '!=', '>', '>='];
    if (this.token.kind !== 'operator' || !operators.includes(this.token.text)) return left;
    const operator = this.token.text;
    this.advance();
    return { kind: 'binary', operator, left, right: this.#concatenation(printing) };
  }

  #concatenation(printing: boolean): AwkExpression {
    let left = this.#additive();
    while (this.#startsOperand()) left = { kind: 'binary', operator: ' ', left, right: this.#additive() };
    void printing;
    return left;
  }

  #startsOperand(): boolean {
    const { kind, text } = this.token;
    if (kind === 'number' || kind === 'text' || kind === 'name') return true;
    return (
      kind === 'operator' &&
      ['$', '!', '(', '-', '+', '++', '--'].includes(text) &&
      !(text === '!' && this.nextCharacter() === '~')
    );
  }

  #additive(): AwkExpression {
    let left = this.#multiplicative();
    while (this.#is('+') || this.#is('-')) {
      const operator = this.token.text;
      this.advance();
      left = { kind: 'binary', operator, left, right: this.#multiplicative() };
    }
    return left;
  }

  #multiplicative(): AwkExpression {
    let left = this.#unary();
    while (this.#is('*') || this.#is('/') || this.#is('%')) {
      const operator = this.token.text;
      this.advance();
      left = { kind: 'binary', operator, left, right: this.#unary() };
    }
    return left;
  }

  #unary(): AwkExpression {
    for (const operator of ['!', '-', '+']) {
      if (!this.#is(operator)) continue;
      this.advance();
      if (++this.#depth > MAX_DEPTH) throw new UsageFault('expression nested too deeply', 2);
      const operand = this.#unary();
      this.#depth--;
      return { kind: 'unary', operator, operand };
    }
    return this.#power();
  }

  #power(): AwkExpression {
    const base = this.#postfix();
    if (!this.#take('^') && !this.#take('**')) return base;
    return { kind: 'binary', operator: '^', left: base, right: this.#unary() };
  }

  #postfix(): AwkExpression {
    for (const [operator, by] of [
      ['++', 1],
      ['--', -1],
    ] as const) {
      if (!this.#is(operator)) continue;
      this.advance();
      return { kind: 'step', target: this.#primary(), by, prefix: true };
    }
    const target = this.#primary();
    for (const [operator, by] of [
      ['++', 1],
      ['--', -1],
    ] as const) {
      if (!this.#is(operator) || !isTarget(target)) continue;
      this.advance();
      return { kind: 'step', target, by, prefix: false };
    }
    return target;
  }

  #primary(): AwkExpression {
    const { kind, text } = this.token;
    this.advance();
    if (kind === 'number') return { kind: 'number', value: Number(text) };
    if (kind === 'text') return { kind: 'text', value: text };
    if (kind === 'regex') return { kind: 'regex', regex: posixRegex(text, { extended: true }) };
    if (kind === 'operator' && text === '$') {
      if (this.#is('++') || this.#is('--')) return { kind: 'field', index: this.#postfix() };
      return { kind: 'field', index: this.#is('-') ? this.#unary() : this.#primary() };
    }
    if (kind === 'operator' && text === '(') return this.#group();
    if (kind !== 'name') this.#fail(text);
    if (this.#is('(') && (!this.token.spaced || isBuiltin(text))) {
      this.advance();
      return { kind: 'call', name: text, args: this.#listUntil(')') };
    }
    if (text === 'length') return { kind: 'call', name: 'length', args: [] };
    return this.#take('[')
      ? { kind: 'element', name: text, keys: this.#listUntil(']') }
      : { kind: 'variable', name: text };
  }

  #group(): AwkExpression {
    const list = this.#listUntil(')');
    const [only] = list;
    if (list.length === 1 && only)
      return only.kind === 'binary' || isTarget(only) ? { kind: 'call', name: '(group)', args: [only] } : only;
    return { kind: 'call', name: '(list)', args: list };
  }

  #listUntil(end: string): AwkExpression[] {
    const list: AwkExpression[] = [];
    this.#skipNewlines();
    while (!this.#is(end)) {
      list.push(this.#expression());
      this.#skipNewlines();
      if (!this.#take(',') && !this.#is(end)) this.#fail();
      this.#skipNewlines();
    }
    this.advance();
    return list;
  }

  #is(text: string): boolean {
    return this.token.text === text && (this.token.kind === 'operator' || this.token.kind === 'word');
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.advance();
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail();
  }

  #ends(): boolean {
    return this.token.kind === 'end' || this.token.kind === 'newline' || this.#is(';') || this.#is('}');
  }

  #skipNewlines(): void {
    while (this.token.kind === 'newline') this.advance();
  }

  #skipSeparators(): void {
    while (this.token.kind === 'newline' || this.#is(';')) this.advance();
  }

  #fail(text = this.token.text): never {
    throw new UsageFault(`cmd. line:1: syntax error near ${text || 'end of program'}`);
  }
}

function isTarget(expression: AwkExpression): boolean {
  return expression.kind === 'variable' || expression.kind === 'field' || expression.kind === 'element';
}

function isBuiltin(name: string): boolean {
  return [
    'length',
    'substr',
    'index',
    'split',
    'sub',
    'gsub',
    'match',
    'sprintf',
    'tolower',
    'toupper',
    'int',
    'sqrt',
    'exp',
    'log',
    'sin',
    'cos',
    'atan2',
    'rand',
    'srand',
    'close',
    'fflush',
    'systime',
    'strftime',
  ].includes(name);
}
