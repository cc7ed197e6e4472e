/** One position of a shell pattern: this character, any one, any number, or one (not) of a set. */
type Token =
  | { kind: 'char'; char: string }
  | { kind: 'any' }
  | { kind: 'star' }
  | { kind: 'set'; has: (char: string) => boolean };

export type Pattern = Token[];

const CLASSES: Record<string, RegExp> = {
  alpha: /[A-Za-z]/,
  digit: /\d/,
  alnum: /[A-Za-z0-9]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /[ \t\n\r\f\v]/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  print: /[ -~]/,
  graph: /[!-~]/,
  cntrl: /[^ -\xff]|\x7f/,
  xdigit: /[\da-fA-F]/,
};

/** A shell pattern from its text, in which a backslash takes the meaning from the next character. */
export function compilePattern(text: string): Pattern {
  const tokens: Pattern = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '\\' && at + 1 < text.length) tokens.push({ kind: 'char', char: text[++at] as string });
    else if (char === '[') {
      const set = parseSet(text, at);
      tokens.push(set ? { kind: 'set', has: set.has } : { kind: 'char', char });
      if (set) at = set.end;
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

function parseSet(text: string, start: number): { has: (char: string) => boolean; end: number } | undefined {
  let at = start + 1;
  const negated = text[at] === '!' || text[at] === '^';
  if (negated) at++;
  const tests: ((char: string) => boolean)[] = [];
  for (let first = true; ; first = false) {
    const found = /^\[:(\w+):\]/.exec(text.slice(at, at + 12));
    if (found) {
      const known = CLASSES[found[1] as string];
      tests.push((char) => known?.test(char) ?? false);
      at += found[0].length;
      continue;
    }
    if (text[at] === undefined) return undefined;
    if (text[at] === ']' && !first) break;
    if (text[at] === '\\') at++;
    const low = text[at++] ?? '';
    let high = low;
    if (text[at] === '-' && text[at + 1] !== undefined && text[at + 1] !== ']') {
      at++;
      if (text[at] === '\\') at++;
      high = text[at++] ?? low;
    }
    tests.push((char) => char >= low && char <= high);
  }
  return { has: (char) => tests.some((test) => test(char)) !== negated, end: at };
}

/** Whether the text as a whole matches. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  if (pattern.every(({ kind }) => kind === 'char'))
    return text === pattern.map((token) => (token as { char: string }).char).join('');
  return prefixEnds(pattern, text).at(-1) === text.length;
}

/** Length of the shortest or longest beginning that matches; undefined when none does. */
export function matchingPrefix(pattern: Pattern, text: string, longest: boolean): number | undefined {
  const ends = prefixEnds(pattern, text);
  return longest ? ends.at(-1) : ends[0];
}

export function matchingSuffix(pattern: Pattern, text: string, longest: boolean): number | undefined {
  return matchingPrefix(pattern.toReversed(), text.split('').toReversed().join(''), longest);
}

// All states at once instead of trying and going back: the time is length x pattern, whatever they hold.
function prefixEnds(pattern: Pattern, text: string): number[] {
  let states = new Uint8Array(pattern.length + 1);
  states[0] = 1;
  passStars(pattern, states);
  const ends: number[] = states[pattern.length] ? [0] : [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    const next = new Uint8Array(pattern.length + 1);
    let alive = false;
    for (let state = 0; state < pattern.length; state++) {
      if (!states[state]) continue;
      const token = pattern[state] as Token;
      if (token.kind === 'star') next[state] = 1;
      else if (accepts(token, char)) next[state + 1] = 1;
      else continue;
      alive = true;
    }
    if (!alive) break;
    passStars(pattern, next);
    if (next[pattern.length]) ends.push(at + 1);
    states = next;
  }
  return ends;
}

function passStars(pattern: Pattern, states: Uint8Array): void {
  for (let state = 0; state < pattern.length; state++)
    if (states[state] && pattern[state]?.kind === 'star') states[state + 1] = 1;
}

function accepts(token: Token, char: string): boolean {
  if (token.kind === 'char') return token.char === char;
  return token.kind === 'any' || (token.kind === 'set' && token.has(char));
}

/** The text as a pattern that matches only itself. */
export function literalPattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

export function isPattern(text: string): boolean {
  return /(?<!\\)(?:\\\\)*[*?[]/.test(text);
}
