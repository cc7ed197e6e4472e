import { connect, type Socket } from 'node:net';
import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { parseAddress } from './four-letter-word.js';
import {
  frameReader,
  juteReader,
  juteWriter,
  NO_AUTH,
  NO_NODE,
  OPERATIONS,
  PING_XID,
  readStat,
  type JuteReader,
  type Stat,
} from './jute.js';

/** A node that is not there, or that may not be read. */
export type Refused = 'no-node' | 'no-auth';

export type Session = {
  readonly address: string;
  exists(path: string): Promise<Stat | Refused>;
  data(path: string): Promise<{ data: Buffer; stat: Stat } | Refused>;
  children(path: string): Promise<string[] | Refused>;
  close(): void;
};

export type SessionOptions = {
  clock: Clock;
  /** Longest wait for the session, and then for each answer. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
};

type Waiting = {
  resolve: (reader: JuteReader | Refused) => void;
  reject: (error: StarsError) => void;
  stopTimer: () => void;
};

const SESSION_MS = 10_000;
// ZooKeeper sends at most about a megabyte unless somebody has raised jute.maxbuffer.
const MAX_FRAME_BYTES = 64 * 1024 * 1024;

/** A session with one server that can only read. Rejects with API_UNREACHABLE, API_ANSWER or CANCELLED; all calls do so once it broke. */
export async function openSession(address: string, { clock, timeoutMs, signal }: SessionOptions): Promise<Session> {
  const socket = connect(parseAddress(address));
  const waiting = new Map<number, Waiting>();
  const frames = frameReader(MAX_FRAME_BYTES);
  let nextXid = 1;
  let broken: StarsError | undefined;
  let stopPing = () => {};
  let onFrame = (frame: Buffer) => take(frame);

  function fail(error: StarsError): void {
    socket.destroy();
    give(error);
  }

  /** Tells everybody who waits. */
  function give(error: StarsError): void {
    broken ??= error;
    stopPing();
    signal?.removeEventListener('abort', onAbort);
    for (const { reject, stopTimer } of waiting.values()) {
      stopTimer();
      reject(broken);
    }
    waiting.clear();
  }

  const onAbort = () => fail(new StarsError('CANCELLED', 'Cancelled while talking to ZooKeeper.'));

  function receive(chunk: Buffer): void {
    try {
      for (const frame of frames(chunk)) onFrame(frame);
    } catch (cause) {
      fail(new StarsError('API_ANSWER', `ZooKeeper at ${address} sent something that is not its protocol.`, { cause }));
    }
  }

  function take(frame: Buffer): void {
    const reader = juteReader(frame);
    const xid = reader.int();
    reader.long();
    const code = reader.int();
    const one = waiting.get(xid);
    if (!one) return;
    waiting.delete(xid);
    one.stopTimer();
    if (code === 0) one.resolve(reader);
    else if (code === NO_NODE) one.resolve('no-node');
    else if (code === NO_AUTH) one.resolve('no-auth');
    else one.reject(new StarsError('API_ANSWER', `ZooKeeper at ${address} answers with the error ${code}.`));
  }

  function ask(operation: number, path: string): Promise<JuteReader | Refused> {
    if (broken) return Promise.reject(broken);
    const xid = nextXid++;
    return new Promise((resolve, reject) => {
      const stopTimer = clock.after(timeoutMs, () => fail(tooLate(address, timeoutMs)));
      waiting.set(xid, { resolve, reject, stopTimer });
      // The last field would ask to hear of changes.
      socket.write(juteWriter().int(xid).int(operation).text(path).bool(false).frame());
    });
  }

  /** Reads the record that came, unless it is a refusal; a record of another form ends the session. */
  async function read<T>(operation: number, path: string, parse: (reader: JuteReader) => T): Promise<T | Refused> {
    const answer = await ask(operation, path);
    if (typeof answer === 'string') return answer;
    try {
      return parse(answer);
    } catch (cause) {
      const error = new StarsError('API_ANSWER', `ZooKeeper at ${address} sent a record that does not fit ${path}.`, {
        cause,
      });
      fail(error);
      throw error;
    }
  }

  function keepAlive(everyMs: number): void {
    stopPing = clock.after(everyMs, () => {
      socket.write(juteWriter().int(PING_XID).int(OPERATIONS.ping).frame());
      keepAlive(everyMs);
    });
  }

  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  socket.on('data', receive);
  socket.on('error', (cause) => fail(brokeOff(address, cause)));
  socket.on('close', () => fail(brokeOff(address)));
  await new Promise<void>((resolve, reject) => {
    if (broken) return reject(broken);
    const stopTimer = clock.after(timeoutMs, () => fail(tooLate(address, timeoutMs)));
    // Until the session stands there is one thing to wait for: whatever fails, fails that.
    waiting.set(0, { resolve: () => resolve(), reject, stopTimer });
    onFrame = (frame) => {
      const grantedMs = readGranted(frame);
      if (grantedMs <= 0) return fail(brokeOff(address));
      onFrame = take;
      waiting.delete(0);
      stopTimer();
      keepAlive(grantedMs / 3);
      resolve();
    };
    socket.write(hello());
  });

  return {
    address,
    exists: (path) => read(OPERATIONS.exists, path, readStat),
    data: (path) =>
      read(OPERATIONS.getData, path, (reader) => ({ data: Buffer.from(reader.buffer()), stat: readStat(reader) })),
    children: (path) => read(OPERATIONS.getChildren2, path, (reader) => reader.texts()),
    close() {
      if (broken) return;
      endPolitely(socket, nextXid++);
      give(new StarsError('CANCELLED', 'The session with ZooKeeper is closed.'));
    },
  };
}

/** Asks for a new session: protocol 0, nothing seen yet, no password. */
function hello(): Buffer {
  return juteWriter().int(0).long(0n).int(SESSION_MS).long(0n).buffer(Buffer.alloc(16)).bool(false).frame();
}

/** The time-out the server grants, in ms; 0 when it grants no session. */
function readGranted(frame: Buffer): number {
  const reader = juteReader(frame);
  reader.int();
  return reader.int();
}

// Otherwise the server keeps the session until it times out. Nobody waits for its answer.
function endPolitely(socket: Socket, xid: number): void {
  socket.unref().end(juteWriter().int(xid).int(OPERATIONS.close).frame(), () => socket.destroy());
}

function tooLate(address: string, timeoutMs: number): StarsError {
  return new StarsError('API_UNREACHABLE', `ZooKeeper at ${address} gave no answer within ${timeoutMs / 1000} s.`);
}

function brokeOff(address: string, cause?: NodeJS.ErrnoException): StarsError {
  const refused = cause?.code === 'ECONNREFUSED';
  const reason = refused ? 'refused the connection' : 'broke off the connection';
  return new StarsError('API_UNREACHABLE', `ZooKeeper at ${address} ${reason}.`, {
    hint: 'A server that has no quorum takes no sessions.',
    cause,
  });
}
