import { dictSet, equals } from '../jinja/python-value.js';
import { Float, Tuple, type Dict, type Value } from '../jinja/value.js';

/**
 * What Python's literal syntax makes of a text: numbers, quoted texts, lists, tuples, dicts, sets (as lists), True, False and None.
 * Undefined when the text is no literal; Ansible then takes the text itself.
 */
export function parsePythonLiteral(text: string): Value | undefined {
  try {
    return readWhole(createReader(text.replace(/^[ \t]+/, '')));
  } catch (error) {
    if (error instanceof NotALiteral) return undefined;
    throw error;
  }
}

class NotALiteral extends Error {}

type Reader = ReturnType<typeof createReader>;

// Python's own tokenizer stops at 200 open brackets.
const MAX_DEPTH = 200;

function createReader(text: string) {
  let at = 0;
  let open = 0;

  // Within brackets a literal may go on in the next line.
  function skipSpace(): void {
    const space = open > 0 ? /(?:[ \t\f\r\n]|#[^\n]*)*/y : /(?:[ \t\f]|#[^\n]*)*/y;
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
  }

  /** Moves past the expression, which must match at this place, and any space behind it. */
  function take(expression: RegExp): RegExpExecArray | undefined {
    const match = expression.exec(text.slice(at)) ?? undefined;
    if (!match) return undefined;
    at += match[0].length;
    if (/^[[({]/.test(match[0])) open += 1;
    if (/^[\])}]/.test(match[0])) open -= 1;
    skipSpace();
    return match;
  }

  return { take, atEnd: () => /^\n*$/.test(text.slice(at)) };
}

function readWhole(reader: Reader): Value {
  const first = readValue(reader, 0);
  const value = reader.take(/^,/) ? readTuple(reader, first) : first;
  if (!reader.atEnd()) throw new NotALiteral();
  return value;
}

function readTuple(reader: Reader, first: Value): Value {
  const items = [first];
  while (!reader.atEnd()) {
    items.push(readValue(reader, 0));
    if (!reader.take(/^,/)) break;
  }
  return Tuple.from(items);
}

function readValue(reader: Reader, depth: number): Value {
  if (depth > MAX_DEPTH) throw new NotALiteral();
  if (reader.take(/^\[/)) return readItems(reader, /^\]/, depth).items;
  if (reader.take(/^\(/)) return readParenthesis(reader, depth);
  if (reader.take(/^\{/)) return readDictOrSet(reader, depth);
  const word = reader.take(/^(?:True|False|None)(?!\w)/);
  if (word) return word[0] === 'None' ? null : word[0] === 'True';
  return readTexts(reader) ?? readNumber(reader);
}

function readItems(reader: Reader, end: RegExp, depth: number): { items: Value[]; comma: boolean } {
  const items: Value[] = [];
  let comma = false;
  while (!reader.take(end)) {
    if (items.length > 0 && !comma) throw new NotALiteral();
    items.push(readValue(reader, depth + 1));
    comma = reader.take(/^,/) !== undefined;
  }
  return { items, comma };
}

function readParenthesis(reader: Reader, depth: number): Value {
  const { items, comma } = readItems(reader, /^\)/, depth);
  const [only] = items;
  if (items.length === 1 && !comma && only !== undefined) return only;
  return Tuple.from(items);
}

function readDictOrSet(reader: Reader, depth: number): Value {
  if (reader.take(/^\}/)) return new Map();
  const first = readValue(reader, depth + 1);
  if (reader.take(/^:/)) return readDict(reader, first, depth);
  if (reader.take(/^\}/)) return hashable([first]);
  if (!reader.take(/^,/)) throw new NotALiteral();
  return distinct(hashable([first, ...readItems(reader, /^\}/, depth).items]));
}

function readDict(reader: Reader, firstKey: Value, depth: number): Dict {
  const dict: Dict = new Map();
  let key = firstKey;
  for (;;) {
    hashable([key]);
    dictSet(dict, key, readValue(reader, depth + 1));
    const comma = reader.take(/^,/);
    if (reader.take(/^\}/)) return dict;
    if (!comma) throw new NotALiteral();
    key = readValue(reader, depth + 1);
    if (!reader.take(/^:/)) throw new NotALiteral();
  }
}

/** A set holds what Python takes for equal once. */
function distinct(items: Value[]): Value[] {
  return items.filter((item, index) => items.findIndex((other) => equals(item, other)) === index);
}

// `{{ 1 }}` is a set of a set to Python and a template to everybody else.
function hashable(items: Value[]): Value[] {
  if (items.some((item) => item instanceof Map || (Array.isArray(item) && !(item instanceof Tuple))))
    throw new NotALiteral();
  return items;
}

const TEXT =
  /^([rR]|[bB]|[uU]|[rR][bB]|[bB][rR])?("""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')/;

/** One or more quoted texts side by side, which Python joins. */
function readTexts(reader: Reader): string | undefined {
  let joined: string | undefined;
  for (let match = reader.take(TEXT); match; match = reader.take(TEXT)) {
    const [, prefix = '', quoted = ''] = match;
    const body = /^('''|""")/.test(quoted) ? quoted.slice(3, -3) : quoted.slice(1, -1);
    joined = (joined ?? '') + (/r/i.test(prefix) ? body : unescapeText(body));
  }
  return joined;
}

const ESCAPES: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\n': '' };

function unescapeText(body: string): string {
  return body.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g,
    (_whole, octal?: string, x?: string, u?: string, long?: string, other = '') => {
      if (octal) return String.fromCodePoint(Number.parseInt(octal, 8));
      const hex = x ?? u ?? long;
      if (hex) return fromCodePoint(Number.parseInt(hex, 16));
      if (/[xuUN]/.test(other)) throw new NotALiteral();
      return ESCAPES[other] ?? (/[\\'"]/.test(other) ? other : `\\${other}`);
    },
  );
}

function fromCodePoint(code: number): string {
  if (code > 0x10ffff) throw new NotALiteral();
  return String.fromCodePoint(code);
}

const FLOAT =
  /^([+-]?)[ \t]*((?:\d(?:_?\d)*\.(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?|\d(?:_?\d)*[eE][+-]?\d+)(?![\w.])/;
const WHOLE =
  /^([+-]?)[ \t]*(0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?\d)*|0(?:_?0)*)(?![\w.])/;

function readNumber(reader: Reader): Value {
  const float = reader.take(FLOAT);
  if (float) return new Float(signed(float[1], Number(float[2]?.replaceAll('_', ''))));
  const whole = reader.take(WHOLE);
  if (!whole) throw new NotALiteral();
  const digits = whole[2]?.replaceAll('_', '') ?? '';
  const small = signed(whole[1], Number(digits));
  if (Number.isSafeInteger(small)) return small === 0 ? 0 : small;
  return whole[1] === '-' ? -BigInt(digits) : BigInt(digits);
}

function signed(sign: string | undefined, size: number): number {
  return sign === '-' ? -size : size;
}
