import type { Call, Tool } from './call.js';
import { parseOptions } from './options.js';

const CHUNK = 65_536;

export const cat: Tool = async (call) => {
  const options = parseOptions(call.args, { letters: 'nAbesTEuv' });
  let number = 0;
  return call.each(options.operands.length > 0 ? options.operands : ['-'], async (operand) => {
    if (options.has('n')) {
      for (const line of (await call.content(operand)).toString('latin1').replace(/\n$/, '').split('\n'))
        await call.print(`${String(++number).padStart(6)}\t${line}\n`);
    } else await copyOut(call, operand);
  });
};

async function copyOut(call: Call, operand: string): Promise<void> {
  const { proc } = call;
  const file = operand === '-' ? proc.file(0).share() : call.openToRead(operand);
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
