import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import type { CallOptions, Http } from '../http.js';
import { FileEntries, FileRead, type FileEntry } from './schema.js';

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

/** The end of a file. `from` is the byte at which `text` begins; 0 is the whole file. */
export type LogTail = { path: string; text: string; from: number; size: number };

/** What was added to a file. `next` is where to go on; `restarted` when it had become shorter, so that `text` is all it holds now. */
export type Added = { text: string; next: number; restarted: boolean };

// An agent gives out 16 pages at most in one answer, whatever is asked for.
const PIECE_BYTES = 65_536;
const DEFAULT_BYTES = 8_192;
/** The most that is read at once, however long the file is. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;

/** The last `bytes` (at most 8 MB) of a file, from the first whole line on. */
export async function readTail(
  agent: Http,
  path: string,
  { bytes = DEFAULT_BYTES, ...options }: Asking & { bytes?: number | undefined },
): Promise<LogTail> {
  const size = await sizeOf(agent, path, options);
  const from = Math.max(0, size - Math.min(bytes, MAX_LOG_BYTES));
  const read = await readRange(agent, path, { from, to: size, ...options });
  const text = read.toString('utf8');
  return { path, size, from, text: from === 0 ? text : fromWholeLine(text) };
}

/** What a file got since byte `from`, up to its last whole line; `from` undefined begins at its end. */
export async function readAdded(
  agent: Http,
  path: string,
  { from, ...options }: Asking & { from: number | undefined },
): Promise<Added> {
  const size = await sizeOf(agent, path, options);
  if (from === undefined) return { text: '', next: size, restarted: false };
  // A file that was cut off or rotated only looks as if nothing had come.
  const restarted = size < from;
  const start = restarted ? 0 : from;
  const bytes = await readRange(agent, path, { from: start, to: Math.min(size, start + MAX_LOG_BYTES), ...options });
  const whole = bytes.subarray(0, wholeLines(bytes));
  return { text: whole.toString('utf8'), next: start + whole.length, restarted };
}

/** The files and folders in a folder of a sandbox. */
export async function browse(agent: Http, path: string, options: Asking = {}): Promise<FileEntry[]> {
  return agent
    .get('/files/browse', FileEntries, { ...options, query: { path } })
    .catch((error: unknown) => Promise.reject(goneOr(error, agent, path)));
}

async function readRange(
  agent: Http,
  path: string,
  { from, to, ...options }: Asking & { from: number; to: number },
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = from; at < to; ) {
    const length = Math.min(PIECE_BYTES, to - at);
    const { data } = await readFile(agent, { path, offset: at, length }, options);
    if (data === '') break;
    pieces.push(Buffer.from(data, 'latin1'));
    at += Math.min(data.length, length);
  }
  return Buffer.concat(pieces);
}

async function sizeOf(agent: Http, path: string, options: Asking): Promise<number> {
  return (await readFile(agent, { path, offset: -1 }, options)).offset;
}

// Offsets are bytes, and a cut through a character leaves an answer that is not UTF-8: so each byte is taken for one character.
function readFile(agent: Http, query: { path: string; offset: number; length?: number }, options: Asking) {
  return agent
    .get('/files/read', FileRead, { ...options, query, latin1: true })
    .catch((error: unknown) => Promise.reject(goneOr(error, agent, query.path)));
}

function goneOr(error: unknown, agent: Http, path: string): unknown {
  if (refusalOf(error)?.status !== 404) return error;
  return new StarsError('API_ANSWER', `${agent.service} no longer has ${path}.`, {
    hint: 'Mesos removes the files of an ended task after about a week, or when the disk is full.',
    cause: error,
  });
}

// A tail may begin inside a character.
function fromWholeLine(text: string): string {
  const end = text.indexOf('\n');
  return end === -1 ? text.replace(/^\uFFFD+/, '') : text.slice(end + 1);
}

const LONGEST_LINE_BYTES = 32_768;

/** How many bytes to show now: whole lines, or a very long one without its last character, which may not be whole. */
function wholeLines(bytes: Buffer): number {
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end > 0 || bytes.length < LONGEST_LINE_BYTES) return end;
  let last = bytes.length - 1;
  while (last > 0 && (bytes[last]! & 0xc0) === 0x80) last--;
  return last;
}
