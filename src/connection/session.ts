import { StarsError } from '../errors.js';
import { type HostClaim, type LockWords, lockWords, takeScript } from './claim.js';
import type { Become, ExecOptions, ExecResult } from './connection.js';
import { contend, type Standing, takenOver } from './contest.js';
import { controlFrame, createNonce, frame, PRELUDE, STOP_SKIPPING } from './frame.js';
import { guardFunctions, RELEASE_LINES } from './guard.js';
import { launch, type Launcher } from './launch.js';
import { describeEnd, type PipeEnd } from './pipe.js';
import { createFrame, createSentFrames, type Frame, type FrameEnd, frameResult } from './sent-frames.js';
import { stopScript } from './stop.js';

export type SessionOptions = {
  launcher: Launcher;
  become: Become | undefined;
  /** Whose lock the session takes or joins before anything else; LOCKED when it cannot. */
  claim?: HostClaim | undefined;
  /** How much of each stream of a script is kept. */
  outputLimitBytes: number;
  /** The session can take nothing more. */
  onEnd: () => void;
};

/** One shell of one user on a host that runs scripts one after another; what is asked for meanwhile is sent at once. */
export type Session = {
  readonly hasBase64: boolean;
  /** How it stands to the host's lock, when there is a claim. */
  readonly standing: Standing | undefined;
  /** Rejects with UNREACHABLE, TIMEOUT or CANCELLED. */
  run(script: string, options: RunOptions): Promise<ExecResult>;
  /** Runs a command in the session's shell itself, for its traps. */
  control(command: string): Promise<ExecResult>;
  /** Ends what runs, then the shell. */
  close(): Promise<void>;
};

export type RunOptions = Pick<ExecOptions, 'signal' | 'timeoutMs' | 'onOutput' | 'endDetached' | 'action'>;

const DEFAULT_TIMEOUT_MS = 600_000;
/** How long after the end of a script's processes its shell may take to say so. */
const END_GRACE_MS = 5_000;
const CLOSE_GRACE_MS = 2_000;
const CONTEST_TIMEOUT_MS = 30_000;

/** Opens a session. Rejects with BECOME, UNREACHABLE or TIMEOUT; with a claim also with LOCKED, CANCELLED or HOSTS_FAILED. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { launcher, become, claim, outputLimitBytes, onEnd } = options;
  const { host, clock } = launcher;
  const words = claim && lockWords(claim);
  const nonce = createNonce();
  const waiting: Frame[] = [];
  const sent = createSentFrames(nonce, { onStart: watch, onEnd: finish });
  let calls = 0;
  let ended: StarsError | undefined;
  let standing: Standing | undefined;
  let sending = false;
  let stopping: Promise<void> | undefined;
  let stopCall: Promise<boolean> | undefined;
  let wakeStopping = () => {};

  const { pipe, pid, hasProc, hasBase64, said } = await launch(launcher, {
    become,
    first: words && takeScript(words),
    next: ':',
    onStdout: sent.onStdout,
    onStderr: sent.onStderr,
  });
  pipe.stdin.write(words ? `${PRELUDE}${guardFunctions(words)}` : PRELUDE);
  void pipe.ended.then((end) => lose(lost(host, end)));
  standing = words && (await contendHere(words));

  async function contendHere(lock: LockWords): Promise<Standing> {
    const exec = (script: string) => submit(frame(nonce, script, { hasProc }), { timeoutMs: CONTEST_TIMEOUT_MS });
    try {
      return await contend({ host, words: lock, clock, said, exec });
    } catch (error) {
      await close();
      throw error;
    }
  }

  function submit(
    text: string,
    { signal, timeoutMs = DEFAULT_TIMEOUT_MS, onOutput, mark }: RunOptions & { mark?: string | undefined },
  ): Promise<ExecResult> {
    if (ended) return Promise.reject(ended);
    if (signal?.aborted) return Promise.reject(cancelled(host, signal));
    return new Promise((resolve, reject) => {
      const onAbort = () => doom(entry, cancelled(host, signal));
      const settle = (outcome: ExecResult | StarsError) => {
        entry.cancelTimer();
        signal?.removeEventListener('abort', onAbort);
        if (outcome instanceof StarsError) reject(outcome);
        else resolve(outcome);
      };
      const entry = createFrame({ text, order: calls++, timeoutMs, onOutput, settle, mark }, outputLimitBytes);
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.push(entry);
      void send();
    });
  }

  /** Sends what waits, as fast as the channel takes it. */
  async function send(): Promise<void> {
    if (sending) return;
    sending = true;
    for (let next = takeNext(); next; next = takeNext()) {
      sent.add(next);
      if (!pipe.stdin.write(next.text)) await drained();
    }
    sending = false;
  }

  function takeNext(): Frame | undefined {
    return stopping !== undefined || ended ? undefined : waiting.shift();
  }

  function drained(): Promise<unknown> {
    return Promise.race([new Promise((resolve) => pipe.stdin.once('drain', resolve)), pipe.ended]);
  }

  function watch(started: Frame): void {
    started.cancelTimer = clock.after(started.timeoutMs, () => doom(started, timedOut(host, started.timeoutMs)));
    wakeStopping();
  }

  function finish(done: Frame, end: FrameEnd): void {
    if (done.doomed) settleStopped(done, done.doomed);
    else if (end === 'skipped') sendAgain(done);
    else if ('refusedFor' in end) done.settle(takenOver(host, end.refusedFor, claim));
    else done.settle(frameResult(done, end.code));
    wakeStopping();
  }

  /** The shell answers when the script itself has ended; what the script started is gone when the stop is through. */
  function settleStopped(done: Frame, reason: StarsError): void {
    done.cancelTimer();
    void Promise.resolve(stopCall).then(() => done.settle(reason));
  }

  /** It was skipped together with what had to be stopped, so it has not begun. */
  function sendAgain(skipped: Frame): void {
    waiting.push(skipped);
    waiting.sort((a, b) => a.order - b.order);
  }

  function doom(entry: Frame, reason: StarsError): void {
    if (entry.doomed) return;
    entry.doomed = reason;
    const place = waiting.indexOf(entry);
    if (place >= 0) {
      waiting.splice(place, 1);
      entry.settle(reason);
      return;
    }
    stopping ??= stopAndGoOn();
  }

  async function stopAndGoOn(): Promise<void> {
    await stopDoomed();
    stopping = undefined;
    void send();
  }

  /** Ends doomed frames that run and lets the shell skip those that have not begun; then goes on with the others. */
  async function stopDoomed(): Promise<void> {
    const tried = new Set<Frame>();
    let skipping = false;
    for (let doomed = doomedFrames(); doomed.length > 0; doomed = doomedFrames()) {
      const running = doomed.find((entry) => entry.started && !tried.has(entry));
      if (running || !skipping) {
        if (running) tried.add(running);
        stopCall = stopScript(launcher, become, {
          shell: pid,
          pid: running?.pid,
          mark: running?.mark,
          runs: running !== undefined,
        });
        skipping = await stopCall;
        if (!skipping) return giveUp();
      } else if (!(await somethingHappens())) {
        return giveUp();
      }
    }
    if (!ended) submitNow(controlFrame(nonce, STOP_SKIPPING));
  }

  function doomedFrames(): Frame[] {
    // Empty once the session is lost: all are settled then.
    return sent.frames.filter(({ doomed }) => doomed !== undefined);
  }

  /** A frame begins or ends. False when none does although nobody else's script is running. */
  function somethingHappens(): Promise<boolean> {
    const foreign = sent.frames.some(({ started, doomed }) => started && !doomed);
    return new Promise((resolve) => {
      const cancelTimer = foreign ? () => {} : clock.after(END_GRACE_MS, () => resolve(false));
      wakeStopping = () => {
        cancelTimer();
        resolve(true);
      };
    });
  }

  /** Ahead of what waits: the shell has to be told before the next frame. */
  function submitNow(text: string): void {
    sent.add(
      createFrame(
        { text, order: -1, timeoutMs: DEFAULT_TIMEOUT_MS, onOutput: undefined, settle: () => {}, mark: undefined },
        0,
      ),
    );
    pipe.stdin.write(text);
  }

  function giveUp(): void {
    for (const frame of doomedFrames()) if (frame.doomed) frame.doomed = notStopped(host, frame.doomed);
    lose(new StarsError('UNREACHABLE', `${host}: the shell was given up because a script in it could not be stopped.`));
    pipe.destroy();
  }

  function lose(reason: StarsError): void {
    if (ended) return;
    ended = reason;
    for (const frame of [...sent.takeAll(), ...waiting.splice(0)]) frame.settle(frame.doomed ?? fate(frame, reason));
    wakeStopping();
    onEnd();
  }

  async function close(): Promise<void> {
    const reason = new StarsError('CANCELLED', `${host}: the connection was closed.`);
    for (const frame of [...waiting, ...sent.frames]) doom(frame, reason);
    await stopping;
    lose(reason);
    pipe.stdin.end(words && standing?.kind === 'owner' ? RELEASE_LINES : undefined);
    const cancelTimer = clock.after(CLOSE_GRACE_MS, () => pipe.destroy());
    await pipe.ended;
    cancelTimer();
  }

  return {
    hasBase64,
    standing,
    run(script, given) {
      const mark = given.endDetached && hasProc ? createNonce() : undefined;
      const noted = words && given.action !== undefined ? { action: given.action, sentAt: clock.now() } : undefined;
      if (!script.includes('\0')) return submit(frame(nonce, script, { hasProc, mark, noted }), { ...given, mark });
      return Promise.reject(new StarsError('UNSUPPORTED', `${host}: a script cannot hold a NUL character.`));
    },
    control: (command) => submit(controlFrame(nonce, command), {}),
    close,
  };
}

function lost(host: string, end: PipeEnd): StarsError {
  return new StarsError('UNREACHABLE', `${host}: the shell ${describeEnd(end)}.`, {
    hint: 'Check the host, then start the command again: finished tasks are found done.',
  });
}

/** What a lost session means for one frame. */
function fate({ started }: Frame, reason: StarsError): StarsError {
  const outcome = started ? 'The outcome of the script that ran is unknown.' : 'The script had not begun.';
  return new StarsError(reason.code, `${reason.message} ${outcome}`, { hint: reason.hint, cause: reason });
}

function notStopped(host: string, reason: StarsError): StarsError {
  return new StarsError(reason.code, `${reason.message} It could not be ended and may still run on the host.`, {
    hint: `Look for it on ${host} before starting again.`,
    cause: reason,
  });
}

function timedOut(host: string, timeoutMs: number): StarsError {
  return new StarsError('TIMEOUT', `${host}: the script did not end within ${timeoutMs / 1000} s.`);
}

function cancelled(host: string, signal: AbortSignal | undefined): StarsError {
  return new StarsError('CANCELLED', `${host}: cancelled.`, { cause: signal?.reason });
}
