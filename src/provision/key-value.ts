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

/** Splits as Ansible does: spaces inside quotes and inside {{ }}, {% %} and {# #} do not split; outer quotes of a value go. */
export function parseKeyValues(text: string, { where, onlyCommandOptions }: KeyValueOptions): KeyValueText {
  const named = new Map<string, string>();
  const rest: string[] = [];
  for (const { word, spaceBefore } of splitOutsideQuotes(text, where)) {
    const match = /^(\w+)=([\s\S]*)$/.exec(word);
    if (match?.[1] !== undefined && (!onlyCommandOptions || COMMAND_OPTIONS.has(match[1])))
      named.set(match[1], unquote(match[2] ?? ''));
    else rest.push(rest.length === 0 ? word : spaceBefore + word);
  }
  return { named, rest: rest.join('') };
}

function unquote(value: string): string {
  const quote = value[0];
  const quoted =
    value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote) && !value.endsWith(`\\${quote}`);
  return quoted ? value.slice(1, -1) : value;
}

const OPENING: Record<string, string> = { '{{': '}}', '{%': '%}', '{#': '#}' };

function splitOutsideQuotes(text: string, where: Position | undefined): { word: string; spaceBefore: string }[] {
  const words: { word: string; spaceBefore: string }[] = [];
  let word = '';
  let space = '';
  let quote = '';
  const closers: string[] = [];
  const push = () => {
    if (word !== '') words.push({ word, spaceBefore: space });
    word = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const pair = text.slice(at, at + 2);
    const character = text.charAt(at);
    const inside = quote !== '' || closers.length > 0;
    if (quote === '' && OPENING[pair] !== undefined) {
      closers.push(OPENING[pair]);
      word += pair;
      at += 1;
    } else if (quote === '' && closers.at(-1) === pair) {
      closers.pop();
      word += pair;
      at += 1;
    } else if (closers.length === 0 && (character === '"' || character === "'") && text.charAt(at - 1) !== '\\') {
      quote = quote === '' ? character : quote === character ? '' : quote;
      word += character;
    } else if (!inside && /\s/.test(character)) {
      if (word !== '') {
        push();
        space = '';
      }
      space += character;
    } else {
      word += character;
    }
  }
  push();
  if (quote !== '' || closers.length > 0) {
    const missing = quote || closers[closers.length - 1];
    throw new StarsError(
      'SYNTAX',
      `The arguments are not complete: ${missing} is missing in “${text.trim().slice(0, 60)}”.`,
      {
        hint: 'Close every quote and every {{ }} on the line.',
        ...(where ? { where } : {}),
      },
    );
  }
  return words;
}
