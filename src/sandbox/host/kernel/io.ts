import { Errno } from '../fs/errno.js';
import type { OpenFile } from './open-file.js';
import type { Process } from './process.js';

const CHUNK = 65_536;
const MAX_READ = 256 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/** Writes a byte string to standard output. */
export async function print(proc: Process, text: string): Promise<void> {
  if (text !== '') await proc.file(1).write(Buffer.from(text, 'latin1'), proc);
}

/** Writes a line to standard error, if anybody listens there. */
export async function complain(proc: Process, line: string): Promise<void> {
  await proc.files.get(2)?.write(Buffer.from(`${line}\n`, 'latin1'), proc);
}

/** Everything up to the end, bounded. */
export async function readAll(proc: Process, file: OpenFile = proc.file(0)): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const bytes = await file.read(CHUNK, proc);
    if (bytes.length === 0) return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    chunks.push(bytes);
    size += bytes.length;
    if (size > MAX_READ) throw new Errno('ENOMEM');
    const pause = proc.step();
    if (pause) await pause;
  }
}

/** One line with its newline; what comes after it stays for the next reader. Empty at the end. */
export async function readLine(proc: Process, file: OpenFile): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const bytes = await file.read(CHUNK, proc);
    if (bytes.length === 0) break;
    const end = bytes.indexOf(10);
    if (end >= 0) {
      file.unread(bytes.subarray(end + 1));
      chunks.push(bytes.subarray(0, end + 1));
      break;
    }
    chunks.push(bytes);
    size += bytes.length;
    if (size > MAX_READ) throw new Errno('ENOMEM');
  }
  return (chunks.length === 0 ? EMPTY : Buffer.concat(chunks)).toString('latin1');
}

/** The lines of a file as they come, without their newlines; `complete` says whether the last had one. */
export async function* readLines(
  proc: Process,
  file: OpenFile = proc.file(0),
): AsyncGenerator<{ text: string; complete: boolean }> {
  let rest = '';
  for (;;) {
    const bytes = await file.read(CHUNK, proc);
    if (bytes.length === 0) break;
    const lines = (rest + bytes.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_READ) throw new Errno('ENOMEM');
    for (const text of lines) {
      const pause = proc.step();
      if (pause) await pause;
      yield { text, complete: true };
    }
  }
  if (rest !== '') yield { text: rest, complete: false };
}
