import { openFile } from '../kernel/open.js';
import { UsageFault } from './call.js';
import type { Tool } from './call.js';
import { parseOptions } from './options.js';

export const yes: Tool = async (call) => {
  const line = `${call.args.join(' ') || 'y'}\n`;
  const block = line.repeat(Math.max(1, Math.floor(8192 / line.length)));
  for (;;) {
    await call.print(block);
    const pause = call.proc.step();
    if (pause) await pause;
  }
};

export const seq: Tool = async (call) => {
  const options = parseOptions(
    call.args.map((arg) => (/^-\d/.test(arg) ? ` ${arg}` : arg)),
    { letters: 's:wf:', long: { separator: 's', 'equal-width': 'w' } },
  );
  const numbers = options.operands.map((text) => Number(text));
  if (numbers.length === 0) throw new UsageFault('missing operand');
  if (numbers.some(Number.isNaN))
    throw new UsageFault(`invalid floating point argument: '${options.operands[numbers.findIndex(Number.isNaN)]}'`);
  const [first, step, last] =
    numbers.length === 1
      ? [1, 1, numbers[0] as number]
      : numbers.length === 2
        ? [numbers[0] as number, 1, numbers[1] as number]
        : (numbers as [number, number, number]);
  if (step === 0) throw new UsageFault("invalid Zero increment value: '0'");
  const digits = Math.max(...options.operands.map((text) => text.split('.')[1]?.length ?? 0));
  const width = options.has('w') ? Math.max(first.toFixed(digits).length, last.toFixed(digits).length) : 0;
  const separator = options.value('s')?.replace('\\n', '\n') ?? '\n';
  let chunk = '';
  let count = 0;
  for (let index = 0; ; index++) {
    const value = first + index * step;
    if (step > 0 ? value > last : value < last) break;
    chunk += (count++ > 0 ? separator : '') + value.toFixed(digits).padStart(width, '0');
    if (chunk.length > 8192) {
      await call.print(chunk);
      chunk = '';
    }
    const pause = call.proc.step();
    if (pause) await pause;
  }
  await call.print(count > 0 ? `${chunk}\n` : '');
  return 0;
};

export const dd: Tool = async (call) => {
  const options = new Map(call.args.map((arg) => [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)]));
  const size = (text: string | undefined, fallback: number) => {
    const found = /^(\d+)([kKMG]?)B?$/.exec(text ?? '');
    return found
      ? Number(found[1]) * { '': 1, k: 1024, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[found[2] as 'k']
      : fallback;
  };
  const block = size(options.get('bs') ?? options.get('ibs'), 512);
  const limit = size(options.get('count'), Number.POSITIVE_INFINITY) * block;
  const input = options.has('if') ? call.openToRead(options.get('if') as string) : call.proc.file(0).share();
  const output = options.has('of')
    ? openFile(call.proc, call.fs, options.get('of') as string, {
        write: true,
        create: true,
        truncate: !options.get('conv')?.includes('notrunc'),
      })
    : call.proc.file(1).share();
  let skip = size(options.get('skip'), 0) * block;
  let copied = 0;
  try {
    while (copied < limit) {
      const bytes = await input.read(Math.min(65_536, limit - copied + skip), call.proc);
      if (bytes.length === 0) break;
      const kept = bytes.subarray(Math.min(skip, bytes.length));
      skip -= bytes.length - kept.length;
      await output.write(kept, call.proc);
      copied += kept.length;
      const pause = call.proc.step();
      if (pause) await pause;
    }
  } finally {
    input.close();
    output.close();
  }
  if (options.get('status') !== 'none') {
    const [full, partial] = [Math.floor(copied / block), copied % block > 0 ? 1 : 0];
    await call.proc.files
      .get(2)
      ?.write(
        Buffer.from(`${full}+${partial} records in\n${full}+${partial} records out\n${copied} bytes copied\n`),
        call.proc,
      );
  }
  return 0;
};
