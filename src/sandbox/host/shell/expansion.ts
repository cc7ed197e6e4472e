import type { List, Part, Word } from './ast.js';
import { ArithmeticError, evaluateArithmetic } from './arithmetic.js';
import { Fields } from './fields.js';
import { expandGlob } from './glob.js';
import { compilePattern, isPattern, literalPattern, matchingPrefix, matchingSuffix } from './pattern.js';
import { ExpansionFailure } from './state.js';
import type { ShellState } from './state.js';

const MAX_TEXT = 64 * 1024 * 1024;

/** Turns words into arguments. Commands inside them are run by the function it is given. */
export class Expansion {
  constructor(
    readonly state: ShellState,
    readonly commandOutput: (body: List) => Promise<string>,
  ) {}

  /** All words as arguments: expanded, split and matched against files. */
  async arguments(words: readonly Word[]): Promise<string[]> {
    const result: string[] = [];
    for (const word of words) {
      const [only] = word.parts;
      if (word.parts.length === 1 && only?.kind === 'text' && (only.quoted || !/[*?[~]/.test(only.text)))
        result.push(only.text);
      else result.push(...(await this.#fields(word)));
    }
    return result;
  }

  /** A word as one text, neither split nor matched: assignments, redirections, here-documents, `case`. */
  async text(word: Word, assignment = false): Promise<string> {
    let text = '';
    for (const [index, part] of word.parts.entries()) {
      if (part.kind === 'text') text += part.quoted ? part.text : this.#tilde(part.text, index === 0, assignment);
      else text += await this.#partText(part);
    }
    return limited(text);
  }

  /** A word as a pattern in which quoted characters stand for themselves. */
  async pattern(word: Word): Promise<string> {
    let text = '';
    for (const [index, part] of word.parts.entries()) {
      if (part.kind === 'text')
        text += part.quoted ? literalPattern(part.text) : this.#tilde(part.text, index === 0, false);
      else if (part.kind === 'param' && part.word && !/[%#]/.test(part.operator ?? '') && !part.quoted)
        text += await this.#parameterPattern(part);
      else text += part.quoted ? literalPattern(await this.#partText(part)) : await this.#partText(part);
    }
    return text;
  }

  async #parameterPattern(part: Part & { kind: 'param' }): Promise<string> {
    const chosen = await this.#alternative(part);
    return chosen.word ? this.pattern(chosen.word) : (chosen.value ?? '');
  }

  async #fields(word: Word): Promise<string[]> {
    const fields = new Fields(this.state.get('IFS') ?? ' \t\n');
    await this.#addParts(word.parts, fields, false);
    const result: string[] = [];
    for (const { text, pattern } of fields.finish()) {
      const found =
        !this.state.options.noglob && isPattern(pattern)
          ? expandGlob(pattern, this.state.proc, this.state.kernel.fs)
          : [];
      if (found.length > 0) result.push(...found);
      else result.push(text);
    }
    return result;
  }

  async #addParts(parts: readonly Part[], fields: Fields, splitText: boolean): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (part.kind === 'text' && part.quoted) fields.addQuoted(part.text);
      else if (part.kind === 'text') {
        const text = this.#tilde(part.text, index === 0, false);
        if (splitText && text === part.text) fields.addSplit(text);
        else fields.addLiteral(text);
      } else if (part.kind === 'param' && (part.name === '@' || part.name === '*') && part.operator === undefined)
        this.#addParams(part, fields);
      else if (part.kind === 'param' && part.word && !/[%#]/.test(part.operator ?? ''))
        await this.#addAlternative(part, fields);
      else {
        const text = await this.#partText(part);
        if (part.quoted) fields.addQuoted(text);
        else fields.addSplit(text);
      }
    }
  }

  #addParams({ name, quoted }: { name: string; quoted: boolean }, fields: Fields): void {
    const { params } = this.state;
    if (quoted && name === '*') return fields.addQuoted(params.join(this.#firstSeparator()));
    for (const [index, param] of params.entries()) {
      if (index > 0) fields.endField();
      if (quoted) fields.addQuoted(param);
      else fields.addSplit(param);
    }
  }

  async #addAlternative(part: Part & { kind: 'param' }, fields: Fields): Promise<void> {
    const { value, word } = await this.#alternative(part);
    if (word) {
      if (part.quoted && word.parts.length === 0) fields.addQuoted('');
      return this.#addParts(word.parts, fields, !part.quoted);
    }
    if ((part.name === '@' || part.name === '*') && value !== undefined) return this.#addParams(part, fields);
    if (part.quoted) fields.addQuoted(value ?? '');
    else fields.addSplit(value ?? '');
  }

  /** Which side of `${x-word}`, `=`, `?` or `+` counts. */
  async #alternative({
    name,
    operator = '-',
    word = { parts: [] },
  }: Part & { kind: 'param' }): Promise<{ value?: string; word?: Word }> {
    const value = this.#value(name);
    const absent = value === undefined || (operator.startsWith(':') && value === '');
    switch (operator.at(-1)) {
      case '+':
        return absent ? { value: '' } : { word };
      case '=': {
        if (!absent) return { value };
        if (!/^[A-Za-z_]/.test(name)) throw new ExpansionFailure(`$${name}: cannot assign in this way`);
        const assigned = await this.text(word);
        this.state.set(name, assigned);
        return { value: assigned };
      }
      case '?':
        if (!absent) return { value };
        throw new ExpansionFailure(
          `${name}: ${(await this.text(word)) || (operator === ':?' ? 'parameter null or not set' : 'parameter not set')}`,
          this.state.isCommandString ? 127 : 1,
        );
      default:
        return absent ? { word } : { value };
    }
  }

  async #partText(part: Part): Promise<string> {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'param':
        return this.#paramText(part);
      case 'command':
        return limited((await this.commandOutput(part.body)).replaceAll('\0', '').replace(/\n+$/, ''));
      case 'arithmetic':
        return String(this.arithmetic(await this.text(part.expression)));
      case 'slice':
        return this.#slice(part);
      case 'replace':
        return this.#replace(part);
      default:
        throw new ExpansionFailure(`${part.text}: bad substitution`);
    }
  }

  arithmetic(text: string): bigint {
    try {
      return evaluateArithmetic(text, {
        get: (name) => this.#required(name),
        set: (name, value) => this.state.set(name, value),
      });
    } catch (thrown) {
      if (thrown instanceof ArithmeticError) throw new ExpansionFailure(thrown.message);
      throw thrown;
    }
  }

  async #paramText(part: Part & { kind: 'param' }): Promise<string> {
    const { name, operator, word } = part;
    if (operator === undefined) return this.#required(name);
    if (operator === 'length')
      return String(name === '@' || name === '*' ? this.state.params.length : characters(this.#required(name)));
    if (!word) return this.#required(name);
    if (!/[%#]/.test(operator)) {
      const chosen = await this.#alternative(part);
      return chosen.word ? this.text(chosen.word) : (chosen.value ?? '');
    }
    const value = this.#required(name);
    const pattern = compilePattern(await this.pattern(word));
    const cut =
      (operator.startsWith('%') ? matchingSuffix : matchingPrefix)(pattern, value, operator.length === 2) ?? 0;
    return operator.startsWith('%') ? value.slice(0, value.length - cut) : value.slice(cut);
  }

  async #slice({ name, offset, length }: Part & { kind: 'slice' }): Promise<string> {
    const value = this.#required(name);
    const from = Number(this.arithmetic(await this.text(offset)));
    const start = from < 0 ? Math.max(0, value.length + from) : from;
    if (!length) return value.slice(start);
    const count = Number(this.arithmetic(await this.text(length)));
    return count < 0 ? value.slice(start, count) : value.slice(start, start + count);
  }

  async #replace({ name, pattern, replacement, all }: Part & { kind: 'replace' }): Promise<string> {
    const value = this.#required(name);
    const compiled = compilePattern(await this.pattern(pattern));
    const text = await this.text(replacement);
    let result = '';
    for (let at = 0; at < value.length; ) {
      const length = matchingPrefix(compiled, value.slice(at), true);
      if (length === undefined || length === 0) result += value[at++];
      else {
        result += text;
        at += length;
        if (!all) return result + value.slice(at);
      }
    }
    return result;
  }

  #required(name: string): string {
    const value = this.#value(name);
    if (value === undefined && this.state.options.nounset && name !== '@' && name !== '*') {
      throw new ExpansionFailure(`${name}: unbound variable`, this.state.isCommandString ? 127 : 1);
    }
    return value ?? '';
  }

  /** A variable's or special parameter's value; undefined when it is not set. */
  #value(name: string): string | undefined {
    const { state } = this;
    switch (name) {
      case '?':
        return String(state.status);
      case '#':
        return String(state.params.length);
      case '$':
        return String(state.mainPid);
      case '!':
        return state.lastBackground === undefined ? undefined : String(state.lastBackground);
      case '-':
        return state.flags();
      case '0':
        return state.name;
      case '@':
        return state.params.length > 0 ? state.params.join(' ') : undefined;
      case '*':
        return state.params.length > 0 ? state.params.join(this.#firstSeparator()) : undefined;
      case 'LINENO':
        return String(state.line);
      case 'RANDOM':
        return String(Math.floor(Math.random() * 32_768));
      case 'UID':
      case 'EUID':
        return state.get(name) ?? String(state.proc.user.uid);
      default:
        return /^\d+$/.test(name) ? state.params[Number(name) - 1] : state.get(name);
    }
  }

  #firstSeparator(): string {
    return (this.state.get('IFS') ?? ' ').slice(0, 1);
  }

  #tilde(text: string, first: boolean, assignment: boolean): string {
    if (!text.includes('~')) return text;
    const expand = (piece: string) =>
      piece.replace(/^~([\w.-]*)(?=\/|$)/, (whole, user: string) => this.#home(user) ?? whole);
    if (!assignment) return first ? expand(text) : text;
    return text
      .split(':')
      .map((piece, index) => (index > 0 || first ? expand(piece) : piece))
      .join(':');
  }

  #home(user: string): string | undefined {
    if (user === '') return this.state.get('HOME');
    const node = this.state.kernel.fs.find('/etc/passwd');
    if (node?.kind !== 'file') return undefined;
    const line = node.data
      .subarray(0, node.size)
      .toString('latin1')
      .split('\n')
      .find((entry) => entry.startsWith(`${user}:`));
    return line?.split(':')[5];
  }
}

/** Characters, not bytes: CentOS's shell counts in UTF-8. */
function characters(bytes: string): number {
  return /[\x80-\xff]/.test(bytes) ? Array.from(Buffer.from(bytes, 'latin1').toString('utf8')).length : bytes.length;
}

function limited(text: string): string {
  if (text.length > MAX_TEXT) throw new ExpansionFailure('Cannot allocate memory');
  return text;
}
