import { toJsRegExp } from '../../jinja/python-regex.js';

export type GrepPattern = { flags: string; words: string };

/**
 * A Python pattern as `grep -E` reads it, where that finds the same files: one that matches at the beginning of a line, or with `whole`
 * anywhere in a file. Undefined when the pattern asks for what grep cannot tell, such as more than one line, look-ahead or `\b`.
 * Throws TEMPLATE when it is no pattern.
 */
export function grepPattern(pattern: string, whole: boolean): GrepPattern | undefined {
  const nullable = toJsRegExp(pattern).test('');
  const ignoreCase = pattern.startsWith('(?i)');
  const tokens = tokensOf(ignoreCase ? pattern.slice('(?i)'.length) : pattern);
  if (!tokens) return undefined;
  const spans = spansLines(tokens);
  // In a whole file `^` and `$` mean its ends, and an empty file has no line that grep could find.
  if (whole ? nullable || spans !== 'no' || tokens.some(({ anchor }) => anchor) : spans === 'perhaps') return undefined;
  const words = tokens.map((token) => token.words + token.times).join('');
  return { flags: ignoreCase ? '-iE' : '-E', words: whole ? words : `^(${words})` };
}

type Piece = {
  words: string;
  /** How long it is in the Python pattern. */
  length: number;
  /** Whether it can match the line break at the end of a line, which grep does not see. */
  lineBreak?: boolean;
  /** Whether it takes a character, and no line break, each time it matches. */
  solid?: boolean;
  anchor?: boolean;
  sign?: '(' | '|' | ')';
};
type Token = Piece & { times: string; depth: number };

/** Undefined where there is something that grep cannot tell, or that is not defined for it, such as `(|a)`. */
function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  let depth = 0;
  for (let rest = text; rest !== ''; ) {
    const piece = pieceOf(rest);
    if (!piece) return undefined;
    const { sign, anchor = false, length } = piece;
    const fixed = anchor || sign === '(' || sign === '|';
    const { times, length: timesLength } = quantifierOf(rest.slice(length));
    if (sign === ')') depth -= 1;
    tokens.push({ ...piece, times, depth });
    if (sign === '(') depth += 1;
    rest = rest.slice(length + timesLength);
    if ((fixed && times !== '') || ((sign === '(' || sign === '|') && /^(?:$|[|)])/.test(rest))) return undefined;
  }
  return tokens[0]?.sign === '|' ? undefined : tokens;
}

/** Whether a match may reach over the end of a line; `within` when something behind keeps it from there. */
function spansLines(tokens: readonly Token[]): 'no' | 'within' | 'perhaps' {
  const last = tokens.findLastIndex(({ lineBreak }) => lineBreak);
  if (last < 0) return 'no';
  const needed = ({ solid, depth, times }: Token) => solid && depth === 0 && !/^(?:[*?]|\{0)/.test(times);
  const alternatives = tokens.some(({ sign, depth }) => sign === '|' && depth === 0);
  return !alternatives && tokens.findLastIndex(needed) > last ? 'within' : 'perhaps';
}

const QUANTIFIER = /^(?:[*+?]|\{(\d{0,2})(,?)(\d{0,2})\})\??/;

/** A quantifier as grep writes it; whether it is greedy changes nothing about which files match. */
function quantifierOf(rest: string): { times: string; length: number } {
  const [all, least = '', comma = '', most = ''] = QUANTIFIER.exec(rest) ?? [];
  if (all === undefined || (all.startsWith('{') && least + most === '')) return { times: '', length: 0 };
  return { times: all.startsWith('{') ? `{${least || 0}${comma}${most}}` : all.charAt(0), length: all.length };
}

const OPEN = /^\((?:\?:|\?P<\w+>|(?!\?))/;

function pieceOf(rest: string): Piece | undefined {
  const char = rest.charAt(0);
  const open = OPEN.exec(rest)?.[0];
  if (open !== undefined) return { words: '(', length: open.length, sign: '(' };
  if (char === '|' || char === ')') return { words: char, length: 1, sign: char };
  if (char === '$') return { words: '\r?$', length: 1, anchor: true };
  if (char === '^') return { words: '^', length: 1, anchor: true };
  if (char === '.') return { words: '[^\r]', length: 1, solid: true };
  if (char === '[') return classOf(rest);
  if (char === '\\') return escapeOf(rest.charAt(1));
  return /[*+?(]/.test(char) || !PLAIN.test(char) ? undefined : { words: literal(char), length: 1, solid: true };
}

/** What is written the same in every locale; not the carriage return, which Python takes for a part of the end of a line. */
const PLAIN = /^[\t\x20-\x7e]$/;

function literal(char: string): string {
  return /[.[\]\\*^$+?{}|()]/.test(char) ? `\\${char}` : char;
}

const SETS: Record<string, string> = { d: '0-9', w: '[:alnum:]_', s: ' \t\f\v' };
const CONTROLS: Record<string, string> = { t: '\t', f: '\f', v: '\v' };

function escapeOf(letter: string): Piece | undefined {
  const set = SETS[letter.toLowerCase()];
  if (letter === 'A') return { words: '^', length: 2, anchor: true };
  if (set !== undefined) {
    const denied = letter !== letter.toLowerCase();
    const lineBreak = denied !== (letter.toLowerCase() === 's');
    return { words: denied ? `[^${set}\r]` : `[${set}]`, length: 2, lineBreak, solid: !lineBreak };
  }
  const char = memberChar(`\\${letter}`);
  return char === undefined ? undefined : { words: literal(char), length: 2, solid: true };
}

const CLASS = /^\[(\^?)(\]?(?:\\[^]|[^\]\\])*)\]/;
const MEMBER = /(\\?[^])-(\\?[^])|\\?[^]/g;

/** A class in the order in which a POSIX one says the same: `]` first, `^` not first, `-` last. */
function classOf(rest: string): Piece | undefined {
  const [all = '', denied = '', inner = ''] = CLASS.exec(rest) ?? [];
  const members = [...inner.matchAll(MEMBER)].map(memberWords);
  if (members.length === 0 || members.includes(undefined)) return undefined;
  const signs = [']', '[', '^', '-'].filter((sign) => members.includes(sign));
  const others = members.filter((member) => !signs.includes(member ?? '')).join('');
  const first = signs[0] === ']' ? signs.shift() : '';
  const lineBreak = members.includes(SETS.s) !== (denied === '^');
  const words = `${first}${others}${denied && '\r'}${signs.join('')}`;
  // `[^]` would be the beginning of a class that denies.
  return {
    words: words === '^' && !denied ? '\\^' : `[${denied}${words}]`,
    length: all.length,
    lineBreak,
    solid: !lineBreak,
  };
}

function memberWords([member, from, to]: RegExpExecArray): string | undefined {
  if (from === undefined || to === undefined) return SETS[/^\\(\w)$/.exec(member)?.[1] ?? ''] ?? memberChar(member);
  return /^\w$/.test(from) && /^\w$/.test(to) ? member : undefined;
}

/** The character that a member of a class stands for; undefined when it is none that every grep knows. */
function memberChar(member: string): string | undefined {
  const char = member.startsWith('\\') ? member.charAt(1) : member;
  if (member.startsWith('\\') && /\w/.test(char)) return CONTROLS[char];
  return PLAIN.test(char) ? char : undefined;
}
