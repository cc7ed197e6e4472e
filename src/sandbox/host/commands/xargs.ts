import { readAll } from '../kernel/io.js';
import { UsageFault } from './call.js';
import type { Tool } from './call.js';
import { parseOptions } from './options.js';

const MAX_CHARACTERS = 131_072;

export const xargs: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: '0rtI:n:L:P:d:a:s:E:x',
    long: {
      null: '0',
      'no-run-if-empty': 'r',
      'max-args': 'n',
      replace: 'I',
      delimiter: 'd',
      'max-procs': 'P',
      'arg-file': 'a',
      'max-lines': 'L',
    },
    inOrder: true,
  });
  const command = options.operands.length > 0 ? options.operands : ['echo'];
  const text = (
    options.has('a') ? await call.content(options.value('a') as string) : await readAll(call.proc)
  ).toString('latin1');
  const replace = options.value('I');
  const delimiter = options.has('0') ? '\0' : options.value('d')?.replace('\\n', '\n').replace('\\0', '\0');
  const items =
    delimiter === undefined
      ? replace === undefined
        ? words(text)
        : text
            .split('\n')
            .map((line) => line.trimStart())
            .filter(Boolean)
      : text.split(delimiter).filter((item, index, all) => item !== '' || index < all.length - 1);
  if (replace !== undefined) return runAll(items.map((item) => command.map((word) => word.replaceAll(replace, item))));
  if (items.length === 0 && options.has('r')) return 0;
  const size = Number(options.value('n') ?? options.value('L') ?? Number.POSITIVE_INFINITY);
  if (!(size > 0)) throw new UsageFault('value for -n option should be >= 1');
  return runAll(batches(items, size).map((batch) => [...command, ...batch]));

  async function runAll(commands: string[][]): Promise<number> {
    let status = 0;
    for (const argv of commands) {
      const code = await call.run(argv, (child) => child.closeFile(0));
      if (code === 255) return 124;
      if (code === 126 || code === 127) return code;
      if (code !== 0) status = code >= 128 ? 125 : 123;
    }
    return status;
  }
};

function batches(items: string[], size: number): string[][] {
  const result: string[][] = [[]];
  let length = 0;
  for (const item of items) {
    const last = result.at(-1) as string[];
    if (last.length < size && length + item.length < MAX_CHARACTERS) last.push(item);
    else {
      result.push([item]);
      length = 0;
    }
    length += item.length + 1;
  }
  return result;
}

/** Blank-separated words with quotes and backslashes, as xargs reads them. */
function words(text: string): string[] {
  const result: string[] = [];
  let current: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (/\s/.test(char)) {
      if (current !== undefined) result.push(current);
      current = undefined;
    } else if (char === '"' || char === "'") {
      const end = text.indexOf(char, at + 1);
      if (end < 0)
        throw new UsageFault(
          `unmatched ${char === "'" ? 'single' : 'double'} quote; by default quotes are special to xargs unless you use the -0 option`,
        );
      current = (current ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '\\') current = (current ?? '') + (text[++at] ?? '');
    else current = (current ?? '') + char;
  }
  if (current !== undefined) result.push(current);
  return result;
}
