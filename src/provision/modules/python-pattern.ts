import { toJsRegExp, toJsReplacement } from '../../jinja/python-regex.js';

/** A compiled Python pattern for texts in which each character stands for one byte. */
export type Pattern = { exec(text: string): RegExpExecArray | null; all(): RegExp };

/** A Python regular expression over bytes, so `pattern` is read as UTF-8 bytes as well; throws TEMPLATE when it is none. */
export function bytePattern(pattern: string, { multiline = false, dotAll = false } = {}): Pattern {
  const flags = `${multiline ? 'm' : ''}${dotAll ? 's' : ''}`;
  const once = toJsRegExp(toBytes(pattern), flags);
  return { exec: (text) => once.exec(text), all: () => toJsRegExp(toBytes(pattern), `${flags}gd`) };
}

/** UTF-8 bytes as a text with one character each. */
export function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A replacement with `\1`, `\g<1>`, `\g<name>` and the usual escapes filled in from a match, as Python does. */
export function expandMatch(template: string, match: RegExpMatchArray): string {
  return toJsReplacement(template)(match);
}
