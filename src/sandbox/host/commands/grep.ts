import { Errno } from '../fs/errno.js';
import { readLines } from '../kernel/io.js';
import type { OpenFile } from '../kernel/open-file.js';
import { baseName } from '../kernel/path.js';
import { compilePattern, matchesPattern } from '../shell/pattern.js';
import { descendants } from './attributes.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';
import type { Options } from './options.js';
import { posixRegex } from './regex.js';

const LONG = {
  'extended-regexp': 'E',
  'fixed-strings': 'F',
  'basic-regexp': 'G',
  'perl-regexp': 'P',
  'ignore-case': 'i',
  'invert-match': 'v',
  count: 'c',
  'files-with-matches': 'l',
  'files-without-match': 'L',
  'line-number': 'n',
  quiet: 'q',
  silent: 'q',
  'no-messages': 's',
  'only-matching': 'o',
  'word-regexp': 'w',
  'line-regexp': 'x',
  recursive: 'r',
  'no-filename': 'h',
  'with-filename': 'H',
  regexp: 'e',
  file: 'f',
  'max-count': 'm',
  'after-context': 'A',
  'before-context': 'B',
  context: 'C',
  text: 'a',
  color: 'U',
  include: 'I',
  'line-buffered': 'U',
};

type Search = { test: (line: string) => boolean; all: (line: string) => string[]; options: Options; named: boolean };

export const grep: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'EFGPivclLnqsowxrRhHe:f:m:A:B:C:aUI:zy', long: LONG, status: 2 });
  const operands = [...options.operands];
  const patterns = await givenPatterns(call, options, operands);
  const recursive = options.has('r') || options.has('R');
  const files = operands.length > 0 ? operands : [recursive ? '.' : '-'];
  const search = createSearch(
    call,
    patterns,
    options,
    !options.has('h') && (options.has('H') || recursive || files.length > 1),
  );
  let matched = false;
  let failed = false;
  for (const file of expandFolders(call, files, recursive, options)) {
    try {
      matched = (await searchFile(call, file, search)) || matched;
      if (matched && options.has('q')) return 0;
    } catch (thrown) {
      if (!(thrown instanceof Errno) || thrown.code === 'EPIPE') throw thrown;
      failed = true;
      if (!options.has('s')) await call.complain(`${file}: ${thrown.message}`);
    }
  }
  return failed ? 2 : matched ? 0 : 1;
};

function perlSource(pattern: string): string {
  try {
    return new RegExp(pattern).source;
  } catch {
    throw new UsageFault('invalid regular expression', 2);
  }
}

async function givenPatterns(call: Call, options: Options, operands: string[]): Promise<string[]> {
  const given = [...(options.values.get('e') ?? [])];
  for (const file of options.values.get('f') ?? []) {
    const text = (await call.content(file)).toString('latin1');
    if (text !== '') given.push(...text.replace(/\n$/, '').split('\n'));
  }
  if (options.has('e') || options.has('f')) return given.flatMap((pattern) => pattern.split('\n'));
  const first = operands.shift();
  if (first === undefined) throw new UsageFault('usage: grep [OPTION]... PATTERN [FILE]...', 2);
  return first.split('\n');
}

function createSearch(call: Call, patterns: readonly string[], options: Options, named: boolean): Search {
  const flags = options.has('i') || options.has('y') ? 'i' : '';
  const extended = options.has('E') || call.name === 'egrep';
  const fixed = options.has('F') || call.name === 'fgrep';
  const sources = patterns.map((pattern) => {
    if (options.has('P')) return perlSource(pattern);
    const source = fixed ? pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') : posixRegex(pattern, { extended }).source;
    // An empty pattern matches every line.
    return source === '' ? '(?:)' : source;
  });
  const wrapped = sources.map((source) =>
    options.has('x')
      ? `^(?:${source})$`
      : options.has('w')
        ? `(?<!\\w)(?:${source})(?!\\w)`
        : sources.length > 1
          ? `(?:${source})`
          : source,
  );
  if (wrapped.length === 0) return { test: () => false, all: () => [], options, named };
  const single = new RegExp(wrapped.join('|'), flags);
  const global = new RegExp(wrapped.join('|'), `g${flags}`);
  return {
    test: (line) => single.test(line),
    all: (line) => [...line.matchAll(global)].map(([text]) => text).filter((text) => text !== ''),
    options,
    named,
  };
}

function expandFolders(call: Call, files: readonly string[], recursive: boolean, options: Options): string[] {
  if (!recursive) return [...files];
  const include = options.value('I');
  const pattern = include === undefined ? undefined : compilePattern(include);
  return files.flatMap((file) => {
    const node = file === '-' ? undefined : call.find(file);
    if (node?.kind !== 'dir') return [file];
    return descendants(call, file.replace(/(.)\/$/, '$1'), node)
      .filter((entry) => entry.node.kind === 'file' && (!pattern || matchesPattern(pattern, baseName(entry.path))))
      .map(({ path }) => path)
      .sort();
  });
}

async function searchFile(call: Call, name: string, { test, all, options, named }: Search): Promise<boolean> {
  const { proc } = call;
  const file: OpenFile = name === '-' ? proc.file(0).share() : call.openToRead(name);
  const prefix = named ? (name === '-' ? '(standard input)' : name) : '';
  const limit = Number(options.value('m') ?? Number.POSITIVE_INFINITY);
  const before = Number(options.value('B') ?? options.value('C') ?? 0);
  const after = Number(options.value('A') ?? options.value('C') ?? 0);
  const quiet = options.has('q') || options.has('c') || options.has('l') || options.has('L');
  let count = 0;
  let number = 0;
  let trailing = 0;
  const held: string[] = [];
  const show = (text: string, separator: string, line: number) =>
    call.print(`${prefix === '' ? '' : prefix + separator}${options.has('n') ? `${line}${separator}` : ''}${text}\n`);
  try {
    for await (const { text } of readLines(proc, file)) {
      number++;
      if (test(text) === options.has('v')) {
        if (quiet || options.has('o')) continue;
        if (trailing > 0) {
          trailing--;
          await show(text, '-', number);
        } else if (before > 0) {
          held.push(text);
          if (held.length > before) held.shift();
        }
        continue;
      }
      count++;
      if (options.has('q') || options.has('l') || options.has('L')) break;
      if (!quiet && options.has('o')) for (const piece of all(text)) await show(piece, ':', number);
      else if (!quiet) {
        for (const [index, line] of held.entries()) await show(line, '-', number - held.length + index);
        held.length = 0;
        await show(text, ':', number);
        trailing = after;
      }
      if (count >= limit) break;
    }
  } finally {
    file.close();
  }
  if (options.has('L')) {
    if (count === 0) await call.print(`${name}\n`);
    return count === 0;
  }
  if (options.has('l') && count > 0) await call.print(`${name}\n`);
  else if (options.has('c') && !options.has('q')) await call.print(`${prefix === '' ? '' : `${prefix}:`}${count}\n`);
  return count > 0;
}
