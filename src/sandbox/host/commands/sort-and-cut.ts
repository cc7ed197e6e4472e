import { UsageFault } from './call.js';
import type { Tool } from './call.js';
import { parseOptions, wholeNumber } from './options.js';
import { allLines, linesOf } from './text.js';
import { readAll } from '../kernel/io.js';

type Key = { startField: number; startChar: number; endField: number | undefined; endChar: number; flags: string };

export const sort: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'nrufhVbdgcsit:k:o:mzS:T:',
    long: {
      'numeric-sort': 'n',
      reverse: 'r',
      unique: 'u',
      'ignore-case': 'f',
      'human-numeric-sort': 'h',
      'version-sort': 'V',
      'field-separator': 't',
      key: 'k',
      output: 'o',
      check: 'c',
      stable: 's',
    },
    status: 2,
  });
  const separator = options.value('t');
  const global = [...options.values.keys()].filter((letter) => 'nrfhVbg'.includes(letter)).join('');
  const keys = (options.values.get('k') ?? []).map(parseKey);
  const compare = (a: string, b: string) => {
    for (const key of keys) {
      const flags = key.flags === '' ? global : key.flags;
      const order = compareBy(flags, extract(a, key, separator), extract(b, key, separator));
      if (order !== 0) return flags.includes('r') ? -order : order;
    }
    if (keys.length > 0) return 0;
    const order = compareBy(global, a, b);
    return global.includes('r') ? -order : order;
  };
  const { lines, status } = await allLines(call, options.operands);
  const lastResort = (a: string, b: string) =>
    options.has('s') || options.has('u') ? 0 : (a < b ? -1 : Number(a > b)) * (global.includes('r') ? -1 : 1);
  if (options.has('c')) {
    const at = lines.findIndex((line, index) => index > 0 && compare(lines[index - 1] as string, line) > 0);
    if (at < 0) return 0;
    await call.complain(`${options.operands[0] ?? '-'}:${at + 1}: disorder: ${lines[at]}`);
    return 1;
  }
  const ordered = lines.toSorted((a, b) => compare(a, b) || lastResort(a, b));
  const kept = options.has('u')
    ? ordered.filter((line, index) => index === 0 || compare(ordered[index - 1] as string, line) !== 0)
    : ordered;
  const text = kept.map((line) => `${line}\n`).join('');
  const output = options.value('o');
  if (output === undefined) await call.print(text);
  else await call.write(output, Buffer.from(text, 'latin1'));
  return status === 0 ? 0 : 2;
};

function parseKey(text: string): Key {
  const found = /^(\d+)(?:\.(\d+))?([a-zA-Z]*)(?:,(\d+)(?:\.(\d+))?([a-zA-Z]*))?$/.exec(text);
  if (!found || Number(found[1]) === 0)
    throw new UsageFault(`invalid number at field start: invalid count at start of '${text}'`, 2);
  return {
    startField: Number(found[1]),
    startChar: Number(found[2] ?? 1),
    endField: found[4] === undefined ? undefined : Number(found[4]),
    endChar: Number(found[5] ?? 0),
    flags: (found[3] ?? '') + (found[6] ?? ''),
  };
}

function extract(
  line: string,
  { startField, startChar, endField, endChar }: Key,
  separator: string | undefined,
): string {
  const fields = separator === undefined ? (line.match(/[ \t]*[^ \t]+|[ \t]+$/g) ?? []) : line.split(separator);
  const joined = separator ?? '';
  if (endField === undefined)
    return fields
      .slice(startField - 1)
      .join(joined)
      .slice(startChar - 1);
  const middle = fields.slice(startField - 1, endField);
  if (endChar > 0 && middle.length > 0) middle[middle.length - 1] = (middle.at(-1) as string).slice(0, endChar);
  return middle.join(joined).slice(startChar - 1);
}

function compareBy(flags: string, a: string, b: string): number {
  if (flags.includes('n') || flags.includes('g')) return numberOf(a) - numberOf(b);
  if (flags.includes('h')) return sizeOf(a) - sizeOf(b);
  const [x, y] = flags.includes('b') ? [a.trimStart(), b.trimStart()] : [a, b];
  if (flags.includes('V')) return x.localeCompare(y, 'en', { numeric: true });
  const [left, right] = flags.includes('f') ? [x.toUpperCase(), y.toUpperCase()] : [x, y];
  return left < right ? -1 : Number(left > right);
}

function numberOf(text: string): number {
  return Number(/^\s*-?(\d+(\.\d*)?|\.\d+)/.exec(text)?.[0] ?? 0);
}

function sizeOf(text: string): number {
  const suffix = /^\s*-?[\d.]+([KMGTP])/.exec(text)?.[1];
  return numberOf(text) * 1024 ** (suffix ? 'KMGTP'.indexOf(suffix) + 1 : 0);
}

export const cut: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'd:f:c:b:sn',
    long: {
      delimiter: 'd',
      fields: 'f',
      characters: 'c',
      bytes: 'b',
      'only-delimited': 's',
      'output-delimiter': 'o',
      complement: 'n',
    },
  });
  const byFields = options.value('f');
  const list = byFields ?? options.value('c') ?? options.value('b');
  if (list === undefined) throw new UsageFault('you must specify a list of bytes, characters, or fields');
  const delimiter = options.value('d') ?? '\t';
  if (delimiter.length > 1) throw new UsageFault('the delimiter must be a single character');
  const wanted = parseRanges(list);
  return call.each(options.operands.length > 0 ? options.operands : ['-'], async (operand) => {
    for await (const { text } of linesOf(call, operand)) {
      if (byFields === undefined)
        await call.print(
          `${text
            .split('')
            .filter((_, index) => wanted(index + 1))
            .join('')}\n`,
        );
      else if (text.includes(delimiter))
        await call.print(
          `${text
            .split(delimiter)
            .filter((_, index) => wanted(index + 1))
            .join(delimiter)}\n`,
        );
      else if (!options.has('s')) await call.print(`${text}\n`);
    }
  });
};

function parseRanges(list: string): (position: number) => boolean {
  const ranges = list.split(',').map((part) => {
    const found = /^(\d+)?(-)?(\d+)?$/.exec(part);
    if (!found || (found[1] === undefined && found[3] === undefined) || found[1] === '0')
      throw new UsageFault(`invalid byte, character or field list`);
    const from = Number(found[1] ?? 1);
    return [from, found[3] === undefined ? (found[2] ? Number.POSITIVE_INFINITY : from) : Number(found[3])] as const;
  });
  return (position) => ranges.some(([from, to]) => position >= from && position <= to);
}

export const tr: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'cCdst',
    long: { complement: 'c', delete: 'd', 'squeeze-repeats': 's', 'truncate-set1': 't' },
  });
  const [first, second] = options.operands;
  if (first === undefined || (second === undefined && !options.has('d') && !options.has('s')))
    throw new UsageFault(first === undefined ? 'missing operand' : `missing operand after '${first}'`);
  const inSet = new Set(expandSet(first));
  const complement = options.has('c') || options.has('C');
  const source = complement
    ? Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((char) => !inSet.has(char))
    : expandSet(first);
  const target = second === undefined ? [] : expandSet(second, source.length);
  const deleting = options.has('d');
  const map = new Map<string, string>();
  if (!deleting && second !== undefined)
    source.forEach((char, index) => map.set(char, target[Math.min(index, target.length - 1)] ?? char));
  const chosen = new Set(source);
  const squeezed = new Set(
    options.has('s') ? (second === undefined || (deleting && second === undefined) ? source : target) : [],
  );
  const { proc } = call;
  let last = '';
  for (;;) {
    const bytes = await proc.file(0).read(65_536, proc);
    if (bytes.length === 0) return 0;
    let text = '';
    for (const char of bytes.toString('latin1')) {
      if (deleting && chosen.has(char)) continue;
      const mapped = map.get(char) ?? char;
      if (squeezed.has(mapped) && mapped === last) continue;
      last = mapped;
      text += mapped;
    }
    await call.print(text);
    const pause = proc.step();
    if (pause) await pause;
  }
};

const SET_CLASSES: Record<string, RegExp> = {
  upper: /[A-Z]/,
  lower: /[a-z]/,
  digit: /\d/,
  alpha: /[A-Za-z]/,
  alnum: /[A-Za-z0-9]/,
  space: /[ \t\n\r\f\v]/,
  blank: /[ \t]/,
  punct: /[!-/:-@[-`{-~]/,
  cntrl: /[^ -\xff]|\x7f/,
  print: /[ -~]/,
  graph: /[!-~]/,
  xdigit: /[\dA-Fa-f]/,
};
const SET_ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

function expandSet(text: string, fill = 0): string[] {
  const chars: string[] = [];
  for (let at = 0; at < text.length; ) {
    const named = /^\[:(\w+):\]/.exec(text.slice(at, at + 12));
    if (named) {
      const known = SET_CLASSES[named[1] as string];
      if (!known) throw new UsageFault(`invalid character class '${named[1]}'`);
      for (let code = 0; code < 256; code++)
        if (known.test(String.fromCharCode(code))) chars.push(String.fromCharCode(code));
      at += named[0].length;
      continue;
    }
    const repeated = /^\[(.)\*(\d*)\]/.exec(text.slice(at, at + 12));
    if (repeated) {
      const count = repeated[2] ? Number(repeated[2]) : Math.max(0, fill - chars.length);
      for (let index = 0; index < Math.min(count, 256); index++) chars.push(repeated[1] as string);
      at += repeated[0].length;
      continue;
    }
    const [char, length] = setChar(text, at);
    at += length;
    if (text[at] !== '-' || at + 1 >= text.length) {
      chars.push(char);
      continue;
    }
    const [end, endLength] = setChar(text, at + 1);
    if (end < char) throw new UsageFault(`range-endpoints of '${char}-${end}' are in reverse collating sequence order`);
    for (let code = char.charCodeAt(0); code <= end.charCodeAt(0); code++) chars.push(String.fromCharCode(code));
    at += 1 + endLength;
  }
  return chars;
}

function setChar(text: string, at: number): [string, number] {
  const char = text[at] as string;
  if (char !== '\\' || at + 1 >= text.length) return [char, 1];
  const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4))?.[0];
  if (octal) return [String.fromCharCode(Number.parseInt(octal, 8) & 255), 1 + octal.length];
  const next = text[at + 1] as string;
  return [SET_ESCAPES[next] ?? next, 2];
}

export const comm: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: '123' });
  const [first = '-', second = '-'] = options.operands;
  const left = (await allLines(call, [first])).lines;
  const right = (await allLines(call, [second])).lines;
  const indent = [0, options.has('1') ? 0 : 1, (options.has('1') ? 0 : 1) + (options.has('2') ? 0 : 1)];
  let result = '';
  const add = (column: 1 | 2 | 3, line: string) => {
    if (!options.has(String(column))) result += `${'\t'.repeat(indent[column - 1] as number)}${line}\n`;
  };
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const a = left[i];
    const b = right[j];
    if (a !== undefined && a === b) {
      add(3, a);
      i++;
      j++;
    } else if (b === undefined || (a !== undefined && a < b)) add(1, left[i++] as string);
    else add(2, right[j++] as string);
  }
  await call.print(result);
  return 0;
};

export const fold: Tool = async (call) => {
  const options = parseOptions(
    call.args.map((arg) => arg.replace(/^-(\d+)$/, '-w$1')),
    { letters: 'w:sb', long: { width: 'w' } },
  );
  const width = Math.min(10_000, Math.max(1, wholeNumber(options.value('w'), 80)));
  const text = (await readAll(call.proc)).toString('latin1');
  await call.print(text.replace(new RegExp(`([^\\n]{${width}})(?=[^\\n])`, 'g'), '$1\n'));
  return 0;
};
