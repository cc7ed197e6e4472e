import { distinct } from '../jinja/filters/list.js';
import { parseFloatText, parseInteger } from '../jinja/filters/number.js';
import { dictSet } from '../jinja/python-value.js';
import { unescapeText } from '../jinja/string-literal.js';
import { type Dict, Float, Tuple, type Value } from '../jinja/value.js';

const MAX_DEPTH = 100;
const WORDS = new Map<string, Value>([
  ['True', true],
  ['False', false],
  ['None', null],
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** A Python or JSON literal (list, dict, tuple, text, number, constant) as a value; undefined when the text is none. */
export function parsePythonLiteral(text: string): Value | undefined {
  try {
    const reader = new Reader(text);
    const value = reader.value(0);
    return reader.atEnd() ? value : undefined;
  } catch (thrown) {
    if (thrown instanceof NoLiteral) return undefined;
    throw thrown;
  }
}

class NoLiteral extends Error {}

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  atEnd(): boolean {
    this.#space();
    return this.#at >= this.text.length;
  }

  value(depth: number): Value {
    if (depth > MAX_DEPTH) throw new NoLiteral();
    this.#space();
    switch (this.text[this.#at]) {
      case '[':
        return this.#items(']', depth);
      case '(':
        return this.#parenthesized(depth);
      case '{':
        return this.#braces(depth);
      default:
        return this.#scalar();
    }
  }

  #space(): void {
    const match = /(?:\s|#[^\n]*(?:\n|$))*/y;
    match.lastIndex = this.#at;
    this.#at += match.exec(this.text)?.[0].length ?? 0;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text) ?? undefined;
    if (match) this.#at += match[0].length;
    return match;
  }

  #skip(char: string): boolean {
    this.#space();
    const found = this.text[this.#at] === char;
    if (found) this.#at += 1;
    return found;
  }

  #items(closing: string, depth: number): Value[] {
    this.#at += 1;
    const items: Value[] = [];
    while (!this.#skip(closing)) {
      if (items.length > 0) this.#need(',');
      if (this.#skip(closing)) break;
      items.push(this.value(depth + 1));
    }
    return items;
  }

  #need(char: string): void {
    if (!this.#skip(char)) throw new NoLiteral();
  }

  #parenthesized(depth: number): Value {
    const start = this.#at;
    const items = this.#items(')', depth);
    const comma = /,\s*\)$/.test(this.text.slice(start, this.#at));
    return items.length === 1 && !comma ? (items[0] ?? null) : Tuple.from(items);
  }

  #braces(depth: number): Value {
    this.#at += 1;
    const dict: Dict = new Map();
    const set: Value[] = [];
    while (!this.#skip('}')) {
      if (dict.size + set.length > 0) this.#need(',');
      if (this.#skip('}')) break;
      const key = this.value(depth + 1);
      if (set.length === 0 && this.#skip(':')) this.#entry(dict, key, this.value(depth + 1));
      else if (dict.size === 0) set.push(key);
      else throw new NoLiteral();
    }
    return set.length > 0 ? distinct(set) : dict;
  }

  #entry(dict: Dict, key: Value, value: Value): void {
    if ((Array.isArray(key) && !(key instanceof Tuple)) || key instanceof Map) throw new NoLiteral();
    dictSet(dict, key, value);
  }

  #scalar(): Value {
    const text = this.#texts();
    if (text !== undefined) return text;
    const word = this.#take(/[A-Za-z_]\w*/y)?.[0];
    if (word !== undefined) {
      const value = WORDS.get(word);
      if (value === undefined) throw new NoLiteral();
      return value;
    }
    return this.#number();
  }

  #texts(): string | undefined {
    let text: string | undefined;
    for (;;) {
      const match = this.#take(/([uUrR]?)('''[^]*?'''|"""[^]*?"""|'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*")/y);
      if (!match) return text;
      const [, prefix = '', quoted = ''] = match;
      const width = /^('''|""")/.test(quoted) ? 3 : 1;
      const inner = quoted.slice(width, -width);
      text = (text ?? '') + (/r/i.test(prefix) ? inner : unescapeText(inner, () => new NoLiteral()));
      this.#space();
    }
  }

  #number(): Value {
    const match = this.#take(/([-+]*)\s*((?:0[bBoOxX][\da-fA-F_]+)|(?:(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][-+]?\d+)?))/y);
    if (!match) throw new NoLiteral();
    const [, signs = '', digits = ''] = match;
    const negative = Array.from(signs).filter((sign) => sign === '-').length % 2 === 1;
    if (/^0\d/.test(digits) && !/[.eE]/.test(digits) && !/^0+$/.test(digits)) throw new NoLiteral();
    const whole = parseInteger(digits, 0);
    if (whole !== undefined) return negative ? (typeof whole === 'bigint' ? -whole : 0 - whole) : whole;
    const float = parseFloatText(digits);
    if (!float) throw new NoLiteral();
    return new Float(negative ? -float.value : float.value);
  }
}
