import { StarsError } from '../errors.js';
import { unescapeText } from './string-literal.js';
import { Float, type Value } from './value.js';

export type Token =
  | { type: 'text' | 'name' | 'operator'; text: string; line: number }
  | { type: 'string'; text: string; line: number }
  | { type: 'number'; text: string; value: Value; line: number }
  | { type: 'output-begin' | 'output-end' | 'block-begin' | 'block-end' | 'end'; text: string; line: number };

export type Delimiters = {
  blockStart: string;
  blockEnd: string;
  variableStart: string;
  variableEnd: string;
  commentStart: string;
  commentEnd: string;
};

export type LexerOptions = {
  file: string;
  /** The line of `file` on which the source starts. */
  line: number;
  trimBlocks: boolean;
  lstripBlocks: boolean;
  keepTrailingNewline: boolean;
  /** Texts in `{{ }}` mean what they say: a backslash is a backslash. */
  literalBackslashes: boolean;
  delimiters: Delimiters;
};

export const DELIMITERS: Delimiters = {
  blockStart: '{%',
  blockEnd: '%}',
  variableStart: '{{',
  variableEnd: '}}',
  commentStart: '{#',
  commentEnd: '#}',
};

const SPACE = /\s+/y;
const FLOAT = /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}]*/uy;
const STRING = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/** Splits a template into tokens. Throws TEMPLATE with the line. */
export function tokenize(source: string, options: LexerOptions): Token[] {
  return new Lexer(normalized(source, options.keepTrailingNewline), options).run();
}

/** Splits a bare expression into tokens. */
export function tokenizeExpression(source: string, options: LexerOptions): Token[] {
  return new Lexer(normalized(source, true), options).runExpression();
}

function normalized(source: string, keepTrailingNewline: boolean): string {
  const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
  return !keepTrailingNewline && text.endsWith('\n') ? text.slice(0, -1) : text;
}

class Lexer {
  readonly #tokens: Token[] = [];
  #position = 0;
  #line: number;
  /** The last tag or text ended with a line break, which counts for lstrip_blocks. */
  #lineStarts = true;

  constructor(
    private readonly source: string,
    private readonly options: LexerOptions,
  ) {
    this.#line = options.line;
  }

  run(): Token[] {
    const { blockStart, variableStart, commentStart } = this.options.delimiters;
    const starts = [blockStart, variableStart, commentStart].sort((a, b) => b.length - a.length).map(escape);
    const start = new RegExp(starts.join('|'), 'g');
    for (;;) {
      start.lastIndex = this.#position;
      const match = start.exec(this.source);
      if (!match) break;
      this.#tag(match.index, match[0]);
    }
    this.#text(this.source.slice(this.#position));
    this.#push('end', '');
    return this.#tokens;
  }

  runExpression(): Token[] {
    this.#inside('variable', undefined);
    this.#push('end', '');
    return this.#tokens;
  }

  #tag(at: number, opening: string): void {
    const { blockStart, variableStart } = this.options.delimiters;
    const after = this.source[at + opening.length] ?? '';
    const sign = after === '-' || after === '+' ? after : '';
    const kind = opening === blockStart ? 'block' : opening === variableStart ? 'variable' : 'comment';
    this.#textBefore(at, sign, kind !== 'variable');
    this.#move(at + opening.length + sign.length);
    if (kind === 'comment') return this.#comment();
    if (kind === 'block' && this.#raw()) return;
    this.#push(kind === 'block' ? 'block-begin' : 'output-begin', opening);
    this.#inside(kind, this.#endTag(kind));
  }

  #textBefore(end: number, sign: string, strippable: boolean): void {
    const text = this.source.slice(this.#position, end);
    this.#text(this.#stripped(text, sign, strippable));
    this.#line += countLines(text);
    this.#position = end;
  }

  #stripped(text: string, sign: string, strippable: boolean): string {
    if (sign === '-') return text.trimEnd();
    if (sign === '+' || !this.options.lstripBlocks || !strippable) return text;
    const lineStart = text.lastIndexOf('\n') + 1;
    const whole = lineStart > 0 || this.#lineStarts;
    return whole && /^\s*$/.test(text.slice(lineStart)) ? text.slice(0, lineStart) : text;
  }

  #text(text: string): void {
    if (text) this.#push('text', text);
  }

  #comment(): void {
    const end = this.#search(new RegExp(`[\\s\\S]*?(?:${this.#blockEnd(this.options.delimiters.commentEnd)})`, 'y'));
    // As with Jinja2, one that begins at the very end has nothing to close.
    if (end === undefined && this.#position >= this.source.length) return;
    if (end === undefined)
      throw this.#error('A comment is not closed.', `End it with "${this.options.delimiters.commentEnd}".`);
    this.#finishTag(end);
  }

  #raw(): boolean {
    const { blockStart, blockEnd } = this.options.delimiters;
    const begin = this.#search(new RegExp(`\\s*raw\\s*(?:-${escape(blockEnd)}\\s*|${escape(blockEnd)})`, 'y'));
    if (begin === undefined) return false;
    this.#finishTag(begin);
    const tail = new RegExp(`${escape(blockStart)}([-+]?)\\s*endraw\\s*(?:${this.#blockEnd(blockEnd)})`, 'g');
    tail.lastIndex = this.#position;
    const end = tail.exec(this.source);
    if (!end) throw this.#error('A raw block is not closed.', 'End it with {% endraw %}.');
    this.#textBefore(end.index, end[1] ?? '', true);
    this.#finishTag(end[0]);
    return true;
  }

  #endTag(kind: 'block' | 'variable'): RegExp {
    const { blockEnd, variableEnd } = this.options.delimiters;
    return new RegExp(
      kind === 'block' ? this.#blockEnd(blockEnd) : `-${escape(variableEnd)}\\s*|${escape(variableEnd)}`,
      'y',
    );
  }

  #blockEnd(end: string): string {
    return `\\+${escape(end)}|-${escape(end)}\\s*|${escape(end)}${this.options.trimBlocks ? '\\n?' : ''}`;
  }

  /** Tokens up to the end of a tag, or of the source for a bare expression. */
  #inside(kind: 'block' | 'variable', endTag: RegExp | undefined): void {
    const open: string[] = [];
    while (this.#position < this.source.length) {
      const end = endTag && open.length === 0 ? this.#search(endTag) : undefined;
      if (end !== undefined) {
        this.#push(kind === 'block' ? 'block-end' : 'output-end', end);
        return this.#finishTag(end);
      }
      const space = this.#search(SPACE);
      if (space === undefined) this.#token(kind, open);
      else this.#move(this.#position + space.length);
    }
    if (endTag) throw this.#error('A tag is not closed.', kind === 'block' ? 'End it with "%}".' : 'End it with "}}".');
    if (open.length > 0) throw this.#error(`"${open.at(-1)}" is missing.`);
  }

  #token(kind: 'block' | 'variable', open: string[]): void {
    const float = this.#search(FLOAT);
    if (float !== undefined) return this.#number(float, new Float(Number(float.replaceAll('_', ''))));
    const integer = this.#search(INTEGER);
    if (integer !== undefined) return this.#number(integer, wholeNumber(integer));
    const name = this.#search(NAME);
    if (name !== undefined) return this.#take('name', name, name);
    const text = this.#search(STRING);
    if (text !== undefined) return this.#take('string', this.#unquote(text, kind), text);
    const operator = this.#search(OPERATOR);
    if (operator === undefined)
      throw this.#error(`The character ${JSON.stringify(this.#character())} has no meaning here.`);
    this.#balance(operator, open);
    this.#take('operator', operator, operator);
  }

  #unquote(literal: string, kind: 'block' | 'variable'): string {
    const inner = literal.slice(1, -1);
    if (kind === 'variable' && this.options.literalBackslashes) return inner.replace(/\\(["'])/g, '$1');
    return unescapeText(inner, (message) => this.#error(message));
  }

  #balance(operator: string, open: string[]): void {
    const closing = CLOSING[operator];
    if (closing) open.push(closing);
    else if (operator === ')' || operator === ']' || operator === '}') {
      const expected = open.pop();
      if (expected !== operator) {
        throw this.#error(
          expected ? `"${operator}" stands where "${expected}" belongs.` : `"${operator}" closes nothing.`,
        );
      }
    }
  }

  #number(text: string, value: Value): void {
    this.#tokens.push({ type: 'number', text, value, line: this.#line });
    this.#move(this.#position + text.length);
  }

  #take(type: 'name' | 'string' | 'operator', text: string, literal: string): void {
    this.#push(type, text);
    this.#move(this.#position + literal.length);
  }

  #push(type: Exclude<Token['type'], 'number'>, text: string): void {
    this.#tokens.push({ type, text, line: this.#line });
  }

  #finishTag(consumed: string): void {
    this.#move(this.#position + consumed.length);
    this.#lineStarts = consumed.endsWith('\n');
  }

  #move(position: number): void {
    this.#line += countLines(this.source.slice(this.#position, position));
    this.#position = position;
  }

  #search(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.source)?.[0];
  }

  #character(): string {
    return String.fromCodePoint(this.source.codePointAt(this.#position) ?? 0);
  }

  #error(message: string, hint?: string): StarsError {
    const where = { file: this.options.file, line: this.#line };
    return new StarsError('TEMPLATE', message, hint === undefined ? { where } : { where, hint });
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function wholeNumber(text: string): number | bigint {
  const value = BigInt(text.replaceAll('_', ''));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
