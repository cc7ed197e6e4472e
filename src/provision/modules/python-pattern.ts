import { StarsError } from '../../errors.js';

/** A compiled Python pattern for texts in which each character stands for one byte. */
export type Pattern = { exec(text: string): RegExpExecArray | null; all(): RegExp };

/**
 * A Python regular expression over bytes, so `pattern` is read as UTF-8 bytes as well; throws PLAYBOOK when it is none.
 * `multiline` and `dotAll` are Python's flags M and S.
 */
export function bytePattern(pattern: string, { multiline = false, dotAll = false } = {}): Pattern {
  const inline = /^\(\?([aimsLux]+)\)/.exec(pattern);
  const letters = inline?.[1] ?? '';
  const flags = {
    i: letters.includes('i') ? 'i' : '',
    m: multiline || letters.includes('m') ? 'm' : '',
    s: dotAll || letters.includes('s') ? 's' : '',
  };
  const source = translate(toBytes(pattern.slice(inline?.[0].length ?? 0)), flags.m !== '');
  try {
    const once = new RegExp(source, flags.i + flags.m + flags.s);
    return { exec: (text) => once.exec(text), all: () => new RegExp(source, `g${flags.i}${flags.m}${flags.s}`) };
  } catch (cause) {
    throw new StarsError('PLAYBOOK', `The regular expression ${pattern} is not valid.`, { cause });
  }
}

/** UTF-8 bytes as a text with one character each. */
export function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A replacement with `\1`, `\g<1>`, `\g<name>` and the usual escapes filled in from a match, as Python does. */
export function expandMatch(template: string, match: RegExpExecArray): string {
  return template.replaceAll(
    /\\(?:g<(\w+)>|([1-9]\d?)|(.))/gs,
    (all, name?: string, number?: string, escape?: string) => {
      if (number !== undefined) return group(match, Number(number), template);
      if (name !== undefined)
        return /^\d+$/.test(name) ? group(match, Number(name), template) : (match.groups?.[name] ?? '');
      return ESCAPES[escape ?? ''] ?? all;
    },
  );
}

const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\u0007',
  b: '\b',
  '\\': '\\',
  '0': '\0',
};

function group(match: RegExpExecArray, number: number, template: string): string {
  if (number >= match.length) throw new StarsError('PLAYBOOK', `invalid group reference ${number} in ${template}`);
  return match[number] ?? '';
}

// What Python writes differently: `$` also holds before a final newline, \A and \Z, named groups, literal `]` and `[` in classes.
function translate(pattern: string, multiline: boolean): string {
  let inClass = false;
  return pattern.replaceAll(
    /\\.|\(\?P<|\(\?P=(\w+)\)|\(\?#[^)]*\)|\[\^?\]?|\]|\$|\{,(\d+)\}|[{}]/gs,
    (token, name?: string, most?: string) => {
      if (inClass) {
        if (token === ']') inClass = false;
        return token === '[' ? String.raw`\[` : token;
      }
      if (token.startsWith('[')) {
        inClass = true;
        return token.endsWith(']') ? `${token.slice(0, -1)}\\]` : token;
      }
      if (token === String.raw`\A`) return multiline ? '(?<![\\s\\S])' : '^';
      if (token === String.raw`\Z`) return '(?![\\s\\S])';
      if (token === '(?P<') return '(?<';
      if (name !== undefined) return `\\k<${name}>`;
      if (token.startsWith('(?#')) return '';
      if (token === '$') return multiline ? '$' : '(?=\\n?(?![\\s\\S]))';
      return most === undefined ? token : `{0,${most}}`;
    },
  );
}
