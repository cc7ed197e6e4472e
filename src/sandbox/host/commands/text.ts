import { readLines } from '../kernel/io.js';
import type { OpenFile } from '../kernel/open-file.js';
import { UsageFault } from './call.js';
import type { Call, Tool } from './call.js';
import { parseOptions, wholeNumber } from './options.js';
import type { Options } from './options.js';
import { openFile } from '../kernel/open.js';

const CHUNK = 65_536;

export const cat: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'nAbesTEuv',
    long: { number: 'n', 'show-all': 'A', 'show-ends': 'E' },
  });
  let number = 0;
  return call.each(options.operands.length > 0 ? options.operands : ['-'], async (operand) => {
    if (!options.has('n') && !options.has('E') && !options.has('A') && !options.has('b')) return copyOut(call, operand);
    for await (const { text } of linesOf(call, operand)) {
      const shown =
        options.has('n') || (options.has('b') && text !== '') ? `${String(++number).padStart(6)}\t${text}` : text;
      await call.print(
        `${options.has('A') ? shown.replaceAll('\t', '^I') : shown}${options.has('E') || options.has('A') ? '$' : ''}\n`,
      );
    }
  });
};

async function copyOut(call: Call, operand: string): Promise<void> {
  const { proc } = call;
  const file = open(call, operand);
  try {
    for (;;) {
      const bytes = await file.read(CHUNK, proc);
      if (bytes.length === 0) return;
      await proc.file(1).write(bytes, proc);
      const pause = proc.step();
      if (pause) await pause;
    }
  } finally {
    file.close();
  }
}

export function open(call: Call, operand: string): OpenFile {
  return operand === '-' ? call.proc.file(0).share() : call.openToRead(operand);
}

/** The lines of a file or of standard input, closing it at the end. */
export async function* linesOf(call: Call, operand: string): AsyncGenerator<{ text: string; complete: boolean }> {
  const file = open(call, operand);
  try {
    yield* readLines(call.proc, file);
  } finally {
    file.close();
  }
}

/** All lines of all files; those that cannot be read are named. */
export async function allLines(call: Call, operands: readonly string[]): Promise<{ lines: string[]; status: number }> {
  const lines: string[] = [];
  const status = await call.each(operands.length > 0 ? operands : ['-'], async (operand) => {
    for await (const { text } of linesOf(call, operand)) lines.push(text);
  });
  return { lines, status };
}

/** Rewrites `-5` as `-n 5`, the way old scripts count lines. */
function withOldCount(args: readonly string[]): string[] {
  return args.flatMap((arg) => (/^-\d+$/.test(arg) ? ['-n', arg.slice(1)] : [arg]));
}

function bytesOf(text: string): number {
  const found = /^([-+]?\d+)([kKMG]?)B?$/.exec(text);
  if (!found) throw new UsageFault(`invalid number of lines: '${text}'`);
  return Number(found[1]) * { '': 1, k: 1024, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[found[2] as '' | 'k'];
}

export const head: Tool = async (call) => {
  const options = parseOptions(withOldCount(call.args), {
    letters: 'n:c:qv',
    long: { lines: 'n', bytes: 'c', quiet: 'q' },
  });
  const operands = options.operands.length > 0 ? options.operands : ['-'];
  const inBytes = options.value('c');
  const count = bytesOf(inBytes ?? options.value('n') ?? '10');
  let first = true;
  return call.each(
    operands,
    async (operand) => {
      if (operands.length > 1 && !options.has('q')) await call.print(`${first ? '' : '\n'}==> ${operand} <==\n`);
      first = false;
      if (inBytes !== undefined && count >= 0) return copyBytes(call, operand, count);
      if (count < 0) {
        const text = (await call.content(operand)).toString('latin1');
        const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
        return call.print(inBytes === undefined ? lines.slice(0, count).join('') : text.slice(0, count));
      }
      let left = count;
      if (left === 0) return;
      for await (const { text, complete } of linesOf(call, operand)) {
        await call.print(complete ? `${text}\n` : text);
        if (--left === 0) break;
      }
    },
    (operand) => `cannot open '${operand}' for reading`,
  );
};

async function copyBytes(call: Call, operand: string, count: number): Promise<void> {
  const file = open(call, operand);
  try {
    for (let left = count; left > 0; ) {
      const bytes = await file.read(Math.min(CHUNK, left), call.proc);
      if (bytes.length === 0) return;
      await call.proc.file(1).write(bytes, call.proc);
      left -= bytes.length;
      const pause = call.proc.step();
      if (pause) await pause;
    }
  } finally {
    file.close();
  }
}

export const tail: Tool = async (call) => {
  const options = parseOptions(withOldCount(call.args), {
    letters: 'n:c:qvfFs:',
    long: { lines: 'n', bytes: 'c', quiet: 'q', follow: 'f' },
  });
  const operands = options.operands.length > 0 ? options.operands : ['-'];
  const inBytes = options.value('c');
  const wanted = inBytes ?? options.value('n') ?? '10';
  const fromStart = wanted.startsWith('+');
  const count = Math.abs(bytesOf(wanted));
  const status = await call.each(
    operands,
    async (operand) => {
      if (operands.length > 1 && !options.has('q')) await call.print(`==> ${operand} <==\n`);
      const text = (await call.content(operand)).toString('latin1');
      if (inBytes !== undefined)
        return call.print(fromStart ? text.slice(Math.max(0, count - 1)) : count === 0 ? '' : text.slice(-count));
      const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
      await call.print(
        (fromStart ? lines.slice(Math.max(0, count - 1)) : count === 0 ? [] : lines.slice(-count)).join(''),
      );
    },
    (operand) => `cannot open '${operand}' for reading`,
  );
  const [only] = operands;
  if ((options.has('f') || options.has('F')) && only !== undefined && only !== '-') await follow(call, only);
  return status;
};

async function follow(call: Call, operand: string): Promise<void> {
  const node = call.stat(operand);
  let offset = node.kind === 'file' ? node.size : 0;
  for (;;) {
    await call.proc.sleep(1000);
    const bytes = await call.content(operand);
    if (bytes.length < offset) offset = 0;
    await call.proc.file(1).write(bytes.subarray(offset), call.proc);
    offset = bytes.length;
  }
}

export const wc: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'lwcmL',
    long: { lines: 'l', words: 'w', bytes: 'c', chars: 'm' },
  });
  const all = !['l', 'w', 'c', 'm', 'L'].some((letter) => options.has(letter));
  const totals = [0, 0, 0];
  const operands = options.operands.length > 0 ? options.operands : ['-'];
  const show = (counts: number[], name: string) => {
    const shown = counts.filter(
      (_, index) => all || options.has('lwc'[index] as string) || (index === 2 && options.has('m')),
    );
    const width = shown.length > 1 || operands.length > 1 ? 7 : 1;
    return call.print(
      `${shown.map((count) => String(count).padStart(width)).join(' ')}${name === '-' ? '' : ` ${name}`}\n`,
    );
  };
  const status = await call.each(operands, async (operand) => {
    const counts = countAll(await call.content(operand), options);
    counts.forEach((count, index) => (totals[index] = (totals[index] ?? 0) + count));
    await show(counts, operand === '-' && options.operands.length === 0 ? '-' : operand);
  });
  if (operands.length > 1) await show(totals, 'total');
  return status;
};

/** Lines, words and bytes (or characters); words only where somebody asks. */
function countAll(bytes: Buffer, options: Options): [number, number, number] {
  const size = options.has('m') && !options.has('c') ? bytes.toString('utf8').length : bytes.length;
  if (options.has('c') && !options.has('l') && !options.has('w')) return [0, 0, size];
  const text = bytes.toString('latin1');
  return [
    (text.match(/\n/g) ?? []).length,
    options.has('l') && !options.has('w') ? 0 : (text.match(/[^ \t\n\r\f\v]+/g) ?? []).length,
    size,
  ];
}

export const tee: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'ai', long: { append: 'a' } });
  const { proc } = call;
  const files: OpenFile[] = [];
  const status = await call.each(options.operands, (operand) => {
    files.push(
      openFile(proc, call.fs, operand, {
        write: true,
        create: true,
        append: options.has('a'),
        truncate: !options.has('a'),
      }),
    );
  });
  for (;;) {
    const bytes = await proc.file(0).read(CHUNK, proc);
    if (bytes.length === 0) break;
    for (const file of [proc.file(1), ...files]) await file.write(bytes, proc);
  }
  for (const file of files) file.close();
  return status;
};

export const uniq: Tool = async (call) => {
  const options = parseOptions(call.args, {
    letters: 'cdiuf:s:w:',
    long: { count: 'c', repeated: 'd', unique: 'u', 'ignore-case': 'i' },
  });
  const skip = Math.min(1000, wholeNumber(options.value('f'), 0));
  const key = (line: string) => {
    const rest = skip > 0 ? line.replace(new RegExp(`^(\\s*\\S+){${skip}}`), '') : line;
    return options.has('i') ? rest.toLowerCase() : rest;
  };
  const { lines, status } = await allLines(call, options.operands.slice(0, 1));
  let result = '';
  for (let at = 0; at < lines.length; ) {
    let end = at + 1;
    while (end < lines.length && key(lines[end] as string) === key(lines[at] as string)) end++;
    const count = end - at;
    const shown = options.has('d') ? count > 1 : !options.has('u') || count === 1;
    if (shown) result += `${options.has('c') ? `${String(count).padStart(7)} ` : ''}${lines[at]}\n`;
    at = end;
  }
  const target = options.operands[1];
  if (target === undefined) await call.print(result);
  else await call.write(target, Buffer.from(result, 'latin1'));
  return status;
};

export const nl: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'b:w:s:n:v:' });
  const { lines, status } = await allLines(call, options.operands);
  let number = 0;
  const all = options.value('b') === 'a';
  await call.print(
    lines
      .map((line) =>
        line === '' && !all
          ? '\n'
          : `${String(++number).padStart(Number(options.value('w') ?? 6))}${options.value('s') ?? '\t'}${line}\n`,
      )
      .join(''),
  );
  return status;
};

export const rev: Tool = async (call) => {
  const { lines, status } = await allLines(call, call.args);
  await call.print(lines.map((line) => `${line.split('').toReversed().join('')}\n`).join(''));
  return status;
};

export const tac: Tool = async (call) => {
  const { lines, status } = await allLines(call, call.args);
  await call.print(
    lines
      .toReversed()
      .map((line) => `${line}\n`)
      .join(''),
  );
  return status;
};

export const paste: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'sd:', long: { serial: 's', delimiters: 'd' } });
  const delimiters = (options.value('d') ?? '\t').replaceAll('\\n', '\n').replaceAll('\\t', '\t').split('');
  const join = (parts: string[]) =>
    parts
      .map((part, index) => (index === 0 ? part : (delimiters[(index - 1) % (delimiters.length || 1)] ?? '') + part))
      .join('');
  const columns: string[][] = [];
  const status = await call.each(options.operands.length > 0 ? options.operands : ['-'], async (operand) => {
    const { lines } = await allLines(call, [operand]);
    columns.push(lines);
  });
  if (options.has('s')) await call.print(columns.map((column) => `${join(column)}\n`).join(''));
  else {
    const height = Math.max(0, ...columns.map(({ length }) => length));
    await call.print(
      Array.from({ length: height }, (_, row) => `${join(columns.map((column) => column[row] ?? ''))}\n`).join(''),
    );
  }
  return status;
};
