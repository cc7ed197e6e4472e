import type { Readable } from 'node:stream';
import { StarsError } from '../errors.js';
import type { Redactor } from '../secret.js';
import type { HostClaim } from './claim.js';
import type { Become, Connection, ExecOptions, ExecResult, UploadOptions } from './connection.js';
import { registerScript } from './guard.js';
import type { Launcher } from './launch.js';
import { openSession, type Session } from './session.js';
import { upload } from './upload.js';

export type ShellConnectionOptions = {
  launcher: Launcher;
  /** In whose name the host is worked on: its lock is taken by the first shell. */
  claim?: HostClaim | undefined;
  /** How much of each output stream of a script is kept; the middle of the rest is left out. */
  outputLimitBytes?: number | undefined;
  redactor?: Redactor | undefined;
  /** Lets go of what carries the shells. */
  closeTransport: () => Promise<void>;
};

const DEFAULT_OUTPUT_LIMIT_BYTES = 1024 * 1024;

/** Calls of one user in a row; those of another user begin when all of these are answered. */
type Turn = { key: string; begin: Promise<unknown>; calls: Set<Promise<unknown>> };

/** A connection out of shells: one for each user that is asked for, opened when it first is. */
export function createShellConnection({
  launcher,
  claim,
  outputLimitBytes = DEFAULT_OUTPUT_LIMIT_BYTES,
  redactor,
  closeTransport,
}: ShellConnectionOptions): Connection {
  const { host } = launcher;
  const sessions = new Map<string, Promise<Session>>();
  let turn: Turn = { key: '', begin: Promise.resolve(), calls: new Set() };
  let closing: Promise<void> | undefined;
  let owner: Session | undefined;

  function inTurn<T>(become: Become | undefined, act: (session: Session) => Promise<T>): Promise<T> {
    if (closing) return Promise.reject(new StarsError('UNREACHABLE', `${host}: the connection is closed.`));
    const key = become ? JSON.stringify([become.method, become.user, become.flags, become.exe, become.password]) : '';
    if (key !== turn.key) turn = { key, begin: Promise.allSettled(turn.calls), calls: new Set() };
    const { begin, calls } = turn;
    const call = begin.then(() => session(key, become)).then(act);
    const settled = call.then(
      () => undefined,
      () => undefined,
    );
    calls.add(settled);
    void settled.then(() => calls.delete(settled));
    return call;
  }

  function session(key: string, become: Become | undefined): Promise<Session> {
    const open = sessions.get(key);
    if (open) return open;
    const forget = () => {
      if (sessions.get(key) === opening) sessions.delete(key);
    };
    if (become?.password !== undefined) redactor?.add(become.password);
    const opening = openRegistered(become, forget);
    sessions.set(key, opening);
    opening.catch(forget);
    return opening;
  }

  /** A shell that cannot be noted in the lock by itself is so by one that can. */
  async function openRegistered(become: Become | undefined, onEnd: () => void): Promise<Session> {
    const opened = await openSession({ launcher, become, claim, outputLimitBytes, onEnd });
    if (claim && opened.standing?.kind === 'guest')
      await owner?.control(registerScript(opened.standing)).catch(() => undefined);
    if (opened.standing?.kind === 'owner') owner = opened;
    return opened;
  }

  /** The lock goes last: until then something may still be ending. */
  async function closeAll(): Promise<void> {
    const open = (await Promise.allSettled(sessions.values())).flatMap((each) =>
      each.status === 'fulfilled' ? [each.value] : [],
    );
    await Promise.all(open.filter(({ standing }) => standing?.kind !== 'owner').map((each) => each.close()));
    for (const each of open) if (each.standing?.kind === 'owner') await each.close();
    await closeTransport();
  }

  return {
    host,
    exec(script: string, options: ExecOptions = {}): Promise<ExecResult> {
      return inTurn(options.become, (shell) => shell.run(script, options));
    },
    upload(content: Buffer | Readable, path: string, options: UploadOptions = {}): Promise<void> {
      const { become } = options;
      return inTurn(become, (shell) => upload({ launcher, session: shell, content, path, become, options }));
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
