import { StarsError } from '../errors.js';
import type { Expression, FilterCall, Macro, Parameter, Statement, Target, Template } from './ast.js';
import { type LexerOptions, tokenize, tokenizeExpression } from './lexer.js';
import { ExpressionParser } from './parser.js';
import { nearNames } from './near-names.js';
import { describe, TokenStream } from './token-stream.js';

const MAX_DEPTH = 100;

/** A template's source as a tree. Throws TEMPLATE with file and line, UNSUPPORTED for statements that do not exist. */
export function parseTemplate(source: string, options: LexerOptions): Template {
  const stream = new TokenStream(tokenize(source, options), options.file);
  return { body: new StatementParser(stream, options.file).all() };
}

/** A bare expression as a tree. */
export function parseExpression(source: string, options: LexerOptions, withCondition = true): Expression {
  const stream = new TokenStream(tokenizeExpression(source, options), options.file);
  const expression = new ExpressionParser(stream).tuple({ withCondition });
  stream.expectType('end');
  return expression;
}

type StatementReader = (line: number) => Statement | Statement[];

class StatementParser {
  readonly #expressions: ExpressionParser;
  #depth = 0;
  #loops = 0;
  readonly #blocks = new Set<string>();
  readonly #readers: Record<string, StatementReader> = {
    if: (line) => this.#if(line),
    for: (line) => this.#for(line),
    set: (line) => this.#set(line),
    macro: (line) => ({ type: 'macro', macro: this.#macro(), line }),
    call: (line) => this.#callBlock(line),
    filter: (line) => ({ type: 'filter-block', filters: this.#filters(), body: this.#bodyTo('endfilter'), line }),
    block: (line) => this.#block(line),
    with: (line) => this.#with(line),
    include: (line) => this.#include(line),
    import: (line) => this.#import(line),
    from: (line) => this.#fromImport(line),
    do: (line) => ({ type: 'do', expression: this.#expressions.tuple(), line }),
    print: (line) => this.#print(line),
    autoescape: (line) => this.#autoescape(line),
    break: (line) => this.#jump('break', line),
    continue: (line) => this.#jump('continue', line),
  };

  constructor(
    private readonly stream: TokenStream,
    private readonly file: string,
  ) {
    this.#expressions = new ExpressionParser(stream);
  }

  all(): Statement[] {
    const { body } = this.#body([]);
    return body;
  }

  /** Statements up to one of the end tags, whose name is consumed; up to the end of the template when there are none. */
  #body(ends: readonly string[]): { body: Statement[]; end: string } {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.stream.error('Blocks are nested too deeply.');
    const opened = this.stream.current.line;
    const body: Statement[] = [];
    for (;;) {
      const token = this.stream.current;
      if (token.type === 'end') {
        if (ends.length > 0) throw this.stream.error(`{% ${ends.at(-1)} %} is missing.`, opened);
        break;
      }
      this.stream.next();
      if (token.type === 'text') body.push({ type: 'text', text: token.text, line: token.line });
      else if (token.type === 'output-begin') body.push(this.#output(token.line));
      else if (this.stream.current.type === 'name' && ends.includes(this.stream.current.text)) {
        this.#depth -= 1;
        return { body, end: this.stream.next().text };
      } else body.push(...[this.#statement()].flat());
    }
    this.#depth -= 1;
    return { body, end: '' };
  }

  /** The rest of the opening tag, the body, and the end tag. */
  #bodyTo(end: string): Statement[] {
    this.stream.expectType('block-end');
    const { body } = this.#body([end]);
    if (end === 'endblock' && this.stream.current.type === 'name') this.stream.next();
    this.stream.expectType('block-end');
    return body;
  }

  #output(line: number): Statement {
    const expression = this.#expressions.tuple();
    this.stream.expectType('output-end');
    return { type: 'output', expressions: [expression], line };
  }

  #statement(): Statement | Statement[] {
    const token = this.stream.current;
    if (token.type !== 'name') throw this.stream.error(`Expected the name of a statement, got ${describe(token)}.`);
    const read = Object.hasOwn(this.#readers, token.text) ? this.#readers[token.text] : undefined;
    if (!read) throw this.#unknown(token.text, token.line);
    this.stream.next();
    const statement = read(token.line);
    if (!CLOSED.has(token.text)) this.stream.expectType('block-end');
    return statement;
  }

  #unknown(name: string, line: number): StarsError {
    if (name.startsWith('end') || name === 'else' || name === 'elif') {
      return this.stream.error(`{% ${name} %} stands here without its beginning.`, line);
    }
    return new StarsError('UNSUPPORTED', `The statement {% ${name} %} is not known.`, {
      where: { file: this.file, line },
      hint: nearNames(name, Object.keys(this.#readers)),
    });
  }

  #if(line: number): Statement {
    const branches: { test: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] = [];
    for (let end = 'elif'; end === 'elif'; ) {
      const test = this.#expressions.tuple({ withCondition: false });
      this.stream.expectType('block-end');
      const branch = this.#body(['elif', 'else', 'endif']);
      branches.push({ test, body: branch.body });
      end = branch.end;
      if (end === 'else') {
        this.stream.expectType('block-end');
        otherwise = this.#body(['endif']).body;
      }
    }
    this.stream.expectType('block-end');
    return { type: 'if', branches, otherwise, line };
  }

  #for(line: number): Statement {
    const target = this.#target();
    this.stream.expectKeyword('in');
    const iterable = this.#expressions.tuple({ withCondition: false });
    const outerNames = this.#expressions.names;
    this.#expressions.names = new Set();
    const condition = this.stream.skipName('if') ? this.#expressions.expression() : undefined;
    const recursive = this.stream.skipName('recursive');
    this.stream.expectType('block-end');
    this.#loops += 1;
    const { body, end } = this.#body(['else', 'endfor']);
    this.#loops -= 1;
    const usesLoop = this.#expressions.names.has('loop');
    for (const name of this.#expressions.names) outerNames.add(name);
    this.#expressions.names = outerNames;
    const otherwise = end === 'else' ? this.#bodyTo('endfor') : [];
    if (end !== 'else') this.stream.expectType('block-end');
    return { type: 'for', target, iterable, condition, recursive, body, otherwise, usesLoop, line };
  }

  #target(withNamespace = false): Target {
    const items: Target[] = [];
    let isTuple = false;
    do {
      if (this.stream.isName('in') || this.stream.isOperator('=')) break;
      items.push(this.#singleTarget(withNamespace));
      if (this.stream.isOperator(',')) isTuple = true;
    } while (this.stream.skipOperator(','));
    const [only] = items;
    if (!only) throw this.stream.error('Expected the name of a variable.');
    return isTuple ? { type: 'tuple', items } : only;
  }

  #singleTarget(withNamespace: boolean): Target {
    if (this.stream.skipOperator('(')) {
      const inner = this.#target(withNamespace);
      this.stream.expectOperator(')');
      return inner;
    }
    const { line } = this.stream.current;
    const name = this.stream.expectName();
    if (['true', 'false', 'none', 'True', 'False', 'None'].includes(name)) {
      throw this.stream.error(`Nothing can be assigned to ${name}.`, line);
    }
    if (withNamespace && this.stream.skipOperator('.'))
      return { type: 'namespace', name, attribute: this.stream.expectName() };
    return { type: 'name', name };
  }

  #set(line: number): Statement {
    const target = this.#target(true);
    if (this.stream.skipOperator('=')) {
      const value = this.#expressions.tuple();
      this.stream.expectType('block-end');
      return { type: 'set', target, value, line };
    }
    const filters = this.stream.skipOperator('|') ? this.#filters() : [];
    const body = this.#bodyTo('endset');
    return { type: 'set-block', target, filters, body, line };
  }

  #filters(): FilterCall[] {
    const filters = [this.#expressions.filterCall()];
    while (this.stream.skipOperator('|')) filters.push(this.#expressions.filterCall());
    return filters;
  }

  #macro(): Macro {
    const name = this.stream.expectName();
    return this.#macroBody(name, this.#parameters(), 'endmacro');
  }

  #parameters(): Parameter[] {
    const parameters: Parameter[] = [];
    this.stream.expectOperator('(');
    while (!this.stream.isOperator(')')) {
      if (parameters.length > 0) this.stream.expectOperator(',');
      const { line } = this.stream.current;
      const name = this.stream.expectName();
      const fallback = this.stream.skipOperator('=') ? this.#expressions.expression() : undefined;
      if (!fallback && parameters.at(-1)?.fallback) {
        throw this.stream.error('A parameter without a default stands after one with a default.', line);
      }
      parameters.push({ name, fallback });
    }
    this.stream.expectOperator(')');
    return parameters;
  }

  #macroBody(name: string, parameters: Parameter[], end: string): Macro {
    const outerNames = this.#expressions.names;
    this.#expressions.names = new Set();
    const body = this.#bodyTo(end);
    const used = this.#expressions.names;
    this.#expressions.names = new Set([...outerNames, ...used]);
    return {
      name,
      parameters,
      body,
      usesCaller: used.has('caller'),
      usesVarargs: used.has('varargs'),
      usesKwargs: used.has('kwargs'),
    };
  }

  #callBlock(line: number): Statement {
    const parameters = this.stream.isOperator('(') ? this.#parameters() : [];
    const call = this.#expressions.expression();
    if (call.type !== 'call') throw this.stream.error('{% call %} needs the call of a macro.', line);
    return { type: 'call-block', call, macro: this.#macroBody('caller', parameters, 'endcall'), line };
  }

  #block(line: number): Statement {
    const name = this.stream.expectName();
    if (this.#blocks.has(name)) throw this.stream.error(`The block ${name} is defined twice.`, line);
    this.#blocks.add(name);
    const scoped = this.stream.skipName('scoped');
    this.stream.skipName('required');
    const body = this.#bodyTo('endblock');
    return scoped ? { type: 'scope', body, line } : { type: 'block', name, body, line };
  }

  #with(line: number): Statement {
    const bindings: { target: Target; value: Expression }[] = [];
    while (this.stream.current.type !== 'block-end') {
      if (bindings.length > 0) this.stream.expectOperator(',');
      const target = this.#singleTarget(false);
      this.stream.expectOperator('=');
      bindings.push({ target, value: this.#expressions.expression() });
    }
    return { type: 'with', bindings, body: this.#bodyTo('endwith'), line };
  }

  #include(line: number): Statement {
    const template = this.#expressions.expression();
    const ignoreMissing = this.stream.skipName('ignore');
    if (ignoreMissing) this.stream.expectKeyword('missing');
    return { type: 'include', template, ignoreMissing, withContext: this.#context(true), line };
  }

  #context(byDefault: boolean): boolean {
    const after = this.stream.ahead(1);
    if (after.type !== 'name' || after.text !== 'context') return byDefault;
    if (!this.stream.isName('with') && !this.stream.isName('without')) return byDefault;
    const { text } = this.stream.next();
    this.stream.next();
    return text === 'with';
  }

  #import(line: number): Statement {
    const template = this.#expressions.expression();
    this.stream.expectKeyword('as');
    const target = this.stream.expectName();
    return { type: 'import', template, target, withContext: this.#context(false), line };
  }

  #fromImport(line: number): Statement {
    const template = this.#expressions.expression();
    this.stream.expectKeyword('import');
    const names: { name: string; alias: string }[] = [];
    while (this.stream.current.type === 'name' && !this.#contextFollows()) {
      const name = this.stream.expectName();
      names.push({ name, alias: this.stream.skipName('as') ? this.stream.expectName() : name });
      if (!this.stream.skipOperator(',')) break;
    }
    return { type: 'from-import', template, names, withContext: this.#context(false), line };
  }

  #contextFollows(): boolean {
    const after = this.stream.ahead(1);
    return (
      (this.stream.isName('with') || this.stream.isName('without')) && after.type === 'name' && after.text === 'context'
    );
  }

  #print(line: number): Statement {
    const expressions = [this.#expressions.expression()];
    while (this.stream.skipOperator(',')) expressions.push(this.#expressions.expression());
    return { type: 'output', expressions, line };
  }

  #autoescape(line: number): Statement {
    const setting = this.#expressions.expression();
    if (setting.type !== 'constant' || setting.value !== false) {
      throw new StarsError('UNSUPPORTED', 'HTML escaping of a whole block is not supported.', {
        where: { file: this.file, line },
        hint: 'Use the filter "e" on the values that need it.',
      });
    }
    return { type: 'scope', body: this.#bodyTo('endautoescape'), line };
  }

  #jump(type: 'break' | 'continue', line: number): Statement {
    if (this.#loops === 0) throw this.stream.error(`{% ${type} %} stands outside a loop.`, line);
    return { type, line };
  }
}

/** Statements whose reader has consumed the end of their last tag. */
const CLOSED = new Set(['if', 'for', 'set', 'macro', 'call', 'filter', 'block', 'with', 'autoescape']);
