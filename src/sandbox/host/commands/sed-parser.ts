import { UsageFault } from './call.js';
import { posixRegex } from './regex.js';

export type SedAddress =
  | { kind: 'line'; number: number }
  | { kind: 'last' }
  | { kind: 'regex'; regex: RegExp | undefined }
  | { kind: 'step'; first: number; step: number }
  | { kind: 'plus'; count: number };

export type SedCommand = {
  name: string;
  from?: SedAddress;
  to?: SedAddress;
  negated: boolean;
  /** Text of a, i and c; label of b, t and `:`; file of r and w. */
  text: string;
  body?: SedCommand[];
  substitute?: {
    regex: RegExp | undefined;
    replacement: string;
    global: boolean;
    print: boolean;
    nth: number;
    file: string | undefined;
  };
  map?: Map<string, string>;
  /** Whether a range that this command starts is open. */
  active: boolean;
  endLine: number;
};

const MAX_DEPTH = 50;

/** Reads a sed script. An empty expression stands for the last one used and comes out as undefined. */
export function parseSed(script: string, extended: boolean): SedCommand[] {
  const parser = new SedParser(script, extended);
  return parser.commands(0);
}

class SedParser {
  #at = 0;

  constructor(
    readonly text: string,
    readonly extended: boolean,
  ) {}

  commands(depth: number): SedCommand[] {
    if (depth > MAX_DEPTH) this.#fail('nested too deeply');
    const result: SedCommand[] = [];
    for (;;) {
      this.#skip(/[\s;]+/y);
      const char = this.text[this.#at];
      if (char === undefined) {
        if (depth > 0) this.#fail("unmatched `{'");
        return result;
      }
      if (char === '#') {
        this.#skip(/[^\n]*/y);
        continue;
      }
      if (char === '}') {
        if (depth === 0) this.#fail("unexpected `}'");
        this.#at++;
        return result;
      }
      result.push(this.#command(depth));
    }
  }

  #command(depth: number): SedCommand {
    const from = this.#address();
    let to: SedAddress | undefined;
    this.#skip(/[ \t]*/y);
    if (from && this.text[this.#at] === ',') {
      this.#at++;
      this.#skip(/[ \t]*/y);
      to = this.#address();
      if (!to) this.#fail("unexpected `,'");
    }
    this.#skip(/[ \t]*/y);
    const negated = this.#skip(/!\s*/y) !== '';
    const name = this.text[this.#at++];
    if (name === undefined) this.#fail('missing command');
    const command: SedCommand = {
      name,
      negated,
      text: '',
      active: false,
      endLine: 0,
      ...(from ? { from } : {}),
      ...(to ? { to } : {}),
    };
    switch (name) {
      case '{':
        command.body = this.commands(depth + 1);
        break;
      case 's':
        command.substitute = this.#substitute();
        break;
      case 'y':
        command.map = this.#transliteration();
        break;
      case 'a':
      case 'i':
      case 'c':
        command.text = this.#block();
        break;
      case ':':
      case 'b':
      case 't':
      case 'T':
        command.text = this.#skip(/[ \t]*[^\n;}]*/y).trim();
        break;
      case 'r':
      case 'w':
        command.text = this.#skip(/[ \t]*[^\n]*/y).trim();
        break;
      case 'q':
      case 'Q':
        command.text = this.#skip(/[ \t]*\d*/y).trim();
        break;
      default:
        if (!'dDpPnNgGhHxl='.includes(name)) this.#fail(`unknown command: \`${name}'`);
    }
    this.#skip(/[ \t]*/y);
    const next = this.text[this.#at];
    if (next !== undefined && !'\n;}#'.includes(next) && name !== '{') this.#fail('extra characters after command');
    return command;
  }

  #address(): SedAddress | undefined {
    const number = this.#skip(/\d+/y);
    if (number !== '') {
      const step = this.#skip(/~\d+/y);
      return step === ''
        ? { kind: 'line', number: Number(number) }
        : { kind: 'step', first: Number(number), step: Number(step.slice(1)) };
    }
    const char = this.text[this.#at];
    if (char === '$') {
      this.#at++;
      return { kind: 'last' };
    }
    if (char === '+' && /^\+\d/.test(this.text.slice(this.#at)))
      return { kind: 'plus', count: Number(this.#skip(/\+\d+/y).slice(1)) };
    if (char !== '/' && char !== '\\') return undefined;
    if (char === '\\') this.#at++;
    const delimiter = this.text[this.#at++] ?? '';
    const source = this.#until(delimiter, true);
    const flags = this.#skip(/[IM]*/y).includes('I') ? 'i' : '';
    return { kind: 'regex', regex: source === '' ? undefined : posixRegex(source, { extended: this.extended, flags }) };
  }

  #substitute(): SedCommand['substitute'] {
    const delimiter = this.text[this.#at++];
    if (delimiter === undefined || delimiter === '\n' || delimiter === '\\') this.#fail("unterminated `s' command");
    const source = this.#until(delimiter, true);
    const replacement = this.#until(delimiter, false);
    const flags = this.#skip(/[gpiIemM\d]*/y);
    const file =
      this.#skip(/w[^\n]*/y)
        .slice(1)
        .trim() || undefined;
    const regex =
      source === ''
        ? undefined
        : posixRegex(source, {
            extended: this.extended,
            flags: `g${/i/i.test(flags) ? 'i' : ''}${/m/i.test(flags) ? 'm' : ''}`,
          });
    return {
      regex,
      replacement,
      global: flags.includes('g'),
      print: flags.includes('p'),
      nth: Number(/\d+/.exec(flags)?.[0] ?? 1),
      file,
    };
  }

  #transliteration(): Map<string, string> {
    const delimiter = this.text[this.#at++] ?? '';
    const unescape = (text: string) =>
      text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)).split('');
    const from = unescape(this.#until(delimiter, false));
    const to = unescape(this.#until(delimiter, false));
    if (from.length !== to.length) this.#fail("strings for `y' command are different lengths");
    return new Map(from.map((char, index) => [char, to[index] as string]));
  }

  /** Text up to an unescaped delimiter; an escaped one loses its backslash. */
  #until(delimiter: string, isRegex: boolean): string {
    let result = '';
    let inSet = false;
    for (;;) {
      const char = this.text[this.#at++];
      if (char === undefined || (char === '\n' && isRegex)) this.#fail("unterminated `s' command");
      if (char === '\\') {
        const next = this.text[this.#at++];
        if (next === undefined) this.#fail("unterminated `s' command");
        result += next === delimiter && !(isRegex && '(){}+?|.*[]^$'.includes(next)) ? next : `\\${next}`;
      } else if (char === delimiter && !inSet) return result;
      else {
        if (isRegex && char === '[' && !inSet) inSet = true;
        else if (char === ']' && inSet && !/\[\^?$/.test(result)) inSet = false;
        result += char;
      }
    }
  }

  /** Text of a, i and c: one-liner or after a backslash and newline, over lines that end in a backslash. */
  #block(): string {
    this.#skip(/[ \t]*/y);
    this.#skip(/\\[ \t]*\n?[ \t]*/y);
    let result = '';
    for (;;) {
      const char = this.text[this.#at++];
      if (char === undefined || char === '\n') return result;
      if (char === '\\') result += this.text[this.#at++] ?? '';
      else result += char;
    }
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #fail(message: string): never {
    throw new UsageFault(`-e expression #1, char ${this.#at}: ${message}`);
  }
}
