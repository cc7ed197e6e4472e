import { connect, type Socket } from 'node:net';
import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';

export type FourLetterWord = 'ruok' | 'srvr' | 'mntr' | 'isro' | 'stat';

export type AskOptions = { clock: Clock; timeoutMs: number; signal?: AbortSignal | undefined };

const MAX_BYTES = 1024 * 1024;

/** What a ZooKeeper server says to the word. Rejects with API_UNREACHABLE (address in the message) or CANCELLED. */
export async function ask(
  address: string,
  word: FourLetterWord,
  { clock, timeoutMs, signal }: AskOptions,
): Promise<string> {
  if (signal?.aborted) throw cancelled();
  const { host, port } = parseAddress(address);
  const socket = connect({ host, port });
  let stop: StarsError | undefined;
  const give = (error: StarsError) => {
    stop = error;
    socket.destroy(error);
  };
  const stopTimer = clock.after(timeoutMs, () => give(failure(address, `gave no answer within ${timeoutMs / 1000} s`)));
  const onAbort = () => give(cancelled());
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await converse(socket, word);
  } catch (error) {
    throw stop ?? failure(address, reasonOf(error), error);
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

/** `host:port`, port 2181 when left out. Throws CONFIG for anything else. */
export function parseAddress(address: string): { host: string; port: number } {
  const [, host, port = '2181'] = /^\[?([^[\]\s/@]+?)\]?(?::(\d{1,5}))?$/.exec(address) ?? [];
  if (host && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) };
  throw new StarsError('CONFIG', `"${address}" is not the address of a ZooKeeper server.`, {
    hint: 'Write it like host:2181.',
  });
}

async function converse(socket: Socket, word: FourLetterWord): Promise<string> {
  // Not `end`: a server may take a half-closed connection for a closed one and say nothing.
  socket.write(word);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error('answers without end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ECONNREFUSED') return 'refused the connection';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'has no known address';
  return code ? `broke off the connection (${code})` : (error as Error).message;
}

function failure(address: string, reason: string, cause?: unknown): StarsError {
  return new StarsError('API_UNREACHABLE', `ZooKeeper at ${address} ${reason}.`, { cause });
}

function cancelled(): StarsError {
  return new StarsError('CANCELLED', 'Cancelled while talking to ZooKeeper.');
}
