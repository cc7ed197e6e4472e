import { randomBytes } from 'node:crypto';
import { quote } from '../shell/command.js';

/** Text that no output contains by chance or on purpose. */
export function createNonce(): string {
  return `stars-${randomBytes(16).toString('hex')}`;
}

/** What a session's shell says on standard output about its frames. */
export type Marker = { kind: 'start'; pid: number | undefined } | { kind: 'end'; code: number } | { kind: 'skipped' };

/** The first line of a session: USR1 makes the shell skip what it has been sent; a closed channel must not kill it before its EXIT trap. */
export const PRELUDE = `trap '_stars_skip=1' USR1;trap : PIPE\n`;

/**
 * A script as one shell command for a session: a subshell reads nothing, so neither `exit`, a syntax error nor `read` reaches the
 * session, and a marker of the nonce surrounds its output on both streams. Only built-in commands: one fork a frame.
 */
export function frame(nonce: string, script: string, { hasProc }: { hasProc: boolean }): string {
  const start = hasProc
    ? `for _stars_pid in /proc/self/task/*;do :;done;printf '${nonce} S %s\\n' "\${_stars_pid##*/}";unset _stars_pid`
    : `printf '${nonce} S\\n'`;
  const skip = `printf '${nonce} K\\n';printf '${nonce}\\n' >&2`;
  return `if [ "$_stars_skip" ];then ${skip};else (${start};eval ${quote(script)}) </dev/null;${end(nonce)};fi\n`;
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
  const [, kind, value] = line.split(' ');
  if (kind === 'S') return { kind: 'start', pid: value ? Number(value) : undefined };
  if (kind === 'E') return { kind: 'end', code: Number(value) };
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
