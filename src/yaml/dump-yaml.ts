import { reprFloat, str } from '../jinja/python-text.js';
import { compare, isText, typeName } from '../jinja/python-value.js';
import { templateError, undefinedError } from '../jinja/template-error.js';
import { checkLength } from '../jinja/length-limit.js';
import { type Dict, Float, Undefined, type Value, VaultText } from '../jinja/value.js';
import { scalarStyle } from './scalar-style.js';

export type YamlLayout = {
  indent: number;
  width: number;
  sortKeys: boolean;
  /** Collections in `[]` and `{}`: always, never, or only where they hold nothing but scalars. */
  flow: boolean | undefined;
  explicitStart: boolean;
  explicitEnd: boolean;
};

const MAX_KEY = 128;
const MAX_DEPTH = 200;

/** YAML as PyYAML's dumper writes it. Throws TEMPLATE for what YAML cannot hold. */
export function dumpYaml(value: Value, layout: YamlLayout): string {
  return new Emitter(layout).document(value);
}

type Context = { inMapping: boolean; asKey: boolean };

class Emitter {
  #out: string[] = [];
  #size = 0;
  #column = 0;
  #indent = -1;
  #flowLevel = 0;
  #depth = 0;
  /** The last thing written was white space, or only indentation so far. */
  #whitespace = true;
  #indention = true;

  constructor(private readonly layout: YamlLayout) {}

  document(value: Value): string {
    if (this.layout.explicitStart) this.#indicator('---', true);
    this.#node(value, { inMapping: false, asKey: false });
    this.#lineBreak();
    if (this.layout.explicitEnd) this.#out.push('...\n');
    return this.#out.join('');
  }

  #node(value: Value, context: Context): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw templateError('This value is nested too deeply for YAML.');
    if (!isCollection(value)) this.#scalar(value, context);
    else if (this.#flowLevel > 0 || length(value) === 0 || this.#flows(value)) this.#flow(value);
    else if (Array.isArray(value)) this.#sequence(value, context);
    else this.#mapping(value);
    this.#depth -= 1;
  }

  #flows(value: Value[] | Dict): boolean {
    if (this.layout.flow !== undefined) return this.layout.flow;
    const inner = Array.isArray(value) ? [...value] : [...value].flat();
    return !inner.some((one) => isCollection(one) || one instanceof VaultText);
  }

  #sequence(list: Value[], { inMapping }: Context): void {
    const before = this.#indent;
    if (this.#indent < 0) this.#indent = 0;
    else if (!(inMapping && !this.#indention)) this.#indent += this.layout.indent;
    for (const item of list) {
      this.#writeIndent();
      this.#indicator('-', true, { indention: true });
      this.#node(item, { inMapping: false, asKey: false });
    }
    this.#indent = before;
  }

  #mapping(dict: Dict): void {
    const before = this.#indent;
    this.#indent = before < 0 ? 0 : before + this.layout.indent;
    for (const [key, value] of this.#entries(dict)) {
      this.#writeIndent();
      if (isSimpleKey(key)) {
        this.#node(key, { inMapping: true, asKey: true });
        this.#indicator(':', false);
      } else {
        this.#indicator('?', true, { indention: true });
        this.#node(key, { inMapping: true, asKey: false });
        this.#writeIndent();
        this.#indicator(':', true, { indention: true });
      }
      this.#node(value, { inMapping: true, asKey: false });
    }
    this.#indent = before;
  }

  #entries(dict: Dict): [Value, Value][] {
    const entries = [...dict];
    if (!this.layout.sortKeys) return entries;
    try {
      return [...entries].sort(([a], [b]) => compare(a, b));
    } catch {
      // Keys of types that have no order among each other stay as they are.
      return entries;
    }
  }

  #flow(value: Value[] | Dict): void {
    const before = this.#indent;
    this.#indicator(Array.isArray(value) ? '[' : '{', true, { whitespace: true });
    this.#flowLevel += 1;
    this.#indent = before < 0 ? this.layout.indent : before + this.layout.indent;
    const entries = Array.isArray(value) ? value.map((item) => [item] as const) : this.#entries(value);
    entries.forEach(([first, second], index) => {
      if (index > 0) this.#indicator(',', false);
      if (this.#column > this.layout.width) this.#writeIndent();
      this.#node(first, { inMapping: second !== undefined, asKey: second !== undefined });
      if (second === undefined) return;
      this.#indicator(':', false);
      this.#node(second, { inMapping: true, asKey: false });
    });
    this.#indent = before;
    this.#flowLevel -= 1;
    this.#indicator(Array.isArray(value) ? ']' : '}', false);
  }

  #scalar(value: Value, { asKey }: Context): void {
    const before = this.#indent;
    this.#indent = before < 0 ? this.layout.indent : before + this.layout.indent;
    if (value instanceof VaultText) {
      this.#vault(value.text);
      this.#indent = before;
      return;
    }
    const { text, style } = scalar(value, { inFlow: this.#flowLevel > 0, asKey });
    if (style === 'plain') this.#plain(text, !asKey);
    else if (style === 'single') this.#single(text, !asKey);
    else this.#double(text, !asKey);
    this.#indent = before;
  }

  #vault(text: string): void {
    this.#indicator('!vault', true);
    this.#indicator('|', true);
    for (const line of text.trimEnd().split('\n')) {
      this.#lineBreak();
      this.#writeIndent();
      this.#write(line);
    }
    this.#whitespace = false;
    this.#indention = false;
  }

  #plain(text: string, split: boolean): void {
    if (!this.#whitespace) this.#write(' ');
    this.#whitespace = false;
    this.#indention = false;
    for (const piece of text.match(/ +|[^ ]+/g) ?? []) {
      if (piece === ' ' && split && this.#column > this.layout.width) {
        this.#writeIndent();
        this.#whitespace = false;
        this.#indention = false;
      } else this.#write(piece);
    }
  }

  #single(text: string, split: boolean): void {
    this.#indicator("'", true);
    let at = 0;
    for (const piece of text.match(/ +|[\n\x85\u2028\u2029]+|[^ \n\x85\u2028\u2029]+/g) ?? []) {
      const inside = at > 0 && at + piece.length < text.length;
      if (piece === ' ' && split && inside && this.#column > this.layout.width) this.#writeIndent();
      else if (piece.startsWith(' ') || !/[\n\x85\u2028\u2029]/.test(piece)) this.#write(piece.replaceAll("'", "''"));
      else {
        if (piece.startsWith('\n')) this.#lineBreak();
        for (const line of piece) this.#lineBreak(line);
        this.#writeIndent();
      }
      at += piece.length;
    }
    this.#indicator("'", false);
  }

  #double(text: string, split: boolean): void {
    this.#indicator('"', true);
    let start = 0;
    for (let end = 0; end <= text.length; end += 1) {
      const char = text[end];
      if (char === undefined || needsEscape(char)) {
        this.#write(text.slice(start, end));
        start = end;
        if (char !== undefined) {
          const whole = String.fromCodePoint(text.codePointAt(end) ?? 0);
          this.#write(escaped(whole));
          if (whole.length > 1) end += 1;
          start = end + 1;
        }
      }
      const inside = end > 0 && end < text.length - 1;
      if (!inside || !split || !(char === ' ' || start >= end) || this.#column + (end - start) <= this.layout.width)
        continue;
      this.#write(`${text.slice(start, end)}\\`);
      start = Math.max(start, end);
      this.#writeIndent();
      this.#whitespace = false;
      this.#indention = false;
      if (text[start] === ' ') this.#write('\\');
    }
    this.#indicator('"', false);
  }

  #indicator(text: string, needsSpace: boolean, { whitespace = false, indention = false } = {}): void {
    this.#write(this.#whitespace || !needsSpace ? text : ` ${text}`);
    this.#whitespace = whitespace;
    this.#indention &&= indention;
  }

  #writeIndent(): void {
    const indent = Math.max(0, this.#indent);
    if (!this.#indention || this.#column > indent || (this.#column === indent && !this.#whitespace)) this.#lineBreak();
    if (this.#column < indent) {
      this.#whitespace = true;
      this.#write(' '.repeat(indent - this.#column));
    }
  }

  #lineBreak(text = '\n'): void {
    this.#whitespace = true;
    this.#indention = true;
    this.#out.push(text);
    this.#column = 0;
  }

  #write(text: string): void {
    this.#size += text.length;
    checkLength(this.#size);
    this.#column += text.length;
    this.#out.push(text);
  }
}

function isCollection(value: Value | undefined): value is Value[] | Dict {
  return Array.isArray(value) || value instanceof Map;
}

function length(value: Value[] | Dict): number {
  return Array.isArray(value) ? value.length : value.size;
}

function isSimpleKey(key: Value): boolean {
  if (isCollection(key)) return length(key) === 0;
  const { text } = scalar(key);
  return text.length < MAX_KEY && !text.includes('\n');
}

function scalar(
  value: Value,
  place = { inFlow: false, asKey: false },
): { text: string; style: 'plain' | 'single' | 'double' } {
  if (isText(value)) return { text: str(value), style: scalarStyle(str(value), place) };
  if (value === null) return { text: 'null', style: 'plain' };
  if (typeof value === 'boolean') return { text: String(value), style: 'plain' };
  if (typeof value === 'number' || typeof value === 'bigint') return { text: String(value), style: 'plain' };
  if (value instanceof Float) return { text: floatText(value.value), style: 'plain' };
  if (value instanceof Undefined) throw undefinedError(value);
  throw templateError(`A ${typeName(value)} cannot be written as YAML.`);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const text = reprFloat(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

function needsEscape(char: string): boolean {
  if ('"\\\x85\u2028\u2029\uFEFF'.includes(char)) return true;
  return !(
    (char >= ' ' && char <= '~') ||
    (char >= '\xA0' && char <= '\uD7FF') ||
    (char >= '\uE000' && char <= '\uFFFD')
  );
}

const ESCAPES: Record<string, string> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1B': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xA0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

function escaped(char: string): string {
  const short = ESCAPES[char];
  if (short !== undefined) return `\\${short}`;
  const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase();
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
}
