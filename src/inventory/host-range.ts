import { isIPv6 } from 'node:net';
import { StarsError, type Position } from '../errors.js';

const RANGE = String.raw`\[(?:[a-z]:[a-z]|\d+:\d+)(?::\d+)?\]`;
const LABEL = String.raw`(?:[\p{L}\p{N}_]|${RANGE})(?:[\p{L}\p{N}_-]|${RANGE})*(?<![_-])`;
const HOST_NAME = new RegExp(String.raw`^${LABEL}(?:\.${LABEL})*$`, 'iu');
const HEX_RANGE = /\[[\da-f]+:[\da-f]+(?::\d+)?\]/gi;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

// More hosts than any inventory has; a slip such as [0:999999999] must not fill the memory.
const MAX_HOSTS = 100_000;

/** A host name or address (ranges allowed) and its port, or undefined when the text is neither. */
export function parseHostAddress(text: string): { host: string; port: number | undefined } | undefined {
  const match = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^((?:[^:[\]]|\[[^\]]*\])*):(\d+)$/.exec(text);
  const host = match?.[1] ?? text;
  if (!HOST_NAME.test(host) && !isIPv6(host.replace(HEX_RANGE, '0'))) return undefined;
  return { host, port: match ? Number(match[2]) : undefined };
}

export type ExpandedHosts = { hosts: string[]; port: number | undefined };

/** All host names that a definition such as `web[01:20]-[a:c].example.org:2222` stands for. Throws INVENTORY. */
export function expandHosts(definition: string, where: Position): ExpandedHosts {
  const address = parseHostAddress(definition);
  if (!address && definition.endsWith(':')) {
    throw new StarsError('INVENTORY', `A host cannot end in ":", which stands before a port: ${definition}`, {
      where,
      hint: 'In an INI inventory groups are written [name]. Remove the colon, or write the port behind it.',
    });
  }
  const host = address?.host ?? definition;
  return { hosts: expandRanges(host, where), port: address?.port };
}

function expandRanges(text: string, where: Position): string[] {
  const open = text.indexOf('[');
  if (open === -1) return [text];
  const close = text.indexOf(']', open);
  if (close === -1)
    throw badRange(text, open === 0 ? 'the section or range has no closing ]' : 'the range has no closing ]', where);
  const items = rangeItems(text.slice(open + 1, close), text, where);
  const tails = expandRanges(text.slice(close + 1), where);
  if (items.length * tails.length > MAX_HOSTS)
    throw badRange(text, `it stands for more than ${MAX_HOSTS} hosts`, where);
  return items.flatMap((item) => tails.map((tail) => text.slice(0, open) + item + tail));
}

function rangeItems(range: string, text: string, where: Position): string[] {
  const bounds = range.split(':');
  if (bounds.length !== 2 && bounds.length !== 3) throw badRange(text, 'a range is begin:end or begin:end:step', where);
  const [begin = '', end = '', step = '1'] = bounds;
  if (end === '') throw badRange(text, 'the range has no end', where);
  if (!/^\d+$/.test(step) || Number(step) === 0)
    throw badRange(text, `the step must be a whole number, not "${step}"`, where);
  if (isLetter(begin) && isLetter(end)) return letters(begin, end, Number(step), text, where);
  return numbers(begin === '' ? '0' : begin, end, Number(step), text, where);
}

function isLetter(text: string): boolean {
  return text.length === 1 && LETTERS.includes(text);
}

function letters(begin: string, end: string, step: number, text: string, where: Position): string[] {
  const [from, to] = [LETTERS.indexOf(begin), LETTERS.indexOf(end)];
  if (from > to) throw badRange(text, `${begin} comes after ${end}`, where);
  return LETTERS.slice(from, to + 1)
    .split('')
    .filter((_letter, index) => index % step === 0);
}

function numbers(begin: string, end: string, step: number, text: string, where: Position): string[] {
  if (!/^\d+$/.test(begin) || !/^\d+$/.test(end)) {
    throw badRange(text, 'the bounds must be two whole numbers or two letters', where);
  }
  const padded = begin.length > 1 && begin.startsWith('0');
  if (padded && begin.length !== end.length)
    throw badRange(text, `${begin} and ${end} must have as many digits`, where);
  const [from, to] = [Number(begin), Number(end)];
  const amount = to < from ? 0 : Math.floor((to - from) / step) + 1;
  if (amount > MAX_HOSTS) throw badRange(text, `it stands for more than ${MAX_HOSTS} hosts`, where);
  return Array.from({ length: amount }, (_, index) =>
    String(from + index * step).padStart(padded ? begin.length : 0, '0'),
  );
}

function badRange(text: string, problem: string, where: Position): StarsError {
  return new StarsError('INVENTORY', `The host range ${text} cannot be read: ${problem}.`, {
    where,
    hint: 'Ranges look like web[1:20], web[01:20], web[a:f] or web[0:10:2].',
  });
}
