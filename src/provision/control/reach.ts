import type { ExecResult } from '../../connection/connection.js';
import { asStarsError, StarsError } from '../../errors.js';
import type { ControlCall } from './call.js';

export type Waiting = {
  /** Seconds for all attempts together, and for one of them. */
  timeout: number;
  connectTimeout: number;
  /** Seconds between attempts; grows up to twelve when not given. */
  sleep?: number;
};

const LONGEST_PAUSE = 12;

/**
 * Opens a new connection again and again until `test` succeeds on it. Rejects with TIMEOUT, in the words of the last failure;
 * a host whose key or login is refused is not asked again.
 */
export async function untilReached(
  call: Pick<ControlCall, 'remote' | 'clock' | 'signal'>,
  test: (exec: (script: string) => Promise<ExecResult>) => Promise<void>,
  { timeout, connectTimeout, sleep }: Waiting,
): Promise<void> {
  const { clock, signal, remote } = call;
  const end = clock.now().getTime() + timeout * 1000;
  for (let pause = 1; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
    remote.disconnect();
    try {
      return await inTime(call, connectTimeout, () =>
        test((script) => remote.exec(script, Math.max(1, connectTimeout) * 1000)),
      );
    } catch (thrown) {
      const error = asStarsError(thrown);
      if (signal.aborted || FINAL.has(error.code)) throw thrown;
      if (clock.now().getTime() >= end) throw new StarsError('TIMEOUT', error.message, { cause: error });
    }
    await clock.sleep((sleep ?? pause) * 1000, signal);
  }
}

const FINAL = new Set<string>(['HOST_KEY', 'CANCELLED']);

/** An attempt that hangs is given up: its connection is dropped before the next. */
function inTime<T>({ clock }: Pick<ControlCall, 'clock'>, seconds: number, attempt: () => Promise<T>): Promise<T> {
  return new Promise((settle, reject) => {
    const cancel = clock.after(Math.max(1, seconds) * 1000, () =>
      reject(new StarsError('TIMEOUT', `The host did not answer within ${Math.max(1, seconds)} s.`)),
    );
    attempt().then(settle, reject).finally(cancel);
  });
}
