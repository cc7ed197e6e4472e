import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StarsError } from '../errors.js';
import { quote } from '../shell/command.js';
import type { Become, ExecResult, UploadOptions } from './connection.js';
import { removeAtEnd, removeHalf } from './frame.js';
import { launch, type Launcher } from './launch.js';
import type { PipeEnd, ShellPipe } from './pipe.js';
import type { Session } from './session.js';

export type Upload = {
  launcher: Launcher;
  session: Session;
  content: Buffer | Readable;
  path: string;
  become: Become | undefined;
  options: UploadOptions;
};

/** Above this, quoting the content for the shell costs more than a channel of its own. */
const SMALL_BYTES = 128 * 1024;
const DEFAULT_TIMEOUT_MS = 600_000;

/** Puts the content into a new file of mode 0600; leaves none behind when it fails. */
export async function upload(transfer: Upload): Promise<void> {
  const { content, session, path, options } = transfer;
  // Sent ahead without waiting: it costs no round trip.
  const told = options.temporary ? session.control(removeAtEnd(path)).catch(() => undefined) : undefined;
  if (Buffer.isBuffer(content) && content.length <= SMALL_BYTES) await uploadSmall(transfer, content);
  else await uploadStream(transfer);
  await told;
}

/** Within the session, so that it costs no round trip more than a script does. */
async function uploadSmall({ launcher, session, path, options }: Upload, content: Buffer): Promise<void> {
  const decode = session.hasBase64
    ? `printf %s '${content.toString('base64')}' | base64 -d`
    : `printf %b '${octal(content)}'`;
  const script = `${create(path)}
trap ${quote(remove(path))} EXIT
trap 'exit 143' HUP INT TERM
{ ${decode}; } >>${quote(path)} || exit
trap - EXIT`;
  requireSuccess(await session.run(script, options), { host: launcher.host, path });
}

function octal(content: Buffer): string {
  return Array.from(content, (byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
}

function create(path: string): string {
  return `umask 077\nset -C\n: >${quote(path)} || exit 1\nset +C`;
}

function remove(path: string): string {
  return `rm -f -- ${quote(path)}`;
}

function requireSuccess(
  { code, stderr }: Pick<ExecResult, 'code' | 'stderr'>,
  { host, path }: { host: string; path: string },
): void {
  if (code !== 0) throw notWritten(host, path, stderr.trim() || `exit code ${code}`);
}

function notWritten(host: string, path: string, why: string): StarsError {
  return new StarsError('HOSTS_FAILED', `${host}: cannot write ${path}: ${why}`, {
    hint: 'Check that the folder exists, is writable for the user and has space left.',
  });
}

/** Over a channel of its own. The session's shell removes the file if the connection is lost before it is complete. */
async function uploadStream(transfer: Upload): Promise<void> {
  const { launcher, session, path, options } = transfer;
  requireSuccess(await session.run(create(path), options), { host: launcher.host, path });
  await session.control(removeHalf(path));
  let complete = false;
  try {
    await sendStream(transfer);
    complete = true;
  } finally {
    const end = complete ? removeHalf(undefined) : `${removeHalf(undefined)};${remove(path)}`;
    await session.control(end).catch(() => undefined);
  }
}

type Sent = { bytes: number; code: number | undefined; stdout: string; stderr: string };

async function sendStream(transfer: Upload): Promise<void> {
  const { path, launcher } = transfer;
  const stop = new AbortController();
  const release = stopOn(transfer, stop);
  try {
    const { bytes, code, stdout, stderr } = await sendAll(transfer, stop.signal);
    if (code === undefined)
      throw new StarsError('UNREACHABLE', `${launcher.host}: the connection was lost while writing ${path}.`);
    requireSuccess({ code, stderr }, { host: launcher.host, path });
    if (Number(stdout) !== bytes) throw notWritten(launcher.host, path, `${stdout.trim()} of ${bytes} bytes arrived.`);
  } finally {
    release();
  }
}

/** Aborts `stop` with TIMEOUT or CANCELLED; the returned function lets go of timer and signal. */
function stopOn({ launcher, path, options }: Upload, stop: AbortController): () => void {
  const { host, clock } = launcher;
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const onAbort = () => stop.abort(new StarsError('CANCELLED', `${host}: cancelled.`, { cause: signal?.reason }));
  const onTime = () =>
    stop.abort(new StarsError('TIMEOUT', `${host}: ${path} was not written within ${timeoutMs / 1000} s.`));
  const cancelTimer = clock.after(timeoutMs, onTime);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return () => {
    cancelTimer();
    signal?.removeEventListener('abort', onAbort);
  };
}

async function sendAll({ launcher, content, path, become }: Upload, stop: AbortSignal): Promise<Sent> {
  let [bytes, stdout, stderr] = [0, '', ''];
  const { pipe } = await launch(launcher, {
    become,
    // The shell ends here in any case: what is left of the content when cat fails must never be read as commands.
    next: `cat >>${quote(path)} && wc -c <${quote(path)};exit`,
    onStdout: (piece) => (stdout = (stdout + piece.toString('latin1')).slice(-SAID_LIMIT)),
    onStderr: (piece) => (stderr = (stderr + piece.toString('utf8')).slice(-SAID_LIMIT)),
  });
  let sourceError: unknown;
  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of Buffer.isBuffer(content) ? pieces(content) : content) {
        bytes += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
    } catch (error) {
      sourceError = error;
      throw error;
    }
  }
  try {
    await pipeline(counted, pipe.stdin, { signal: stop });
  } catch {
    if (stop.aborted) pipe.destroy();
    stop.throwIfAborted();
    if (sourceError !== undefined) {
      pipe.destroy();
      throw notRead(launcher.host, path, sourceError);
    }
  }
  const { code } = await untilEnd(pipe, stop);
  return { bytes, code, stdout, stderr };
}

const SAID_LIMIT = 4096;
const PIECE_BYTES = 64 * 1024;

function* pieces(content: Buffer): Generator<Buffer> {
  for (let start = 0; start < content.length; start += PIECE_BYTES) yield content.subarray(start, start + PIECE_BYTES);
}

async function untilEnd(pipe: ShellPipe, stop: AbortSignal): Promise<PipeEnd> {
  const onStop = () => pipe.destroy();
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  const end = await pipe.ended;
  stop.removeEventListener('abort', onStop);
  stop.throwIfAborted();
  return end;
}

function notRead(host: string, path: string, cause: unknown): StarsError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StarsError('HOSTS_FAILED', `${host}: the content for ${path} cannot be read: ${why}`, { cause });
}
