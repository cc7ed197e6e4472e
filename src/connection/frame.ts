import { randomBytes } from 'node:crypto';
import { quote } from '../shell/command.js';
import { noteAfter, noteBefore, type Noted } from './guard.js';

/** Text that no output contains by chance or on purpose. */
export function createNonce(): string {
  return `stars-${randomBytes(16).toString('hex')}`;
}

/** What a session's shell says on standard output about its frames. */
export type Marker =
  | { kind: 'start'; pid: number | undefined }
  | { kind: 'end'; code: number }
  | { kind: 'skipped' }
  /** The lock is not the run's any more; `by` is the first line of what is there instead. */
  | { kind: 'refused'; by: string };

/**
 * The first line of a session: USR1 makes the shell skip what it has been sent; a closed channel must not kill it before its EXIT
 * trap, which removes the temporary files it was told of.
 */
export const PRELUDE = `trap '_stars_skip=1' USR1;trap : PIPE;trap '[ -z "$_stars_half$_stars_left" ]||eval "rm -rf -- $_stars_half $_stars_left"' EXIT\n`;

/** Makes a session's shell remove the file when it ends. */
export function removeAtEnd(path: string): string {
  return `_stars_left="$_stars_left "${quote(quote(path))}`;
}

/** The same for the file that is being written, until it is complete. */
export function removeHalf(path: string | undefined): string {
  return `_stars_half=${path === undefined ? '' : quote(quote(path))}`;
}

/**
 * A script as one shell command for a session: a subshell reads nothing, so neither `exit`, a syntax error nor `read` reaches the
 * session, and a marker of the nonce surrounds its output on both streams. Only built-in commands: one fork a frame.
 * With `noted` it is done only while the lock is the run's, and noted there.
 */
export function frame(
  nonce: string,
  script: string,
  { hasProc, mark, noted }: { hasProc: boolean; mark?: string | undefined; noted?: Noted | undefined },
): string {
  const note = noted ? `${noteBefore(noted)};` : '';
  const start = hasProc
    ? `for _stars_pid in /proc/self/task/*;do :;done;_stars_pid=\${_stars_pid##*/};printf '${nonce} S %s\\n' "$_stars_pid";${note}unset _stars_pid _stars_lock`
    : `printf '${nonce} S\\n';${note.replace('"$_stars_pid"', '-')}unset _stars_lock`;
  const marked = mark === undefined ? '' : `STARS_TASK=${mark};export STARS_TASK;`;
  const skip = `printf '${nonce} K\\n';printf '${nonce}\\n' >&2`;
  const run = `(${start};${marked}eval ${quote(script)}) </dev/null;`;
  if (!noted) return `if [ "$_stars_skip" ];then ${skip};else ${run}${end(nonce)};fi\n`;
  const refused = `printf '${nonce} F %s\\n' "$_stars_by";printf '${nonce}\\n' >&2`;
  return `if [ "$_stars_skip" ];then ${skip};elif _stars_mine;then unset _stars_by;${run}${noteAfter(noted)};${end(nonce)};else ${refused};fi\n`;
}

/** A frame that runs in the session's shell itself: for its traps and variables. */
export function controlFrame(nonce: string, command: string): string {
  return `{ ${command}\n} </dev/null;${end(nonce)}\n`;
}

/** Ends skipping after USR1. */
export const STOP_SKIPPING = '_stars_skip=';

function end(nonce: string): string {
  return `printf '${nonce} E %s\\n' "$?";printf '${nonce}\\n' >&2`;
}

export function parseMarker(line: string): Marker {
  const [, kind, ...rest] = line.split(' ');
  const [value] = rest;
  if (kind === 'S') return { kind: 'start', pid: value ? Number(value) : undefined };
  if (kind === 'E') return { kind: 'end', code: Number(value) };
  if (kind === 'F') return { kind: 'refused', by: rest.join(' ').slice(0, 400) };
  return { kind: 'skipped' };
}

export type ScannerEvents = { onBytes: (bytes: Buffer) => void; onMarker: (line: string) => void };

/** Takes a stream apart into plain bytes and the marker lines that begin with the nonce, wherever the pieces are cut. */
export function createMarkerScanner(nonce: string, { onBytes, onMarker }: ScannerEvents) {
  const needle = Buffer.from(nonce);
  let rest: Buffer = Buffer.alloc(0);

  function push(chunk: Buffer): void {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    while (takeMarker());
    if (!rest.subarray(0, needle.length).equals(needle)) {
      const keep = possibleStart(rest, needle);
      emit(rest.subarray(0, rest.length - keep));
      rest = rest.subarray(rest.length - keep);
    }
  }

  function takeMarker(): boolean {
    const start = rest.indexOf(needle);
    if (start < 0) return false;
    emit(rest.subarray(0, start));
    rest = rest.subarray(start);
    const lineEnd = rest.indexOf(0x0a);
    if (lineEnd < 0) return false;
    const line = rest.subarray(0, lineEnd).toString('latin1');
    rest = rest.subarray(lineEnd + 1);
    onMarker(line);
    return true;
  }

  function emit(bytes: Buffer): void {
    if (bytes.length > 0) onBytes(bytes);
  }

  return { push };
}

/** How many bytes at the end of `bytes` may be the beginning of `needle`. */
function possibleStart(bytes: Buffer, needle: Buffer): number {
  const first = needle[0];
  for (let length = Math.min(bytes.length, needle.length - 1); length > 0; length--) {
    const at = bytes.length - length;
    if (bytes[at] === first && bytes.compare(needle, 0, length, at) === 0) return length;
  }
  return 0;
}
