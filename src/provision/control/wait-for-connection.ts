import { asStarsError, StarsError } from '../../errors.js';
import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';
import { secondsOf } from './seconds.js';
import { untilReached } from './reach.js';

export const waitForConnection: ControlModule = { run };

async function run(call: ControlCall): Promise<ControlResult> {
  const { args, clock, signal, remote, checkMode } = call;
  if (checkMode) return done({ skipped: true });
  const seconds = (name: string, otherwise: number) => secondsOf(args.get(name), name, otherwise);
  const waiting = {
    timeout: seconds('timeout', 600),
    connectTimeout: seconds('connect_timeout', 5),
    sleep: seconds('sleep', 1),
  };
  const start = clock.now().getTime();
  await clock.sleep(seconds('delay', 0) * 1000, signal);
  const elapsed = () => Math.trunc((clock.now().getTime() - start) / 1000);
  try {
    await untilReached(call, async (exec) => void (await exec(':')), waiting);
  } catch (thrown) {
    const error = asStarsError(thrown);
    if (signal.aborted || (error instanceof StarsError && error.code === 'HOST_KEY')) throw thrown;
    return failed(`timed out waiting for the connection: ${error.message}`, { elapsed: elapsed() });
  }
  remote.forget();
  return done({ elapsed: elapsed() });
}
