import { UsageFault } from './call.js';

export type Token = {
  kind: 'number' | 'text' | 'regex' | 'name' | 'word' | 'operator' | 'newline' | 'end';
  text: string;
  spaced: boolean;
};

const WORDS = [
  'BEGIN',
  'END',
  'function',
  'if',
  'else',
  'while',
  'for',
  'do',
  'break',
  'continue',
  'next',
  'exit',
  'return',
  'delete',
  'in',
  'print',
  'printf',
  'getline',
];
const OPERATOR = /\+=|-=|\*=|\/=|%=|\^=|\*\*=|\+\+|--|\*\*|&&|\|\||==|!=|<=|>=|>>|!~|[-+*/%^!<>=?:~,;(){}[\]$|]/y;

/** Cuts an awk program into tokens; the parser builds on it. */
export abstract class AwkLexer {
  #at = 0;
  protected token: Token = { kind: 'end', text: '', spaced: false };
  #first = true;

  constructor(readonly text: string) {
    this.advance();
  }

  /** A place to come back to after looking ahead. */
  protected mark(): { at: number; token: Token } {
    return { at: this.#at, token: this.token };
  }

  protected reset({ at, token }: { at: number; token: Token }): void {
    this.#at = at;
    this.token = token;
  }

  protected nextCharacter(): string | undefined {
    return this.text[this.#at];
  }

  protected advance(): void {
    this.token = this.#read();
    this.#first = false;
  }

  #read(): Token {
    const start = this.#at;
    this.#match_(/(?:[ \t\r]|\\\n|#[^\n]*)*/y);
    const spaced = this.#at > start;
    const char = this.text[this.#at];
    if (char === undefined) return { kind: 'end', text: '', spaced };
    if (char === '\n') {
      this.#at++;
      return { kind: 'newline', text: '\n', spaced };
    }
    if (char === '"') return { kind: 'text', text: this.#string(), spaced };
    const number = this.#match_(/0[xX][\da-fA-F]+|(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?/y);
    if (number) return { kind: 'number', text: number, spaced };
    const name = this.#match_(/[A-Za-z_]\w*/y);
    if (name) return { kind: WORDS.includes(name) ? 'word' : 'name', text: name, spaced };
    if (char === '/' && this.#regexMayStart()) return { kind: 'regex', text: this.#regexText(), spaced };
    const operator = this.#match_(OPERATOR);
    if (!operator) throw new UsageFault(`cmd. line:1: syntax error near ${char}`);
    return { kind: 'operator', text: operator, spaced };
  }

  #regexMayStart(): boolean {
    const before = this.token;
    if (this.#first) return true;
    return !(
      before.kind === 'number' ||
      before.kind === 'text' ||
      before.kind === 'name' ||
      (before.kind === 'operator' && [')', ']', '$', '++', '--'].includes(before.text))
    );
  }

  #string(): string {
    this.#at++;
    let text = '';
    for (;;) {
      const char = this.text[this.#at++];
      if (char === undefined || char === '\n') throw new UsageFault('cmd. line:1: unterminated string');
      if (char === '"') return text;
      if (char !== '\\') {
        text += char;
        continue;
      }
      const octal = this.#match_(/[0-7]{1,3}/y);
      if (octal) text += String.fromCharCode(Number.parseInt(octal, 8) & 255);
      else {
        const next = this.text[this.#at++] ?? '';
        text +=
          { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', '\\': '\\', '"': '"', '/': '/' }[next] ??
          `\\${next}`;
      }
    }
  }

  #regexText(): string {
    this.#at++;
    let text = '';
    let inSet = false;
    for (;;) {
      const char = this.text[this.#at++];
      if (char === undefined || char === '\n') throw new UsageFault('cmd. line:1: unterminated regexp');
      if (char === '/' && !inSet) return text;
      if (char === '[') inSet = true;
      if (char === ']') inSet = false;
      text += char;
      if (char === '\\') text += this.text[this.#at++] ?? '';
    }
  }

  #match_(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}
