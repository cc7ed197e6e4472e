import type { HereDocument, Redirect, RedirectOperator, Word } from './ast.js';
import { RESERVED } from './reserved.js';
import { WordParser } from './word-parser.js';
import type { Parsing } from './word-parser.js';

const REDIRECT = /<<<|<<-|<<|<&|<>|<|>>|>&|>\||>/y;

/** Reads what stands between words: blanks, newlines with the here-documents behind them, redirections and operators. */
export abstract class LineParser extends WordParser {
  #awaited: HereDocument[] = [];

  /** The body of an unquoted here-document, as a word of its own. */
  protected abstract hereDocumentOf(text: string): Word;

  protected *blanks(): Parsing<void> {
    for (;;) {
      const char = yield* this.peek();
      if (char === ' ' || char === '\t' || char === '\r') this.at++;
      else if (char === '#') this.match(/#[^\n]*/y);
      else return;
    }
  }

  protected *skipNewlines(): Parsing<void> {
    for (;;) {
      yield* this.blanks();
      if ((yield* this.peek()) !== '\n') return;
      yield* this.newline();
    }
  }

  protected *newline(): Parsing<void> {
    this.at++;
    this.line++;
    yield* this.hereDocuments();
  }

  protected *hereDocuments(): Parsing<void> {
    const awaited = this.#awaited;
    this.#awaited = [];
    for (const document of awaited) {
      const lines: string[] = [];
      for (;;) {
        const line = yield* this.#rawLine();
        if (line === undefined) break;
        const text = document.stripTabs ? line.replace(/^\t+/, '') : line;
        if (text.replace(/\n$/, '') === document.delimiter) break;
        lines.push(text);
      }
      const text = lines.join('');
      document.body = document.quoted
        ? { parts: [{ kind: 'text', text, quoted: true }] }
        : this.#hereDocumentBody(text);
    }
  }

  #hereDocumentBody(text: string): Word {
    if (!/[\\$`]/.test(text)) return { parts: [{ kind: 'text', text, quoted: true }] };
    return this.hereDocumentOf(text);
  }

  *#rawLine(): Parsing<string | undefined> {
    for (;;) {
      const end = this.text.indexOf('\n', this.at);
      if (end >= 0) {
        const line = this.text.slice(this.at, end + 1);
        this.at = end + 1;
        this.line++;
        return line;
      }
      const left = this.text.length - this.at;
      yield* this.fill(left + 1);
      if (this.text.length - this.at > left) continue;
      if (this.exhausted) return undefined;
      const line = this.text.slice(this.at);
      this.at = this.text.length;
      return line;
    }
  }

  protected *redirects(): Parsing<Redirect[]> {
    const redirects: Redirect[] = [];
    for (;;) {
      yield* this.blanks();
      const redirect = yield* this.redirect();
      if (!redirect) return redirects;
      redirects.push(redirect);
    }
  }

  protected *redirect(): Parsing<Redirect | undefined> {
    const char = yield* this.peek();
    if (!/[\d<>&]/.test(char)) return undefined;
    if (char === '&') yield* this.fill(2);
    const both = char === '&' ? this.match(/&>>?/y) : '';
    const digits = both ? '' : this.match(/\d+(?=[<>])/y);
    if (!both && !digits && char !== '<' && char !== '>') return undefined;
    yield* this.fill(3);
    const token = both || this.match(REDIRECT);
    const operator = (token === '<<-' ? '<<' : token) as RedirectOperator;
    const fd = digits ? Number(digits) : token.startsWith('<') ? 0 : 1;
    yield* this.blanks();
    const target = yield* this.word();
    if (target.parts.length === 0) this.unexpected(this.token());
    if (operator !== '<<') return { fd, operator, target };
    const hereDocument = {
      delimiter: rawText(target),
      stripTabs: token === '<<-',
      quoted: isQuoted(target),
      body: { parts: [] },
    };
    this.#awaited.push(hereDocument);
    return { fd, operator, target, hereDocument };
  }

  /** The word or operator that comes next, without consuming it; only plain unquoted text counts as a word. */
  protected *peekWord(): Parsing<string> {
    const char = yield* this.peek();
    if (char === ';' || char === '&') {
      yield* this.fill(2);
      const pair = this.text.slice(this.at, this.at + 2);
      return pair === ';;' || pair === ';&' ? pair : char;
    }
    if (char === '' || '\n|<>()'.includes(char)) return char;
    const word = /[^\s'"\\$`;&|<>()]+/y;
    word.lastIndex = this.at;
    const text = word.exec(this.text)?.[0] ?? '';
    const after = this.text[this.at + text.length];
    const whole = after === undefined || /[\s;&|<>()]/.test(after);
    return whole && RESERVED.includes(text) ? text : 'word';
  }

  protected token(): string {
    if (this.exhausted) return 'end of file';
    if (this.text[this.at] === '\n') return 'newline';
    const operator = /&&|\|\||;;|<<|>>|[;&|<>()]|[^\s;&|<>()]+/y;
    operator.lastIndex = this.at;
    return operator.exec(this.text)?.[0] ?? (this.text[this.at] as string);
  }

  protected unexpected(token: string): never {
    if (token === '' || token === 'end of file') this.fail('unexpected end of file');
    this.fail(`syntax error near unexpected token \`${token === '\n' ? 'newline' : token}'`);
  }
}

/** The word's text when nothing in it is quoted or expanded. */
export function plainText(word: Word): string | undefined {
  return word.parts.every((part) => part.kind === 'text' && !part.quoted) ? rawText(word) : undefined;
}

function rawText(word: Word): string {
  return word.parts
    .map((part) => (part.kind === 'text' ? part.text : part.kind === 'param' ? `$${part.name}` : ''))
    .join('');
}

function isQuoted(word: Word): boolean {
  return word.parts.some((part) => part.kind === 'text' && part.quoted);
}
