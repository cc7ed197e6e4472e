import { spawn, spawnSync } from 'node:child_process';
import { StarsError } from '../errors.js';
import { templateError } from '../jinja/template-error.js';
import type { AskOutside, OutsideAnswer, OutsideCall } from '../templating/outside-call.js';

const MOST_BYTES = 10_000_000;
/** Where a template cannot be left and come back to, everything else waits for the program. */
const LONGEST_WAIT_MS = 30_000;

export type OutsideOptions = { folder: string; environment: Readonly<Record<string, string | undefined>> };

type Outcome = OutsideAnswer | StarsError;
type Told = { key: string; outcome: Outcome };

/**
 * Programs that the templates of one task ask for. Templates cannot wait: the first time a task comes by such a question it is left
 * there, the program runs, and the task begins anew with the answer, question by question. Once it has done something (`settle`) it
 * cannot begin anew, and what is asked from then on is waited for.
 */
export type OutsideCalls = {
  ask: AskOutside;
  /** Runs `act` as often as it takes until it has all answers. */
  answered<T>(act: () => Promise<T>): Promise<T>;
  /** Before anything is done. Throws what leaves the task while an answer is missing. */
  settle(): void;
};

export function createOutsideCalls(options: OutsideOptions, signal: AbortSignal): OutsideCalls {
  const known: Told[] = [];
  let next = 0;
  let missing: OutsideCall | undefined;
  let settled = false;

  function ask(call: OutsideCall): OutsideAnswer {
    const told = known[next];
    if (told?.key === keyOf(call)) {
      next += 1;
      return given(told.outcome);
    }
    if (settled) return given(waitFor(call, options));
    known.length = next;
    missing ??= call;
    throw notYet(call);
  }

  async function answered<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      next = 0;
      missing = undefined;
      // What a template made of the question that it was left with counts as little as its failing.
      const end = await act().then(
        (value) => () => value,
        (error: unknown) => () => {
          throw error;
        },
      );
      const call = missing as OutsideCall | undefined;
      if (call === undefined || settled) return end();
      known.push({ key: keyOf(call), outcome: await run(call, options, signal) });
    }
  }

  function settle(): void {
    if (missing) throw notYet(missing);
    settled = true;
  }

  return { ask, answered, settle };
}

/** For templates outside of tasks, such as the passwords of hosts: each program is asked once a run, and waited for. */
export function createSharedOutside(options: OutsideOptions): AskOutside {
  const known = new Map<string, Outcome>();
  return (call) => {
    const key = keyOf(call);
    const outcome = known.get(key) ?? waitFor(call, options);
    known.set(key, outcome);
    return given(outcome);
  };
}

/** For looking ahead, where nothing may run. */
export const askNobody: AskOutside = (call) => {
  throw notYet(call);
};

function given(outcome: Outcome): OutsideAnswer {
  if (outcome instanceof StarsError) throw outcome;
  return outcome;
}

function notYet({ what }: OutsideCall): StarsError {
  return templateError(`${what} is not answered yet.`);
}

function keyOf({ program, args, input, environment }: OutsideCall): string {
  return JSON.stringify([program, args, input, environment]);
}

function waitFor(call: OutsideCall, { folder, environment }: OutsideOptions): Outcome {
  const timeoutMs = Math.min(call.timeoutMs, LONGEST_WAIT_MS);
  const { status, signal, stdout, stderr, error } = spawnSync(call.program, call.args, {
    cwd: folder,
    env: { ...environment, ...call.environment },
    input: call.input,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MOST_BYTES,
    encoding: 'utf8',
  });
  const code = error && 'code' in error ? error.code : undefined;
  if (code === 'ETIMEDOUT') return tookTooLong(call, timeoutMs);
  if (code === 'ENOBUFS') return saidTooMuch(call);
  if (error) return templateError(`${call.what} could not be run: ${error.message}`);
  return { code: status ?? (signal ? 128 : 1), stdout, stderr };
}

function run(call: OutsideCall, { folder, environment }: OutsideOptions, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const env = { ...environment, ...call.environment };
    // A process group of its own, which ends with all that it started.
    const child = spawn(call.program, call.args, { cwd: folder, env, stdio: 'pipe', detached: true });
    const out: Buffer[] = [];
    let bytes = 0;
    let error = '';

    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    };
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      finish();
    };
    const giveUp = (outcome: Outcome) => {
      end();
      settle(() => resolve(outcome));
    };
    const onAbort = () => {
      end();
      settle(() => reject(new StarsError('CANCELLED', `${call.what} was cancelled.`, { cause: signal.reason })));
    };
    const timer = setTimeout(() => giveUp(tookTooLong(call, call.timeoutMs)), call.timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    child.stdout.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > MOST_BYTES) giveUp(saidTooMuch(call));
      else out.push(piece);
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => (error = (error + piece).slice(-4000)));
    child.stdin.on('error', () => {});
    child.stdin.end(call.input);
    child.once('error', (cause) => giveUp(templateError(`${call.what} could not be run: ${cause.message}`)));
    child.once('close', (code) =>
      settle(() => resolve({ code: code ?? 128, stdout: Buffer.concat(out).toString('utf8'), stderr: error })),
    );
    if (signal.aborted) onAbort();
  });
}

function tookTooLong({ what }: OutsideCall, timeoutMs: number): StarsError {
  return templateError(`${what} did not end within ${timeoutMs / 1000} s.`);
}

function saidTooMuch({ what }: OutsideCall): StarsError {
  return templateError(`${what} wrote more than ${MOST_BYTES / 1_000_000} MB.`);
}
