import { UsageFault } from './call.js';

const CLASSES: Record<string, string> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t\\n\\r\\f\\v',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
};

const MAX_PATTERN = 20_000;

/** A basic or extended POSIX expression as one of JavaScript's. Its search goes back and forth: patterns such as `(a+)+$` can be slow. */
export function posixRegex(pattern: string, { extended, flags = '' }: { extended: boolean; flags?: string }): RegExp {
  if (pattern.length > MAX_PATTERN) throw new UsageFault('Regular expression too big', 2);
  try {
    return new RegExp(translate(pattern, extended), flags);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw new UsageFault(`Invalid regular expression: ${pattern.slice(0, 100)}`, 2);
    throw thrown;
  }
}

function translate(pattern: string, extended: boolean): string {
  let result = '';
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] as string;
    const start = result === '' || /(^|[^\\])(\(|\|)$/.test(result) || result.endsWith('(?:');
    if (char === '[') {
      const set = bracket(pattern, at);
      result += set.text;
      at = set.end;
    } else if (char === '\\') {
      const next = pattern[++at] ?? '';
      if (next === '') throw new UsageFault('Trailing backslash', 2);
      if (next === '(' && !extended) depth++;
      if (next === ')' && !extended && --depth < 0) throw new UsageFault('Unmatched ) or \\)', 2);
      result += escaped(next, extended, start);
    } else if (extended && (char === '*' || char === '+' || char === '?') && start) result += `\\${char}`;
    else if (!extended && char === '*' && (start || result === '^')) result += '\\*';
    else if (!extended && '+?(){}|'.includes(char)) result += `\\${char}`;
    else if (extended && char === '{' && !/^\{\d*,?\d*\}/.test(pattern.slice(at))) result += '\\{';
    else if (extended && char === '{' && pattern[at + 1] === ',') {
      result += '{0';
    } else if (extended && char === '}' && !/\{[\d,]+$/.test(result)) result += '\\}';
    else if (!extended && char === '^' && !start) result += '\\^';
    else if (!extended && char === '$' && at < pattern.length - 1 && !/^\\[)|]/.test(pattern.slice(at + 1)))
      result += '\\$';
    else if (char === '/') result += '\\/';
    else result += char;
  }
  if (depth > 0) throw new UsageFault('Unmatched ( or \\(', 2);
  return result;
}

function escaped(next: string, extended: boolean, start: boolean): string {
  if (!extended && '(){}|+?'.includes(next)) return start && '+?'.includes(next) ? `\\${next}` : next;
  if (next === '<') return '\\b(?=\\w)';
  if (next === '>') return '\\b(?<=\\w)';
  if (next === '`') return '^';
  if (next === "'") return '$';
  if (/[1-9bBwWsSn]/.test(next)) return `\\${next}`;
  if (next === 't') return '\\t';
  if (/[A-Za-z0]/.test(next)) return next;
  return next === '\n' ? '\\n' : `\\${next}`;
}

function bracket(pattern: string, start: number): { text: string; end: number } {
  let at = start + 1;
  let text = '[';
  if (pattern[at] === '^') {
    text += '^';
    at++;
  }
  for (let first = true; ; first = false) {
    const char = pattern[at];
    if (char === undefined) throw new UsageFault('Unmatched [ or [^', 2);
    if (char === ']' && !first) break;
    const named = /^\[:(\w+):\]/.exec(pattern.slice(at, at + 12));
    if (named) {
      const members = CLASSES[named[1] as string];
      if (members === undefined) throw new UsageFault('Invalid character class name', 2);
      text += members;
      at += named[0].length;
      continue;
    }
    const collating = /^\[[.=](.)[.=]\]/.exec(pattern.slice(at, at + 6));
    if (collating) at += collating[0].length - 1;
    const literal = collating ? (collating[1] as string) : char;
    text += '\\]^['.includes(literal) ? `\\${literal}` : literal === '/' ? '\\/' : literal;
    at++;
  }
  return { text: `${text}]`, end: at };
}
