import type { List, Part, ParamOperator, Word } from './ast.js';

/** A parser pauses by yielding when it needs another line, and is given it, or undefined at the end of the input. */
export type Parsing<T> = Generator<undefined, T, string | undefined>;

/** A script that cannot be parsed. */
export class ShellSyntaxError extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

const MAX_DEPTH = 120;
const PLAIN = /[^\s'"\\$`;&|<>()]+/y;
const PLAIN_IN_BRACES = /[^'"\\$`}]+/y;
const PLAIN_IN_QUOTES = /[^"\\$`]+/y;
const PLAIN_IN_HERE_DOCUMENT = /[^\\$`]+/y;
const NAME = /[A-Za-z_]\w*/y;
const ANSI: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};

type Context = 'word' | 'braces' | 'quoted-braces' | 'quotes' | 'here-document';

/** Reads words: quoting and every kind of expansion. The command parser builds on it. */
export abstract class WordParser {
  protected text = '';
  protected at = 0;
  protected line = 1;
  protected depth = 0;
  #ended = false;
  /** How many places wait for a decision to go back to where they began. */
  #mayGoBack = 0;

  /** The commands up to `)`, which is left in place. */
  protected abstract commandsUntilParenthesis(): Parsing<List>;
  /** Parses a text of its own, as backquotes hold. */
  protected abstract commandsOf(text: string): List;

  protected *fill(count = 1): Parsing<void> {
    while (this.text.length < this.at + count && !this.#ended) {
      const more: string | undefined = yield undefined;
      if (more === undefined) this.#ended = true;
      else this.#append(more);
    }
  }

  /** What is parsed already is let go of: words would hold on to it, and each line would copy it. */
  #append(more: string): void {
    if (this.#mayGoBack > 0) {
      this.text += more;
      return;
    }
    this.text = this.text.slice(this.at) + more;
    this.at = 0;
  }

  protected get exhausted(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character after line continuations; an empty text at the end of the input. */
  protected *peek(): Parsing<string> {
    for (;;) {
      if (this.exhausted) yield* this.fill();
      const char = this.text[this.at];
      if (char !== '\\') return char ?? '';
      yield* this.fill(2);
      if (this.text[this.at + 1] !== '\n') return char;
      this.at += 2;
      this.line++;
    }
  }

  protected fail(message: string): never {
    throw new ShellSyntaxError(message, this.line);
  }

  protected *nested<T>(parse: () => Parsing<T>): Parsing<T> {
    if (++this.depth > MAX_DEPTH) this.fail('nested too deeply');
    const result = yield* parse();
    this.depth--;
    return result;
  }

  protected match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  /** One word up to a blank, a newline or an operator. */
  protected *word(): Parsing<Word> {
    return yield* this.parts('word');
  }

  protected *parts(context: Context): Parsing<Word> {
    const parts: Part[] = [];
    const quoted = context === 'quotes' || context === 'here-document' || context === 'quoted-braces';
    for (;;) {
      const char = yield* this.peek();
      if (this.#ends(char, context)) break;
      parts.push(...(yield* this.part(char, context, quoted)));
    }
    return { parts };
  }

  #ends(char: string, context: Context): boolean {
    if (char === '') return true;
    if (context === 'word') return /[\s;&|<>()]/.test(char);
    if (context === 'quotes') return char === '"';
    return context === 'here-document' ? false : char === '}';
  }

  protected *part(char: string, context: Context, quoted: boolean): Parsing<Part[]> {
    if (char === '\\') return yield* this.#escape(context, quoted);
    if (char === '$') return [yield* this.nested(() => this.#dollar(quoted))];
    if (char === '`') return [yield* this.#backquotes(quoted)];
    if (char === "'" && !quoted) return [yield* this.#singleQuotes()];
    if (char === '"' && context !== 'here-document') return yield* this.#doubleQuotes();
    const text = this.#plain(context);
    return [{ kind: 'text', text, quoted }];
  }

  #plain(context: Context): string {
    const pattern = {
      word: PLAIN,
      braces: PLAIN_IN_BRACES,
      'quoted-braces': PLAIN_IN_BRACES,
      quotes: PLAIN_IN_QUOTES,
      'here-document': PLAIN_IN_HERE_DOCUMENT,
    }[context];
    const text = this.match(pattern) || (this.text[this.at++] as string);
    this.#count(text);
    return text;
  }

  #count(text: string): void {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.line++;
  }

  *#escape(context: Context, quoted: boolean): Parsing<Part[]> {
    yield* this.fill(2);
    const next = this.text[this.at + 1];
    this.at += next === undefined ? 1 : 2;
    if (next === undefined) return [{ kind: 'text', text: '\\', quoted: true }];
    if (next === '\n') this.line++;
    const special = context === 'here-document' ? '$`\\' : context === 'quoted-braces' ? '$`"\\}' : '$`"\\';
    return [{ kind: 'text', text: !quoted || special.includes(next) ? next : `\\${next}`, quoted: true }];
  }

  *#singleQuotes(): Parsing<Part> {
    this.at++;
    const text = yield* this.#upTo("'");
    return { kind: 'text', text, quoted: true };
  }

  *#upTo(end: string): Parsing<string> {
    const pieces: string[] = [];
    for (;;) {
      const found = this.text.indexOf(end, this.at);
      pieces.push(this.text.slice(this.at, found < 0 ? undefined : found));
      if (found >= 0) {
        this.at = found + 1;
        const text = pieces.join('');
        this.#count(text);
        return text;
      }
      this.at = this.text.length;
      yield* this.fill();
      if (this.exhausted) this.fail(`unexpected EOF while looking for matching \`${end}'`);
    }
  }

  *#doubleQuotes(): Parsing<Part[]> {
    this.at++;
    const { parts } = yield* this.nested(() => this.parts('quotes'));
    if ((yield* this.peek()) !== '"') this.fail('unexpected EOF while looking for matching `"\'');
    this.at++;
    return parts.length > 0 ? parts : [{ kind: 'text', text: '', quoted: true }];
  }

  *#backquotes(quoted: boolean): Parsing<Part> {
    this.at++;
    let text = '';
    for (;;) {
      if (this.exhausted) yield* this.fill();
      const char = this.text[this.at++];
      if (char === undefined) this.fail("unexpected EOF while looking for matching ``'");
      if (char === '`') break;
      if (char === '\n') this.line++;
      if (char !== '\\') {
        text += char;
        continue;
      }
      yield* this.fill();
      const next = this.text[this.at++] ?? '';
      text += '$`\\'.includes(next) || (quoted && next === '"') ? next : `\\${next}`;
    }
    return { kind: 'command', body: this.commandsOf(text), quoted };
  }

  *#dollar(quoted: boolean): Parsing<Part> {
    this.at++;
    const char = yield* this.peek();
    if (char === '{') return yield* this.#braces(quoted);
    if (char === '(') return yield* this.#parentheses(quoted);
    if (char === "'" && !quoted) return yield* this.#ansiQuotes();
    const name = this.match(NAME);
    if (name) return { kind: 'param', name, quoted };
    if (char !== '' && '@*#?-$!0123456789'.includes(char)) {
      this.at++;
      return { kind: 'param', name: char, quoted };
    }
    return { kind: 'text', text: '$', quoted: true };
  }

  *#ansiQuotes(): Parsing<Part> {
    this.at++;
    let text = '';
    for (;;) {
      yield* this.fill(2);
      const char = this.text[this.at++];
      if (char === undefined) this.fail("unexpected EOF while looking for matching `''");
      if (char === "'") return { kind: 'text', text, quoted: true };
      if (char !== '\\') {
        text += char;
        continue;
      }
      const code = this.match(/x[\da-fA-F]{1,2}|[0-7]{1,3}/y);
      if (code)
        text += String.fromCharCode(
          (code[0] === 'x' ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8)) & 255,
        );
      else {
        const next = this.text[this.at++] ?? '';
        text += ANSI[next] ?? `\\${next}`;
      }
    }
  }

  *#parentheses(quoted: boolean): Parsing<Part> {
    yield* this.fill(2);
    if (this.text[this.at + 1] === '(') {
      const arithmetic = yield* this.#arithmetic(quoted);
      if (arithmetic) return arithmetic;
    }
    this.at++;
    const body = yield* this.commandsUntilParenthesis();
    if ((yield* this.peek()) !== ')') this.fail("unexpected EOF while looking for matching `)'");
    this.at++;
    return { kind: 'command', body, quoted };
  }

  /** `$((…))`, or undefined with nothing consumed when it turns out to be a command that starts with a subshell. */
  *#arithmetic(quoted: boolean): Parsing<Part | undefined> {
    this.#mayGoBack++;
    const found = yield* this.#arithmeticIn(quoted, { at: this.at, line: this.line, depth: this.depth });
    this.#mayGoBack--;
    return found;
  }

  *#arithmeticIn(quoted: boolean, start: { at: number; line: number; depth: number }): Parsing<Part | undefined> {
    this.at += 2;
    const parts: Part[] = [];
    let open = 0;
    for (;;) {
      const char = yield* this.peek();
      if (char === '') this.fail("unexpected EOF while looking for matching `)'");
      if (char === ')') {
        yield* this.fill(2);
        if (open === 0 && this.text[this.at + 1] === ')') break;
        if (open === 0) {
          Object.assign(this, start);
          return undefined;
        }
        open--;
      }
      if (char === '(') open++;
      if (char === '$' || char === '`' || char === '\\') parts.push(...(yield* this.part(char, 'quotes', true)));
      else {
        this.at++;
        if (char === '\n') this.line++;
        if (char !== '"') parts.push({ kind: 'text', text: char, quoted: true });
      }
    }
    this.at += 2;
    return { kind: 'arithmetic', expression: { parts: joined(parts) }, quoted };
  }

  *#braces(quoted: boolean): Parsing<Part> {
    this.at++;
    yield* this.fill(2);
    const context = quoted ? 'quoted-braces' : 'braces';
    if (this.text[this.at] === '#' && !'}'.includes(this.text[this.at + 1] ?? '')) {
      const length = this.#length(quoted);
      if (length) return length;
    }
    const name = this.match(NAME) || this.match(/\d+|[@*#?$!-]/y);
    const char = yield* this.peek();
    if (name && char === '}') {
      this.at++;
      return { kind: 'param', name, quoted };
    }
    yield* this.fill(2);
    const operator = name ? (this.match(/:[-=?+]|%%|##|[-=?+%#]/y) as ParamOperator) : '';
    if (operator) {
      // What is cut off is a pattern: quoting counts in it even inside double quotes.
      const word = yield* this.parts(/[%#]/.test(operator) ? 'braces' : context);
      yield* this.#closeBrace();
      return { kind: 'param', name, quoted, operator, word };
    }
    if (name && char === ':') return yield* this.#slice(name, quoted);
    if (name && char === '/') return yield* this.#replacement(name, quoted);
    const { parts } = yield* this.parts(context);
    yield* this.#closeBrace();
    return {
      kind: 'bad',
      text: `\${${name}${parts.map((part) => ('text' in part ? part.text : '…')).join('')}}`,
      quoted,
    };
  }

  #length(quoted: boolean): Part | undefined {
    const found = this.match(/#([A-Za-z_]\w*|\d+|[@*#?$!-])\}/y);
    return found ? { kind: 'param', name: found.slice(1, -1), quoted, operator: 'length' } : undefined;
  }

  *#slice(name: string, quoted: boolean): Parsing<Part> {
    this.at++;
    const { parts } = yield* this.parts('quoted-braces');
    yield* this.#closeBrace();
    const at = parts.findIndex((part) => part.kind === 'text' && part.text.includes(':'));
    const colon = parts[at];
    if (!colon || colon.kind !== 'text') return { kind: 'slice', name, quoted, offset: { parts } };
    const index = colon.text.indexOf(':');
    const offset = [...parts.slice(0, at), { ...colon, text: colon.text.slice(0, index) }];
    const length = [{ ...colon, text: colon.text.slice(index + 1) }, ...parts.slice(at + 1)];
    return { kind: 'slice', name, quoted, offset: { parts: offset }, length: { parts: length } };
  }

  *#replacement(name: string, quoted: boolean): Parsing<Part> {
    const all = this.match(/\/\/?/y) === '//';
    const { parts } = yield* this.parts('braces');
    yield* this.#closeBrace();
    const at = parts.findIndex((part) => part.kind === 'text' && !part.quoted && part.text.includes('/'));
    const slash = parts[at];
    if (!slash || slash.kind !== 'text')
      return { kind: 'replace', name, quoted, pattern: { parts }, replacement: { parts: [] }, all };
    const index = slash.text.indexOf('/');
    const pattern = [...parts.slice(0, at), { ...slash, text: slash.text.slice(0, index) }];
    const replacement = [{ ...slash, text: slash.text.slice(index + 1) }, ...parts.slice(at + 1)];
    return { kind: 'replace', name, quoted, pattern: { parts: pattern }, replacement: { parts: replacement }, all };
  }

  *#closeBrace(): Parsing<void> {
    if ((yield* this.peek()) !== '}') this.fail("unexpected EOF while looking for matching `}'");
    this.at++;
  }
}

function joined(parts: Part[]): Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') last.text += part.text;
    else result.push(part);
  }
  return result;
}
