import { StarsError } from '../errors.js';
import type { Token } from './lexer.js';

/** The tokens of one template with a place to read from. Errors are TEMPLATE with file and line. */
export class TokenStream {
  #index = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly file: string,
  ) {}

  get current(): Token {
    return this.ahead(0);
  }

  ahead(count: number): Token {
    return this.tokens[this.#index + count] ?? { type: 'end', text: '', line: this.tokens.at(-1)?.line ?? 1 };
  }

  next(): Token {
    const token = this.current;
    this.#index += 1;
    return token;
  }

  isOperator(text: string): boolean {
    return this.current.type === 'operator' && this.current.text === text;
  }

  isName(text: string): boolean {
    return this.current.type === 'name' && this.current.text === text;
  }

  skipOperator(text: string): boolean {
    const found = this.isOperator(text);
    if (found) this.#index += 1;
    return found;
  }

  skipName(text: string): boolean {
    const found = this.isName(text);
    if (found) this.#index += 1;
    return found;
  }

  expectOperator(text: string): void {
    if (!this.skipOperator(text)) throw this.error(`Expected "${text}", got ${describe(this.current)}.`);
  }

  expectKeyword(text: string): void {
    if (!this.skipName(text)) throw this.error(`Expected "${text}", got ${describe(this.current)}.`);
  }

  expectName(): string {
    if (this.current.type !== 'name') throw this.error(`Expected a name, got ${describe(this.current)}.`);
    return this.next().text;
  }

  expectType(type: 'block-end' | 'output-end' | 'end'): void {
    if (this.current.type !== type) throw this.error(`Expected ${NAMES[type]}, got ${describe(this.current)}.`);
    this.#index += 1;
  }

  error(message: string, line = this.current.line, hint?: string): StarsError {
    return new StarsError('TEMPLATE', message, {
      where: { file: this.file, line },
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

const NAMES = {
  'block-end': 'the end of the tag',
  'output-end': 'the end of the expression',
  end: 'the end of the expression',
} as const;

export function describe(token: Token): string {
  switch (token.type) {
    case 'end':
      return 'the end of the template';
    case 'block-end':
    case 'output-end':
      return NAMES[token.type];
    case 'string':
      return `the text "${token.text}"`;
    default:
      return `"${token.text.trim()}"`;
  }
}
