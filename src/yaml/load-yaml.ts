import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLError,
} from 'yaml';
import { type Position, StarsError } from '../errors.js';
import { dictKey } from '../jinja/python-value.js';
import { type Dict, Float, type Value } from '../jinja/value.js';
import { rememberKeyPosition, rememberPosition } from './position.js';
import { plainScalar } from './scalar.js';
import { syntaxError } from './syntax-error.js';
import { indentContinuation } from './under-indented.js';
import { taggedCollection, taggedScalar } from './tag.js';

const MAX_VALUES = 1_000_000;
const MAX_DEPTH = 200;
const MAX_REPAIRS = 20;

/** The one document of a YAML 1.1 text as Ansible reads it, null when it is empty. Throws SYNTAX with line and column. */
export function loadYaml(text: string, { file }: { file: string }): Value {
  const documents = loadYamlDocuments(text, { file });
  if (documents.length > 1) {
    throw new StarsError('SYNTAX', 'Here stands more than one YAML document.', {
      hint: 'Keep one document in the file: remove the further lines "---".',
      where: { file },
    });
  }
  return documents[0] ?? null;
}

/** Every document of a YAML text. Dicts keep their order, the last of equal keys wins, dates stay text. */
export function loadYamlDocuments(text: string, { file }: { file: string }): Value[] {
  if (text.slice(0, 1000).includes('\0')) throw notUtf8(file);
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const { documents, lines, parsed } = parseForgivingly(source, file);
  const scalar = isJson(source) ? jsonScalar : plainScalar;
  return documents.map((document) => new Reader(document, file, parsed, lines, scalar).read());
}

/** Text in which every other byte is a zero, as editors on Windows write it. */
function notUtf8(file: string): StarsError {
  return new StarsError('SYNTAX', 'This file is no UTF-8 text; it looks like UTF-16.', {
    where: { file, line: 1 },
    hint: 'Save it as UTF-8, for example with: iconv -f UTF-16 -t UTF-8.',
  });
}

// A directive that nobody knows is only a warning to the parser, and an error to Ansible.
function problems({ errors, warnings }: Pick<Document.Parsed, 'errors' | 'warnings'>): YAMLError[] {
  return [...errors, ...warnings.filter(({ code }) => code === 'BAD_DIRECTIVE')];
}

/** Ansible tries JSON first, where 1e3 is a number. */
function isJson(source: string): boolean {
  if (!/^\s*[[{\d-]/.test(source)) return false;
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

function jsonScalar(text: string): Value {
  return /^-?\d[\d.]*[eE]/.test(text) ? new Float(Number(text)) : plainScalar(text);
}

type Parsed = { documents: Document.Parsed[]; lines: LineCounter; parsed: string };

function parseForgivingly(source: string, file: string): Parsed {
  let parsed = source;
  let first: YAMLError | undefined;
  for (let attempt = 0; ; attempt += 1) {
    const lines = new LineCounter();
    const documents = parseDocuments(parsed, lines, file);
    const error = documents.flatMap(problems)[0];
    if (!error) return { documents, lines, parsed };
    first ??= error;
    const changed = attempt < MAX_REPAIRS ? indentContinuation(parsed, error) : undefined;
    if (changed === undefined) throw syntaxError(first, { source, file });
    parsed = changed;
  }
}

function parseDocuments(source: string, lineCounter: LineCounter, file: string): Document.Parsed[] {
  try {
    const parsed = parseAllDocuments(source, {
      version: '1.1',
      schema: 'failsafe',
      uniqueKeys: false,
      lineCounter,
      prettyErrors: false,
      logLevel: 'silent',
    });
    // What is empty has its problems all the same.
    return 'empty' in parsed ? (problems(parsed).length > 0 ? [parsed as never] : []) : parsed;
  } catch (cause) {
    throw new StarsError('SYNTAX', 'This YAML cannot be read: it is nested too deeply.', { where: { file }, cause });
  }
}

type Sized = { value: Value; size: number };

/** Turns one parsed document into values, counting what aliases multiply. */
class Reader {
  readonly #anchored = new Map<Node, Sized>();
  readonly #open = new Set<Node>();
  readonly #anchors = new Set<string>();

  constructor(
    private readonly document: Document.Parsed,
    private readonly file: string,
    private readonly source: string,
    private readonly lines: LineCounter,
    private readonly plainText: (text: string) => Value,
  ) {}

  read(): Value {
    return this.#node(this.document.contents, 0).value;
  }

  #node(node: Node | null, depth: number): Sized {
    if (depth > MAX_DEPTH) throw this.#error(`YAML may be nested ${MAX_DEPTH} levels deep at most.`, node);
    if (node === null) return { value: null, size: 1 };
    if (isAlias(node)) return this.#alias(node, depth);
    const known = this.#anchored.get(node);
    if (known) return known;
    this.#open.add(node);
    this.#nameAnchor(node);
    const sized = this.#content(node, depth);
    this.#open.delete(node);
    this.#anchored.set(node, sized);
    if (sized.size > MAX_VALUES) throw this.#error(`This YAML grows beyond ${MAX_VALUES} values.`, node);
    return sized;
  }

  #nameAnchor(node: Node): void {
    const name = isAlias(node) ? undefined : (node as { anchor?: string }).anchor;
    if (!name) return;
    if (this.#anchors.has(name)) throw this.#error(`The anchor &${name} stands twice in this document.`, node);
    this.#anchors.add(name);
  }

  #alias(node: Node, depth: number): Sized {
    const target = isAlias(node) ? node.resolve(this.document) : undefined;
    if (!target) throw this.#error('This alias has no anchor above it.', node);
    if (this.#open.has(target)) throw this.#error('This alias refers to the value it is part of.', node);
    return this.#node(target, depth);
  }

  #content(node: Node, depth: number): Sized {
    if (isMap(node)) return this.#map(node.items, node, depth);
    if (isSeq(node)) return this.#sequence(node.items, node, depth);
    if (isScalar(node)) return { value: this.#scalar(node), size: 1 };
    throw this.#error('This is no YAML value.', node);
  }

  #scalar(node: Scalar): Value {
    const source = typeof node.source === 'string' ? node.source : typeof node.value === 'string' ? node.value : '';
    const text = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED' ? this.#block(source, node) : source;
    if (node.tag && node.tag !== '?') {
      const value = taggedScalar(node.tag, text);
      if (value === undefined) throw this.#unknownTag(node.tag, node);
      return value;
    }
    return node.type === 'PLAIN' || node.type === undefined ? this.#plain(text, node) : text;
  }

  // YAML 1.1 gives these two a meaning that no loader of Ansible's knows.
  #plain(text: string, node: Scalar): Value {
    if (text === '=' || text === '<<') throw this.#error(`A lone ${text} has to be quoted.`, node, `Write '${text}'.`);
    return this.plainText(text);
  }

  // A block scalar at the very end of a text without final line break does not get one.
  #block(text: string, node: Scalar): string {
    const cutOff = (node.range?.[1] ?? 0) >= this.source.length && !this.source.endsWith('\n');
    return cutOff && text.endsWith('\n') ? text.slice(0, -1) : text;
  }

  #sequence(items: unknown[], node: Node, depth: number): Sized {
    const list: Value[] = [];
    let size = 1;
    for (const item of items) {
      const sized = isPair(item) ? this.#map([item], node, depth + 1) : this.#node(item as Node | null, depth + 1);
      list.push(sized.value);
      size += sized.size;
    }
    rememberPosition(list, this.#position(node));
    return { value: this.#collection(list, node), size };
  }

  #map(pairs: unknown[], node: Node, depth: number): Sized {
    const dict: Dict = new Map();
    let size = 1;
    const merged: Dict[] = [];
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      this.#refuseSecondColon(pair, node);
      const value = this.#node(pair.value, depth + 1);
      size += value.size + 1;
      if (isMergeKey(pair.key)) merged.push(...this.#mergeSources(value.value, pair.value ?? node).toReversed());
      else this.#setKey(dict, pair, value.value, depth);
    }
    rememberPosition(dict, this.#position(node));
    return { value: this.#collection(withMerged(dict, merged), node), size };
  }

  // `a: [b]: c` is read as a pair without a key, which may only stand at the start of a line.
  #refuseSecondColon({ key, value }: Pair, node: Node): void {
    const start = value?.range?.[0];
    if (!isNothing(key) || start === undefined || (node as { flow?: boolean }).flow) return;
    const colon = this.source.lastIndexOf(':', start - 1);
    const before = this.source.slice(this.source.lastIndexOf('\n', colon) + 1, colon);
    if (/[^\s?-]/.test(before))
      throw this.#error('Here stands a second colon.', value, 'Quote the text, or begin a new line.');
  }

  #setKey(dict: Dict, pair: Pair, value: Value, depth: number): void {
    const key = this.#node(pair.key, depth + 1).value;
    if (Array.isArray(key) || key instanceof Map) throw this.#collectionAsKey(pair.key);
    setLoosely(dict, key, value);
    if (pair.key) rememberKeyPosition(dict, key, this.#position(pair.key));
  }

  #mergeSources(value: Value, node: Node): Dict[] {
    const sources = Array.isArray(value) ? value : [value];
    return sources.map((source) => {
      if (source instanceof Map) return source;
      throw this.#error('"<<" needs a dict, or a list of dicts, to merge.', node);
    });
  }

  #collection(value: Value[] | Dict, node: Node): Value {
    const { tag } = node as { tag?: string };
    if (!tag || tag === '!' || tag === '?') return value;
    const tagged = taggedCollection(tag, value);
    if (tagged === undefined) throw this.#unknownTag(tag, node);
    return tagged;
  }

  #collectionAsKey(node: Node | null): StarsError {
    const start = node?.range?.[0] ?? 0;
    const braces = this.source.startsWith('{', start) && this.source[start - 1] === '{';
    return this.#error(
      braces ? 'A value that starts with "{{" has to be quoted.' : 'A list or dict cannot be the key of a dict.',
      node,
      braces ? 'Write the value in quotes: "{{ variable }}".' : undefined,
    );
  }

  #unknownTag(tag: string, node: Node): StarsError {
    return this.#error(
      `The YAML tag ${tag} is not known here.`,
      node,
      'Known are !vault, !unsafe and the tags of YAML 1.1.',
    );
  }

  #error(message: string, node: Node | null, hint?: string): StarsError {
    const where = node ? this.#position(node) : { file: this.file };
    return new StarsError('SYNTAX', message, { where, ...(hint === undefined ? {} : { hint }) });
  }

  #position(node: Node): Position {
    const { line, col } = this.lines.linePos(node.range?.[0] ?? 0);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }
}

type Pair = { key: Node | null; value: Node | null };

function isPair(item: unknown): item is Pair {
  return typeof item === 'object' && item !== null && 'key' in item && 'value' in item && !isScalar(item);
}

function isNothing(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.source === '' && node.type === 'PLAIN' && !node.tag);
}

function isMergeKey(key: Node | null): boolean {
  if (!isScalar(key)) return false;
  return (
    key.tag === 'tag:yaml.org,2002:merge' ||
    (key.type === 'PLAIN' && key.source === '<<' && (!key.tag || key.tag === '?'))
  );
}

/** Own keys win over merged ones, and merged keys come first, as PyYAML orders them. */
function withMerged(dict: Dict, sources: Dict[]): Dict {
  if (sources.length === 0) return dict;
  const own = [...dict];
  dict.clear();
  for (const source of [...sources, own]) for (const [key, value] of source) setLoosely(dict, key, value);
  return dict;
}

// To Python 1, 1.0 and True are one key.
function setLoosely(dict: Dict, key: Value, value: Value): void {
  const loose = typeof key === 'boolean' || key === 0 || key === 1 || key instanceof Float;
  dict.set((loose ? dictKey(dict, key) : undefined) ?? key, value);
}
