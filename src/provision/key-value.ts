import { type Position, StarsError } from '../errors.js';

/** `k=v` text of a task: the named arguments and the words that are none, joined as they stood. Nothing is templated yet. */
export type KeyValueText = { named: Map<string, string>; rest: string };

/** Arguments that command, shell and their kin take out of their free-form text; every other `a=b` belongs to the command. */
const COMMAND_OPTIONS = new Set([
  'creates',
  'removes',
  'chdir',
  'executable',
  'warn',
  'stdin',
  'stdin_add_newline',
  'strip_empty_ends',
]);

export type KeyValueOptions = { where: Position | undefined; onlyCommandOptions: boolean };

/**
 * Splits as Ansible does: at spaces and line breaks that are neither within quotes nor within {{ }}, {% %} or {# #}. Escapes such as
 * `\n` mean what they mean in Python, but `\1` stays for regular expressions; outer quotes of a value go. Throws SYNTAX for an open quote or template.
 */
export function parseKeyValues(text: string, { where, onlyCommandOptions }: KeyValueOptions): KeyValueText {
  const named = new Map<string, string>();
  const rest: string[] = [];
  for (const word of splitWords(text, where)) {
    const decoded = decodeEscapes(word);
    const equals = /(?<=[^\\])=/.exec(decoded)?.index ?? 0;
    const name = decoded.slice(0, equals);
    if (equals > 0 && (!onlyCommandOptions || COMMAND_OPTIONS.has(name)))
      named.set(name.trim(), unquote(decoded.slice(equals + 1).trim()));
    else rest.push(equals === 0 && decoded.includes('=') ? decoded.replaceAll('\\=', '=') : word);
  }
  return { named, rest: join(rest) };
}

function decodeEscapes(word: string): string {
  return word.replace(
    /\\(?:U([\da-fA-F]{8})|u([\da-fA-F]{4})|x([\da-fA-F]{2})|([\\'"abfnrtv]))/g,
    (all, long?: string, short?: string, byte?: string, letter?: string) => {
      if (letter !== undefined) return LETTERS[letter] ?? letter;
      const code = Number.parseInt(long ?? short ?? byte ?? '', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    },
  );
}

const LETTERS: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unquote(value: string): string {
  const quote = value[0];
  const quoted =
    value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote) && !value.endsWith(`\\${quote}`);
  return quoted ? value.slice(1, -1) : value;
}

function join(words: readonly string[]): string {
  return words.reduce((text, word) => (text === '' || text.endsWith('\n') ? text + word : `${text} ${word}`), '');
}

const BLOCKS = [
  ['{{', '}}'],
  ['{%', '%}'],
  ['{#', '#}'],
] as const;

/** Words with the white space that follows them beyond one space, so that they can be put together as they stood. */
function splitWords(text: string, where: Position | undefined): string[] {
  const words: string[] = [];
  const depths = BLOCKS.map(() => 0);
  let quote = '';
  const extend = (more: string) => words.push((words.pop() ?? '') + more);

  function take(token: string, spacer: string): void {
    const wasQuoted = quote !== '';
    const wasOpen = depths.some((depth) => depth > 0);
    quote = quoteAfter(token, quote);
    if (wasOpen || wasQuoted) extend(spacer + token);
    const changes = BLOCKS.map(([open, close], kind) => {
      const before = depths[kind] ?? 0;
      depths[kind] = Math.max(0, before + count(token, open) - count(token, close));
      return depths[kind] !== before;
    });
    if (!wasOpen && !wasQuoted && (token !== '' || changes.includes(true))) words.push(token);
  }

  const lines = text.split('\n');
  for (const [row, line] of lines.entries()) {
    const tokens = line.split(' ');
    let continued = false;
    for (const [index, token] of tokens.entries()) {
      if (token === '' && index > 0) {
        if (words.length > 0) extend(' ');
      } else if (token === '\\' && quote === '') continued = true;
      else take(token, index > 0 ? ' ' : quote !== '' || tokens.length > 1 ? '' : '\n');
    }
    if (row < lines.length - 1 && !continued && words.length > 0) extend('\n');
  }
  const unfinished = quote || BLOCKS.find((_, kind) => (depths[kind] ?? 0) > 0)?.[1];
  if (unfinished) throw notComplete(unfinished, text, where);
  return words;
}

/** The quote that is open behind a token, given the one that was open before it. */
function quoteAfter(token: string, before: string): string {
  let quote = before;
  for (const [, mark = ''] of token.matchAll(/(?<!\\)(["'])/g)) {
    if (quote === '') quote = mark;
    else if (quote === mark) quote = '';
  }
  return quote;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function notComplete(missing: string, text: string, where: Position | undefined): StarsError {
  return new StarsError(
    'SYNTAX',
    `The arguments are not complete: ${missing} is missing in “${text.trim().slice(0, 60)}”.`,
    { hint: 'Close every quote and every {{ }} on the line.', ...(where ? { where } : {}) },
  );
}
