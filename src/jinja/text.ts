import { templateError } from './template-error.js';

const LINE_END = new RegExp(String.raw`\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]`, 'g');

/** Python's `str.splitlines`. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const { 0: end, index } of text.matchAll(LINE_END)) {
    lines.push(text.slice(start, keepEnds ? index + end.length : index));
    start = index + end.length;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

/** Python's `str.split` and, from the end, `str.rsplit`; without a separator at runs of white space. */
export function splitText(text: string, separator: string | undefined, limit: number, fromEnd: boolean): string[] {
  if (separator === '') throw templateError('empty separator');
  if (separator === undefined) return splitSpace(text, limit, fromEnd);
  const pieces = text.split(separator);
  if (limit < 0 || pieces.length <= limit + 1) return pieces;
  return fromEnd
    ? [pieces.slice(0, pieces.length - limit).join(separator), ...pieces.slice(pieces.length - limit)]
    : [...pieces.slice(0, limit), pieces.slice(limit).join(separator)];
}

function splitSpace(text: string, limit: number, fromEnd: boolean): string[] {
  const words = [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => ({
    word,
    start: index,
    end: index + word.length,
  }));
  if (limit < 0 || words.length <= limit) return words.map(({ word }) => word);
  if (fromEnd) {
    const kept = limit === 0 ? [] : words.slice(-limit);
    const rest = words.at(-limit - 1);
    return [...(rest ? [text.slice(0, rest.end)] : []), ...kept.map(({ word }) => word)];
  }
  const rest = words[limit];
  return [...words.slice(0, limit).map(({ word }) => word), ...(rest ? [text.slice(rest.start)] : [])];
}

/** Without leading white space, or without leading characters of the set. */
export function stripStart(text: string, chars?: string): string {
  if (chars === undefined) return text.trimStart();
  const set = new Set(chars);
  const list = Array.from(text);
  const start = list.findIndex((char) => !set.has(char));
  return start < 0 ? '' : list.slice(start).join('');
}

/** Without trailing white space, or without trailing characters of the set. */
export function stripEnd(text: string, chars?: string): string {
  if (chars === undefined) return text.trimEnd();
  const set = new Set(chars);
  const list = Array.from(text);
  const end = list.findLastIndex((char) => !set.has(char));
  return list.slice(0, end + 1).join('');
}

export function capitalize(text: string): string {
  const [first = '', ...rest] = Array.from(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** Every run of letters with a capital first, as `str.title` does it. */
export function titleCase(text: string): string {
  return text.replace(/\p{L}+/gu, capitalize);
}

export function swapCase(text: string): string {
  return Array.from(text, (char) => (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase())).join('');
}

export function isLower(text: string): boolean {
  return text === text.toLowerCase() && text !== text.toUpperCase();
}

export function isUpper(text: string): boolean {
  return text === text.toUpperCase() && text !== text.toLowerCase();
}
