import { StarsError } from '../errors.js';

/** What a person typed, cut into words; `rest` is the text after `--`, untouched. */
export type Words = { words: string[]; rest: string | undefined };

/**
 * Undoes what phones and Slack do to typed text: curly quotes, exotic spaces, em dashes for `--`, link markup
 * (`<http://host|host>` is host again) and the entities of `& < >`.
 */
export function normalise(text: string): string {
  return text
    .replaceAll(/[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g, ' ')
    .replaceAll(/[\u200B-\u200D\u2060\uFEFF]/g, '')
    .replaceAll(/[\u2018\u2019\u201A\u201B]/g, "'")
    .replaceAll(/[\u201C\u201D\u201E\u201F\u00AB\u00BB]/g, '"')
    .replaceAll(/(^|\s)[\u2012-\u2015\u2212](?=[\w\s]|$)/g, '$1--')
    .replaceAll(/<(?:https?:\/\/|mailto:|tel:)[^|>]*\|([^>]*)>/g, '$1')
    .replaceAll(/<((?:https?:\/\/|mailto:|tel:)[^|>]*)>/g, (_markup, link: string) =>
      link.replace(/^(?:mailto|tel):/, ''),
    )
    .replaceAll(/<([@#!][^|>]+)(?:\|[^>]*)?>/g, '<$1>')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .trim();
}

/** Cuts a line into words as a shell would: quotes group, a backslash takes the next character as it is. USAGE when a quote stays open. */
export function splitWords(line: string): Words {
  const { words, restAt } = scan(line);
  return { words: words.map(({ word }) => word), rest: restAt === undefined ? undefined : line.slice(restAt).trim() };
}

/** The same words, each with its quotes and backslashes as typed. */
export function typedWords(line: string): TypedWord[] {
  return scan(line).words;
}

/** Words that a shell has split already. */
export function fromArguments(argv: readonly string[]): Words {
  const end = argv.indexOf('--');
  return end === -1
    ? { words: [...argv], rest: undefined }
    : { words: argv.slice(0, end), rest: argv.slice(end + 1).join(' ') };
}

type TypedWord = { word: string; typed: string };

function scan(line: string): { words: TypedWord[]; restAt?: number } {
  const words: TypedWord[] = [];
  let position = 0;
  for (;;) {
    while (/\s/.test(line[position] ?? '')) position += 1;
    if (position >= line.length) return { words };
    const start = position;
    const { word, end } = readWord(line, start);
    const typed = line.slice(start, end);
    if (typed === '--') return { words, restAt: end };
    words.push({ word, typed });
    position = end;
  }
}

function readWord(line: string, start: number): { word: string; end: number } {
  let word = '';
  let position = start;
  while (position < line.length && !/\s/.test(line[position] ?? '')) {
    const character = line[position] ?? '';
    if (character === '"' || character === "'") {
      const { text, end } = readQuoted(line, position);
      word += text;
      position = end;
    } else if (character === '\\' && position + 1 < line.length) {
      word += line[position + 1];
      position += 2;
    } else {
      word += character;
      position += 1;
    }
  }
  return { word, end: position };
}

function readQuoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start];
  let text = '';
  for (let position = start + 1; position < line.length; position += 1) {
    const character = line[position] ?? '';
    if (character === quote) return { text, end: position + 1 };
    if (character === '\\' && quote === '"' && /["\\]/.test(line[position + 1] ?? '')) {
      text += line[position + 1];
      position += 1;
    } else {
      text += character;
    }
  }
  throw new StarsError(
    'USAGE',
    `The quote that opens at character ${start + 1} is never closed: ${line.slice(start, start + 30)}`,
    {
      hint: `Add the closing ${quote}.`,
    },
  );
}
