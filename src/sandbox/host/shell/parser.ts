import type { Assignment, Command, List, Redirect, Word } from './ast.js';
import { LineParser, plainText } from './line-parser.js';
import type { Parsing } from './word-parser.js';

const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=/;

/** Commands of the POSIX shell, one complete command at a time, so that a script can run while the rest is still on its way. */
export class ShellParser extends LineParser {
  /** The next line's commands; undefined at the end of the input. */
  *completeCommand(): Parsing<List | undefined> {
    this.text = this.text.slice(this.at);
    this.at = 0;
    this.depth = 0;
    yield* this.skipNewlines();
    if ((yield* this.peek()) === '') return undefined;
    const list = yield* this.#list([]);
    const char = yield* this.peek();
    if (char === '\n') yield* this.newline();
    else if (char !== '') this.unexpected(this.token());
    if (char === '') yield* this.hereDocuments();
    return list;
  }

  /** Nothing but blanks is left of what was handed in so far. */
  isAtEnd(): boolean {
    return this.text.slice(this.at).trim() === '';
  }

  protected *commandsUntilParenthesis(): Parsing<List> {
    return yield* this.nested(() => this.#compound([')']));
  }

  protected commandsOf(text: string): List {
    if (this.depth > 100) this.fail('nested too deeply');
    const parser = new ShellParser();
    parser.depth = this.depth + 1;
    return parseAll(parser, text);
  }

  protected hereDocumentOf(text: string): Word {
    const parser = new ShellParser();
    parser.depth = this.depth + 1;
    return finish(parser.parts('here-document'), text);
  }

  /** Commands over several lines up to one of the reserved words (or a parenthesis), which is left in place. */
  *#compound(ends: string[], allowEmpty = ends.includes(')')): Parsing<List> {
    const list: List = [];
    for (;;) {
      yield* this.skipNewlines();
      const next = yield* this.peekWord();
      if (ends.includes(next)) break;
      if (next === '') this.fail('unexpected end of file');
      if (next === ')') this.unexpected(')');
      list.push(...(yield* this.#list(ends)));
      const char = yield* this.peek();
      if (char === '\n') yield* this.newline();
    }
    if (list.length === 0 && !allowEmpty) this.unexpected(yield* this.peekWord());
    return list;
  }

  /** and-or lists joined by `;` and `&` on one line. */
  *#list(ends: string[]): Parsing<List> {
    const list: List = [];
    for (;;) {
      const command = yield* this.nested(() => this.#andOr());
      yield* this.blanks();
      const char = yield* this.peek();
      // Only where it matters: a shell must not wait for another line before it runs this one.
      if (char === ';') yield* this.fill(2);
      const pair = this.text.slice(this.at, this.at + 2);
      const separator = (char === ';' && pair !== ';;' && pair !== ';&') || char === '&';
      list.push({ command, background: char === '&' });
      if (!separator) return list;
      this.at++;
      yield* this.blanks();
      const next = yield* this.peek();
      if (next === '' || next === '\n' || next === ')' || next === ';') return list;
      if (ends.length > 0 && ends.includes(yield* this.peekWord())) return list;
    }
  }

  *#andOr(): Parsing<Command> {
    let left = yield* this.#pipeline();
    for (;;) {
      yield* this.blanks();
      const first = yield* this.peek();
      if (first !== '&' && first !== '|') return left;
      yield* this.fill(2);
      const operator = this.match(/&&|\|\|/y) as '&&' | '||' | '';
      if (operator === '') return left;
      yield* this.skipNewlines();
      left = { kind: 'and-or', left, operator, right: yield* this.#pipeline() };
    }
  }

  *#pipeline(): Parsing<Command> {
    let negated = false;
    yield* this.blanks();
    while ((yield* this.peekWord()) === '!') {
      negated = !negated;
      this.at++;
      yield* this.blanks();
    }
    const stages = [yield* this.#command()];
    for (;;) {
      yield* this.blanks();
      if ((yield* this.peek()) !== '|') break;
      yield* this.fill(2);
      if (this.text[this.at + 1] === '|') break;
      this.at++;
      yield* this.skipNewlines();
      stages.push(yield* this.#command());
    }
    const [only] = stages;
    return stages.length === 1 && !negated && only ? only : { kind: 'pipeline', stages, negated };
  }

  *#command(): Parsing<Command> {
    yield* this.blanks();
    const { line } = this;
    const char = yield* this.peek();
    if (char === '(') return yield* this.#subshell();
    switch (yield* this.peekWord()) {
      case '{':
        return yield* this.#group();
      case 'if':
        return yield* this.#if();
      case 'while':
      case 'until':
        return yield* this.#loop();
      case 'for':
        return yield* this.#for(line);
      case 'case':
        return yield* this.#case(line);
      case 'function':
        return yield* this.#functionKeyword();
      default:
        return yield* this.#simple(line);
    }
  }

  *#subshell(): Parsing<Command> {
    this.at++;
    const body = yield* this.nested(() => this.#compound([')'], false));
    this.at++;
    return { kind: 'subshell', body, redirects: yield* this.redirects() };
  }

  *#group(): Parsing<Command> {
    this.at++;
    const body = yield* this.#compound(['}']);
    this.at++;
    return { kind: 'group', body, redirects: yield* this.redirects() };
  }

  *#if(): Parsing<Command> {
    const branches: { condition: List; body: List }[] = [];
    let otherwise: List | undefined;
    let word = 'if';
    while (word === 'if' || word === 'elif') {
      this.at += word.length;
      const condition = yield* this.#compound(['then']);
      this.at += 4;
      branches.push({ condition, body: yield* this.#compound(['elif', 'else', 'fi']) });
      word = yield* this.peekWord();
    }
    this.at += word.length;
    if (word === 'else') {
      otherwise = yield* this.#compound(['fi']);
      this.at += 2;
    }
    return { kind: 'if', branches, ...(otherwise ? { otherwise } : {}), redirects: yield* this.redirects() };
  }

  *#loop(): Parsing<Command> {
    const word = yield* this.peekWord();
    this.at += word.length;
    const condition = yield* this.#compound(['do']);
    this.at += 2;
    const body = yield* this.#compound(['done']);
    this.at += 4;
    return { kind: 'loop', until: word === 'until', condition, body, redirects: yield* this.redirects() };
  }

  *#for(line: number): Parsing<Command> {
    this.at += 3;
    yield* this.blanks();
    const name = plainText(yield* this.word()) ?? '';
    if (!/^[A-Za-z_]\w*$/.test(name)) this.fail(`\`${name}': not a valid identifier`);
    yield* this.skipNewlines();
    let words: Word[] | undefined;
    if ((yield* this.peekWord()) === 'in') {
      this.at += 2;
      words = yield* this.#wordsOfLine();
    }
    yield* this.#skipSeparator();
    const body = yield* this.#bodyOfLoop();
    return { kind: 'for', name, words, body, redirects: yield* this.redirects(), line };
  }

  *#wordsOfLine(): Parsing<Word[]> {
    const words: Word[] = [];
    for (;;) {
      yield* this.blanks();
      const char = yield* this.peek();
      if (char === '' || char === '\n' || char === ';') return words;
      if ('&|<>()'.includes(char)) this.unexpected(this.token());
      words.push(yield* this.word());
    }
  }

  *#skipSeparator(): Parsing<void> {
    yield* this.blanks();
    if ((yield* this.peek()) === ';') this.at++;
    yield* this.skipNewlines();
  }

  *#bodyOfLoop(): Parsing<List> {
    const opening = yield* this.peekWord();
    if (opening !== 'do') this.unexpected(opening || this.token());
    this.at += 2;
    const body = yield* this.#compound(['done']);
    this.at += 4;
    return body;
  }

  *#case(line: number): Parsing<Command> {
    this.at += 4;
    yield* this.blanks();
    const subject = yield* this.word();
    yield* this.skipNewlines();
    const word = yield* this.peekWord();
    if (word !== 'in') this.unexpected(word || this.token());
    this.at += 2;
    const arms: { patterns: Word[]; body: List; fallThrough: boolean }[] = [];
    for (;;) {
      yield* this.skipNewlines();
      if ((yield* this.peekWord()) === 'esac') break;
      arms.push(yield* this.nested(() => this.#arm()));
    }
    this.at += 4;
    return { kind: 'case', subject, arms, redirects: yield* this.redirects(), line };
  }

  *#arm(): Parsing<{ patterns: Word[]; body: List; fallThrough: boolean }> {
    if ((yield* this.peek()) === '(') this.at++;
    const patterns: Word[] = [];
    for (;;) {
      yield* this.blanks();
      const pattern = yield* this.word();
      if (pattern.parts.length === 0) this.unexpected(this.token());
      patterns.push(pattern);
      yield* this.blanks();
      const char = yield* this.peek();
      this.at++;
      if (char === ')') break;
      if (char !== '|') {
        this.at--;
        this.unexpected(this.token());
      }
    }
    const body = yield* this.#compound([';;', ';&', 'esac'], true);
    const end = this.match(/;;|;&/y);
    return { patterns, body, fallThrough: end === ';&' };
  }

  *#functionKeyword(): Parsing<Command> {
    this.at += 8;
    yield* this.blanks();
    const name = plainText(yield* this.word()) ?? '';
    yield* this.blanks();
    if ((yield* this.peek()) === '(') yield* this.#emptyParentheses();
    return yield* this.#functionBody(name);
  }

  *#functionBody(name: string): Parsing<Command> {
    yield* this.skipNewlines();
    const body = yield* this.nested(() => this.#command());
    if (body.kind === 'simple') this.unexpected(plainText(body.words[0] ?? { parts: [] }) ?? 'newline');
    return { kind: 'function', name, body };
  }

  *#emptyParentheses(): Parsing<void> {
    this.at++;
    yield* this.blanks();
    if ((yield* this.peek()) !== ')') this.unexpected(this.token());
    this.at++;
  }

  *#simple(line: number): Parsing<Command> {
    const assignments: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      yield* this.blanks();
      const redirect = yield* this.redirect();
      if (redirect) {
        redirects.push(redirect);
        continue;
      }
      const char = yield* this.peek();
      if (char === '(' && words.length === 1 && assignments.length === 0 && redirects.length === 0) {
        const name = plainText(words[0] as Word);
        if (name === undefined) this.unexpected('(');
        yield* this.#emptyParentheses();
        return yield* this.#functionBody(name);
      }
      if (char === '' || '\n;&|()'.includes(char)) break;
      const word = yield* this.word();
      const assignment = words.length === 0 ? asAssignment(word) : undefined;
      if (assignment) assignments.push(assignment);
      else words.push(word);
      if (words.length === 1 && !assignment)
        this.#rejectReserved(words[0] as Word, assignments.length + redirects.length);
    }
    if (words.length + assignments.length + redirects.length === 0) this.unexpected(this.token());
    return { kind: 'simple', line, assignments, words, redirects };
  }

  #rejectReserved(word: Word, before: number): void {
    const text = plainText(word);
    if (before === 0 && text !== undefined && ['then', 'else', 'elif', 'fi', 'do', 'done', 'esac', '}'].includes(text))
      this.unexpected(text);
  }
}

/** Parses a whole text at once, as for `eval` inside a known script. */
export function parseAll(parser: ShellParser, text: string): List {
  const list: List = [];
  let rest: string | undefined = text;
  for (;;) {
    const parsing = parser.completeCommand();
    let state = parsing.next();
    while (!state.done) {
      const piece: string | undefined = rest;
      rest = undefined;
      state = parsing.next(piece);
    }
    if (!state.value) return list;
    list.push(...state.value);
  }
}

function finish<T>(parsing: Parsing<T>, text: string): T {
  let rest: string | undefined = text;
  let state = parsing.next();
  while (!state.done) {
    const piece: string | undefined = rest;
    rest = undefined;
    state = parsing.next(piece);
  }
  return state.value;
}

function asAssignment(word: Word): Assignment | undefined {
  const [first, ...rest] = word.parts;
  if (first?.kind !== 'text' || first.quoted) return undefined;
  const found = ASSIGNMENT.exec(first.text);
  if (!found) return undefined;
  const value = first.text.slice(found[0].length);
  const parts = value === '' ? rest : [{ ...first, text: value }, ...rest];
  return { name: found[1] as string, value: { parts }, append: found[2] === '+' };
}
