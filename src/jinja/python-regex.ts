import { boundedRegExp } from './bounded-regexp.js';
import { templateError } from './template-error.js';

const GROUP_NAME = /^[A-Za-z_]\w*$/;

/**
 * A Python regular expression as a JS one. `flags` are Python's letters (i, m, s, x); JS's g, y and d may be added. Inline flags,
 * `(?P<n>…)`, `(?P=n)`, `\A`, `\Z`, `(?#…)` and `$` before a final line break mean what they mean in Python.
 * Throws TEMPLATE when the expression cannot be used.
 */
export function toJsRegExp(pattern: string, flags = ''): RegExp {
  const inline = /^(?:\(\?(?:[aiLmsux]+|#[^)]*)\))+/.exec(pattern);
  const wanted = new Set(Array.from(flags + (inline?.[0].replaceAll(/\(\?#[^)]*\)|\W/g, '') ?? '')));
  const body = inline ? pattern.slice(inline[0].length) : pattern;
  const source = new Translation(body, {
    multiline: wanted.has('m'),
    verbose: wanted.has('x'),
    ignoreCase: wanted.has('i'),
    dotAll: wanted.has('s'),
  }).run();
  const jsFlags = ['g', 'y', 'd', 'i'].filter((flag) => wanted.has(flag)).join('');
  try {
    // `m` and `s` are spelled out in the translation, because Python's line ends differ.
    return boundedRegExp(wanted.has('a') ? inAscii(source) : source, `${jsFlags}u`);
  } catch (cause) {
    throw templateError(`The regular expression ${JSON.stringify(pattern)} cannot be used: ${reason(cause)}.`);
  }
}

/** Words and digits of ASCII alone: what the translation says of them in Unicode's properties nobody can have written. */
function inAscii(source: string): string {
  return source.replaceAll('\\p{L}\\p{N}_', 'a-zA-Z0-9_').replaceAll('\\p{Nd}', '\\d').replaceAll('\\P{Nd}', '\\D');
}

/** Python's replacement template (`\1`, `\g<1>`, `\g<name>`, `\n`) as a function of a match. */
export function toJsReplacement(template: string): (match: RegExpMatchArray) => string {
  if (/(?<!\\)(?:\\\\)*\\$/.test(template)) throw templateError('The replacement ends in a lone backslash.');
  const parts = [...template.matchAll(/\\(?:g<([^>]*)>|(0[0-7]{0,2}|[0-3][0-7]{2})|([1-9]\d?)|([^]))|[^\\]+|\\$/g)];
  return (match) =>
    parts
      .map(([all, name, octal, number, char]) => {
        if (name !== undefined) return group(match, name);
        if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
        if (number !== undefined) return group(match, number);
        return char === undefined ? all : replacementEscape(char);
      })
      .join('');
}

function group(match: RegExpMatchArray, name: string): string {
  const index = /^\d+$/.test(name) ? Number(name) : undefined;
  if (index === undefined && !(match.groups && Object.hasOwn(match.groups, name)))
    throw templateError(`There is no group "${name}" in the expression.`);
  if (index !== undefined && index >= match.length) throw templateError(`invalid group reference ${index}`);
  return (index === undefined ? match.groups?.[name] : match[index]) ?? '';
}

const REPLACEMENT_ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
};

function replacementEscape(char: string): string {
  const escape = REPLACEMENT_ESCAPES[char];
  if (escape === undefined && /[A-Za-z]/.test(char)) throw templateError(`bad escape \\${char} in the replacement`);
  return escape ?? `\\${char}`;
}

/** Python's `re.sub`. */
export function replaceAll(pattern: RegExp, template: string, text: string, limit = 0): string {
  const expand = toJsReplacement(template);
  // A group that does not exist is an error also where nothing matches.
  const empty = new RegExp(`${pattern.source}|`, pattern.flags.replace('y', '')).exec('');
  if (empty) expand(empty);
  const global = pattern.global ? pattern : boundedRegExp(pattern.source, `${pattern.flags}g`);
  let result = '';
  let at = 0;
  let done = 0;
  for (const match of text.matchAll(global)) {
    if (limit > 0 && done >= limit) break;
    result += text.slice(at, match.index) + expand(match);
    at = match.index + match[0].length;
    done += 1;
  }
  return result + text.slice(at);
}

/** Python's `re.escape`. */
export function escapeRegex(text: string): string {
  return text.replace(/[\t\n\v\f\r #$&()*+\-.?[\\\]^{|}~]/g, '\\$&');
}

function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.replace(/^Invalid regular expression: \/[^]*\/\w*: /, '').toLowerCase();
}

type Flags = { multiline: boolean; verbose: boolean; ignoreCase: boolean; dotAll: boolean };
type Scope = Flags & { names: string[] };

class Translation {
  #at = 0;
  // The flags of the groups around this place; `(?i:…)` sets its own.
  readonly #flags: Scope[];
  // Python refers back to groups that are closed, by number and by name.
  readonly #closed = new Set<string>();
  #groups = 0;

  constructor(
    private readonly pattern: string,
    private readonly global: Flags,
  ) {
    this.#flags = [{ ...global, names: [] }];
  }

  get #now(): Flags {
    return this.#flags.at(-1) ?? this.global;
  }

  run(): string {
    let result = '';
    while (this.#at < this.pattern.length) result += this.#next();
    return result;
  }

  #next(): string {
    const char = this.pattern[this.#at] ?? '';
    if (char === '\\') return this.#escape(false);
    if (char === '[') return this.#class();
    if (char === '(') return this.#group();
    if (char === '{') return this.#brace();
    this.#at += 1;
    const { multiline, verbose, dotAll } = this.#now;
    if (char === ')' && this.#flags.length > 1) this.#close();
    if (char === '^') return multiline ? '(?<=^|\\n)' : '^';
    if (char === '$') return multiline ? '(?=\\n|$)' : '(?=\\n?$)';
    if (char === '.') return dotAll ? '[^]' : '[^\\n]';
    if (char === '}' || char === ']') return `\\${char}`;
    if (verbose && /\s/.test(char)) return '';
    if (verbose && char === '#') return this.#lineComment();
    if (char === '*' || char === '+' || char === '?') return this.#quantifier(char);
    return this.#folds() && /\p{L}/u.test(char) ? `[${bothCases(char)}]` : char;
  }

  #lineComment(): string {
    const end = this.pattern.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.pattern.length : end + 1;
    return '';
  }

  #quantifier(char: string): string {
    if (this.pattern[this.#at] === '+' && char !== '+')
      throw templateError('Possessive quantifiers are not supported.');
    return char;
  }

  // A brace that is no quantifier is a plain character in Python.
  #brace(): string {
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(this.pattern.slice(this.#at));
    if (!match || (match[1] === '' && match[3] === '')) {
      this.#at += 1;
      return '\\{';
    }
    this.#at += match[0].length;
    return match[1] === '' ? `{0${match[2]}${match[3]}}` : match[0];
  }

  #group(): string {
    const rest = this.pattern.slice(this.#at);
    const named = /^\(\?P<([^>]*)>/.exec(rest);
    if (named) {
      if (!GROUP_NAME.test(named[1] ?? '')) throw templateError(`bad character in group name "${named[1]}"`);
      return this.#opened(named[0], `(?<${named[1]}>`, this.#now, named[1] ?? '');
    }
    const reference = /^\(\?P=(\w+)\)/.exec(rest);
    if (reference) {
      this.#requireClosed(reference[1] ?? '');
      return this.#took(reference[0], `\\k<${reference[1]}>`);
    }
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment) return this.#took(comment[0], '');
    const scoped = /^\(\?([aimsux]*)(?:-([imsx]+))?:/.exec(rest);
    if (scoped) return this.#scopedFlags(scoped);
    if (/^\(\?[aiLmsux]+\)/.test(rest))
      throw templateError('Inline flags have to stand at the start of the expression.');
    const lead = /^\((?:\?(?:<[=!]|[:=!]))?/.exec(rest);
    const start = lead?.[0] ?? '(';
    return this.#opened(start, start, this.#now, start === '(' ? '' : undefined);
  }

  #scopedFlags([all, on = '', off = '']: RegExpExecArray): string {
    if (off.includes('i') && this.global.ignoreCase) {
      throw templateError('A part of an expression cannot mind case where the whole ignores it.');
    }
    const flag = (letter: string, before: boolean) => on.includes(letter) || (before && !off.includes(letter));
    const { multiline, verbose, ignoreCase, dotAll } = this.#now;
    return this.#opened(all, '(?:', {
      multiline: flag('m', multiline),
      verbose: flag('x', verbose),
      ignoreCase: flag('i', ignoreCase),
      dotAll: flag('s', dotAll),
    });
  }

  /** Letters are written out in both cases where only a part of the expression ignores case. */
  #folds(): boolean {
    return this.#now.ignoreCase && !this.global.ignoreCase;
  }

  /** `name` is undefined for a group that captures nothing, and empty for one without name. */
  #opened(source: string, translation: string, flags: Flags, name?: string): string {
    if (name !== undefined) this.#groups += 1;
    this.#flags.push({ ...flags, names: name === undefined ? [] : [String(this.#groups), name] });
    return this.#took(source, translation);
  }

  #close(): void {
    for (const name of this.#flags.pop()?.names ?? []) this.#closed.add(name);
  }

  #requireClosed(name: string): void {
    if (!this.#closed.has(name)) throw templateError(`There is no group ${name} before this place of the expression.`);
  }

  #took(source: string, translation: string): string {
    this.#at += source.length;
    return translation;
  }

  #class(): string {
    let result = '[';
    this.#at += 1;
    if (this.pattern[this.#at] === '^') result += this.#took('^', '^');
    if (this.pattern[this.#at] === ']') result += this.#took(']', '\\]');
    while (this.#at < this.pattern.length && this.pattern[this.#at] !== ']') {
      const char = this.pattern[this.#at] ?? '';
      const afterSet = /\\(?:p\{Nd\}|s|S|w|W|d|D)$|_$/.test(result) && char === '-';
      const range = this.#folds() ? /^([a-z])-([a-z])|^([A-Z])-([A-Z])/.exec(this.pattern.slice(this.#at)) : undefined;
      if (range) result += this.#took(range[0], `${range[0].toLowerCase()}${range[0].toUpperCase()}`);
      else if (char === '\\') result += this.#escape(true);
      else if (this.#folds() && /\p{L}/u.test(char)) result += this.#took(char, bothCases(char));
      else result += this.#took(char, char === '[' || afterSet ? `\\${char}` : char);
    }
    if (this.pattern[this.#at] !== ']') throw templateError('A "[" of the regular expression is not closed.');
    this.#at += 1;
    return `${result}]`;
  }

  #escape(inClass: boolean): string {
    const rest = this.pattern.slice(this.#at);
    const octal = /^\\(0[0-7]{0,2}|[1-3][0-7]{2})/.exec(rest);
    if (octal)
      return this.#took(
        octal[0],
        `\\u${Number.parseInt(octal[1] ?? '', 8)
          .toString(16)
          .padStart(4, '0')}`,
      );
    const code = /^\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/.exec(rest);
    if (code)
      return this.#took(code[0], `\\u{${Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16).toString(16)}}`);
    const char = String.fromCodePoint(rest.codePointAt(1) ?? 0x5c);
    if (rest.length < 2) throw templateError('The regular expression ends in a lone backslash.');
    const number = inClass ? undefined : /^\\([1-9]\d?)/.exec(rest);
    if (number) {
      this.#requireClosed(number[1] ?? '');
      return this.#took(number[0], `(?:\\${number[1]})`);
    }
    const boundary = !inClass && (char === 'b' || char === 'B');
    if (boundary && /^(?:[*+?]|\{\d*,?\d*\})/.test(rest.slice(2))) throw templateError('There is nothing to repeat.');
    return this.#took(`\\${char}`, translateEscape(char, inClass));
  }
}

function bothCases(char: string): string {
  const [lower, upper] = [char.toLowerCase(), char.toUpperCase()];
  return upper.length === char.length && lower.length === char.length && lower !== upper ? lower + upper : char;
}

function translateEscape(char: string, inClass: boolean): string {
  const words: Record<string, string> = inClass
    ? { w: '\\p{L}\\p{N}_', d: '\\p{Nd}', s: '\\s', b: '\\u0008' }
    : {
        w: '[\\p{L}\\p{N}_]',
        W: '[^\\p{L}\\p{N}_]',
        d: '\\p{Nd}',
        D: '\\P{Nd}',
        A: '^',
        Z: '$',
        b: '(?:(?<=[\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_])|(?<![\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_]))',
        B: '(?:(?<=[\\p{L}\\p{N}_])(?=[\\p{L}\\p{N}_])|(?:^|(?<=[^]))(?<![\\p{L}\\p{N}_])(?![\\p{L}\\p{N}_]))',
      };
  const word = words[char];
  if (word !== undefined) return word;
  if (char === 'a') return '\\u0007';
  if (/[1-9]/.test(char)) return inClass ? char : `\\${char}`;
  if (/[nrtfvsSdDwW]/.test(char)) return `\\${char}`;
  if (/[A-Za-z]/.test(char)) throw templateError(`bad escape \\${char} in the regular expression`);
  if (char === '-') return inClass ? '\\-' : '-';
  return /[\^$\\.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}
