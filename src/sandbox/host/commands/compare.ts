import { createHash } from 'node:crypto';
import { Errno } from '../fs/errno.js';
import { readAll } from '../kernel/io.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions, wholeNumber } from './options.js';

export const cmp: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'slbn:', long: { silent: 's', quiet: 's' }, status: 2 });
  const [first, second = '-'] = options.operands;
  if (first === undefined) throw new UsageFault('missing operand', 2);
  const [a, b] = [
    await contentOrFault(call, first, options.has('s')),
    await contentOrFault(call, second, options.has('s')),
  ];
  if (!a || !b) return 2;
  if (a.equals(b)) return 0;
  if (options.has('s')) return 1;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  if (at === Math.min(a.length, b.length)) await call.complain(`EOF on ${a.length < b.length ? first : second}`);
  else
    await call.print(
      `${first} ${second} differ: byte ${at + 1}, line ${a.subarray(0, at).toString('latin1').split('\n').length}\n`,
    );
  return 1;
};

async function contentOrFault(call: Call, operand: string, silent: boolean): Promise<Buffer | undefined> {
  try {
    return await call.content(operand);
  } catch (thrown) {
    if (!(thrown instanceof Errno)) throw thrown;
    if (!silent) await call.complain(`${operand}: ${thrown.message}`);
    return undefined;
  }
}

const MAX_DIFF_LINES = 5000;

/** Normal and unified diffs of two files; -q only says whether they differ. */
export const diff: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'uqbBwiNrsaU:L:',
    long: { brief: 'q', unified: 'u', label: 'L', recursive: 'r', 'new-file': 'N' },
    status: 2,
  });
  const [first, second] = options.operands;
  if (first === undefined || second === undefined) throw new UsageFault('missing operand', 2);
  const a = await contentOrFault(call, first, false);
  const b = await contentOrFault(call, second, false);
  if (!a || !b) return 2;
  if (a.equals(b)) return 0;
  if (options.has('q')) {
    await call.print(`Files ${first} and ${second} differ\n`);
    return 1;
  }
  const [left, right] = [linesOf(a), linesOf(b)];
  if (left.length > MAX_DIFF_LINES || right.length > MAX_DIFF_LINES)
    throw new UsageFault('files are too long for the simulated diff', 2);
  const hunks = changes(left, right);
  const labels = options.values.get('L') ?? [first, second];
  await call.print(
    options.has('u') || options.has('U') ? unified(left, right, hunks, labels) : normal(left, right, hunks),
  );
  return 1;
};

function linesOf(bytes: Buffer): string[] {
  return bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

type Hunk = { from: number; to: number; newFrom: number; newTo: number };

/** Longest common subsequence, after the common ends are set aside. */
function changes(a: string[], b: string[]): Hunk[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [n, m] = [a.length - start - end, b.length - start - end];
  const table = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      (table[i] as Uint16Array)[j] =
        a[start + i] === b[start + j]
          ? (table[i + 1]?.[j + 1] ?? 0) + 1
          : Math.max(table[i + 1]?.[j] ?? 0, table[i]?.[j + 1] ?? 0);
    }
  }
  const hunks: Hunk[] = [];
  let [i, j] = [0, 0];
  while (i < n || j < m) {
    if (i < n && j < m && a[start + i] === b[start + j]) {
      i++;
      j++;
      continue;
    }
    const hunk = { from: start + i, to: start + i, newFrom: start + j, newTo: start + j };
    while ((i < n || j < m) && !(i < n && j < m && a[start + i] === b[start + j])) {
      if (j >= m || (i < n && (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0))) i++;
      else j++;
    }
    hunk.to = start + i;
    hunk.newTo = start + j;
    hunks.push(hunk);
  }
  return hunks;
}

function normal(a: string[], b: string[], hunks: Hunk[]): string {
  const range = (from: number, to: number) =>
    to - from > 1 ? `${from + 1},${to}` : String(to === from ? from : from + 1);
  return hunks
    .map(({ from, to, newFrom, newTo }) => {
      const kind = from === to ? 'a' : newFrom === newTo ? 'd' : 'c';
      const removed = a.slice(from, to).map((line) => marked('< ', line));
      const added = b.slice(newFrom, newTo).map((line) => marked('> ', line));
      return `${range(from, to)}${kind}${range(newFrom, newTo)}\n${removed.join('')}${kind === 'c' ? '---\n' : ''}${added.join('')}`;
    })
    .join('');
}

function marked(mark: string, line: string): string {
  return line.endsWith('\n') ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`;
}

function unified(a: string[], b: string[], hunks: Hunk[], [first, second]: string[]): string {
  const groups: Hunk[][] = [];
  for (const hunk of hunks) {
    const last = groups.at(-1)?.at(-1);
    if (last && hunk.from - last.to <= 6) groups.at(-1)?.push(hunk);
    else groups.push([hunk]);
  }
  let result = `--- ${first}\n+++ ${second}\n`;
  for (const group of groups) {
    const [head, tail] = [group[0] as Hunk, group.at(-1) as Hunk];
    const from = Math.max(0, head.from - 3);
    const to = Math.min(a.length, tail.to + 3);
    const newFrom = Math.max(0, head.newFrom - 3);
    const newTo = Math.min(b.length, tail.newTo + 3);
    result += `@@ -${span(from, to)} +${span(newFrom, newTo)} @@\n`;
    let at = from;
    for (const hunk of group) {
      result += a
        .slice(at, hunk.from)
        .map((line) => marked(' ', line))
        .join('');
      result += a
        .slice(hunk.from, hunk.to)
        .map((line) => marked('-', line))
        .join('');
      result += b
        .slice(hunk.newFrom, hunk.newTo)
        .map((line) => marked('+', line))
        .join('');
      at = hunk.to;
    }
    result += a
      .slice(at, to)
      .map((line) => marked(' ', line))
      .join('');
  }
  return result;
}

function span(from: number, to: number): string {
  return to - from === 1 ? String(from + 1) : `${to === from ? from : from + 1},${to - from}`;
}

/** md5sum, sha1sum, sha256sum and the like, with -c. */
export function digest(algorithm: string): Tool {
  return async (call) => {
    const options = parseOptions(call.args, {
      letters: 'bctqws',
      long: { check: 'c', binary: 'b', text: 't', quiet: 'q', status: 's' },
    });
    const operands = options.operands.length > 0 ? options.operands : ['-'];
    if (options.has('c'))
      return checkDigests(
        call,
        algorithm,
        operands,
        options.has('s') ? 'nothing' : options.has('q') ? 'failures' : 'all',
      );
    return call.each(operands, async (operand) => {
      const hash = createHash(algorithm)
        .update(await call.content(operand))
        .digest('hex');
      await call.print(
        /[\\\n]/.test(operand)
          ? `\\${hash}  ${operand.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`
          : `${hash} ${options.has('b') ? '*' : ' '}${operand}\n`,
      );
    });
  };
}

async function checkDigests(
  call: Call,
  algorithm: string,
  operands: readonly string[],
  show: 'all' | 'failures' | 'nothing',
): Promise<number> {
  let failures = 0;
  let read = 0;
  for (const operand of operands) {
    for (const line of (await call.content(operand)).toString('latin1').split('\n')) {
      const found = /^\\?([\da-fA-F]{32,128}) [ *](.+)$/.exec(line);
      if (!found) continue;
      read++;
      const bytes = await contentOrFault(call, found[2] as string, show === 'nothing');
      const good =
        bytes !== undefined && createHash(algorithm).update(bytes).digest('hex') === (found[1] as string).toLowerCase();
      if (!good) failures++;
      if (show === 'all' || (show === 'failures' && !good))
        await call.print(`${found[2]}: ${good ? 'OK' : 'FAILED'}\n`);
    }
  }
  if (read === 0)
    throw new UsageFault(`${operands[0]}: no properly formatted ${algorithm.toUpperCase()} checksum lines found`);
  if (failures > 0 && show !== 'nothing')
    await call.complain(`WARNING: ${failures} computed checksum${failures > 1 ? 's' : ''} did NOT match`);
  return failures > 0 ? 1 : 0;
}

export const base64: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'diw:', long: { decode: 'd', wrap: 'w', 'ignore-garbage': 'i' } });
  const [operand = '-'] = options.operands;
  const bytes = await call.content(operand);
  if (options.has('d')) {
    const text = bytes.toString('latin1').replace(/\s/g, '');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new UsageFault('invalid input');
    await call.proc.file(1).write(Buffer.from(text, 'base64'), call.proc);
    return 0;
  }
  const width = wholeNumber(options.value('w'), 76);
  const encoded = bytes.toString('base64');
  await call.print(width === 0 ? encoded : wrapped(encoded, width));
  return 0;
};

function wrapped(text: string, width: number): string {
  let result = '';
  for (let at = 0; at < text.length; at += width) result += `${text.slice(at, at + width)}\n`;
  return result;
}

export const od: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'A:t:vN:j:w:cxbdoa',
    long: { 'address-radix': 'A', format: 't', 'read-bytes': 'N' },
  });
  const all =
    options.operands.length > 0 ? await call.content(options.operands[0] as string) : await readAll(call.proc);
  const bytes = all.subarray(Number(options.value('j') ?? 0)).subarray(0, Number(options.value('N') ?? all.length));
  const type = options.has('c')
    ? 'c'
    : options.has('b')
      ? 'o1'
      : options.has('x')
        ? 'x2'
        : (options.value('t') ?? 'o2');
  const address = (offset: number) =>
    options.value('A') === 'n'
      ? ''
      : offset
          .toString(options.value('A') === 'x' ? 16 : options.value('A') === 'd' ? 10 : 8)
          .padStart(options.value('A') === 'x' ? 6 : 7, '0');
  for (let at = 0; at < bytes.length; at += 16)
    await call.print(`${address(at)}${dumpRow(bytes.subarray(at, at + 16), type)}\n`);
  if (options.value('A') !== 'n') await call.print(`${address(bytes.length)}\n`);
  return 0;
};

const NAMED_BYTES: Record<number, string> = {
  0: '\\0',
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

function dumpRow(row: Buffer, type: string): string {
  if (type === 'c')
    return [...row]
      .map((byte) =>
        (
          NAMED_BYTES[byte] ??
          (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'))
        ).padStart(4),
      )
      .join('');
  const size = type.endsWith('1') || type === 'x' ? 1 : type.endsWith('4') ? 4 : 2;
  const radix = type.startsWith('x') ? 16 : type.startsWith('d') || type.startsWith('u') ? 10 : 8;
  const width = radix === 16 ? size * 2 : size === 1 ? 3 : size === 2 ? (radix === 8 ? 6 : 5) : 11;
  const words: string[] = [];
  for (let at = 0; at < row.length; at += size) {
    const value = row
      .subarray(at, at + size)
      .toReversed()
      .reduce((sum, byte) => sum * 256 + byte, 0);
    words.push(` ${value.toString(radix).padStart(width, radix === 10 ? ' ' : '0')}`);
  }
  return words.join('');
}
