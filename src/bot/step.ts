import type { z } from 'zod';
import { asStarsError, StarsError } from '../errors.js';
import type { RunEvent } from '../model/run.js';
import type { RunHandle } from '../runs/runs.js';
import type { CommandContext } from './command.js';

export type StepsOptions = {
  run: Pick<RunHandle, 'emit' | 'durable' | 'signal'>;
  /** What happened in the runs that this one resumes, oldest first. */
  earlier: readonly RunEvent[];
  /** A title as it is recorded: without secrets. */
  redact(text: string): string;
};

type Steps = Pick<CommandContext<unknown>, 'step' | 'once' | 'lastOnce'>;

/** Shows the beginning and the end of a piece of work in the run; between steps a run can be cancelled. */
export function createSteps({ run: { emit, durable, signal }, earlier, redact }: StepsOptions): Steps {
  type Shown<T> = { describe?: ((result: T) => string) | undefined; kept?: true };

  async function shown<T>(title: string, action: () => Promise<T>, { describe, kept }: Shown<T>): Promise<T> {
    signal.throwIfAborted();
    emit({ type: 'step.started', step: title });
    try {
      const result = await action();
      const told = kept ? { result } : {};
      emit({ type: 'step.finished', step: title, ok: true, message: describe?.(result), ...told });
      return result;
    } catch (error) {
      emit({ type: 'step.finished', step: title, ok: false, message: asStarsError(error).message });
      throw error;
    }
  }

  async function once<T>(
    title: string,
    action: () => Promise<T>,
    shape: z.ZodType<T>,
    { anew = false } = {},
  ): Promise<T> {
    const recorded = redact(title);
    const before = keptSteps(earlier).findLast(({ step }) => step === recorded);
    if (before && !anew) {
      const describe = () => `done in run ${before.run}`;
      return shown(title, async () => readAgain(before, shape), { describe, kept: true });
    }
    if (isOpen(recorded, earlier))
      emit({ type: 'note', message: `Whether “${title}” came through before is not known: it is done now.` });
    const sure = async () => {
      await durable();
      return action();
    };
    const result = await shown(title, sure, { kept: true });
    await durable();
    return result;
  }

  function lastOnce(titles: readonly string[]): string | undefined {
    const last = keptSteps(earlier).findLast(({ step }) => titles.some((title) => redact(title) === step));
    return titles.find((title) => redact(title) === last?.step);
  }

  return { step: (title, action, describe) => shown(title, action, { describe }), once, lastOnce };
}

type Kept = Extract<RunEvent, { type: 'step.finished' }>;

/** Steps that were done, and whose result was kept so that they need not be done again. */
export function keptSteps(events: readonly RunEvent[]): Kept[] {
  return events.filter((event) => event.type === 'step.finished' && event.ok && event.result !== undefined) as Kept[];
}

function readAgain<T>({ step, run, result }: Kept, shape: z.ZodType<T>): T {
  const read = shape.safeParse(result);
  if (read.success) return read.data;
  throw new StarsError('UNSUPPORTED', `What run ${run} noted of “${step}” cannot be read any more.`, {
    hint: 'Stars was changed since. See how far it came, then ask for it again.',
  });
}

/** Whether it had begun the last time, and nobody knows how it ended. */
function isOpen(title: string, events: readonly RunEvent[]): boolean {
  const last = events.findLast(
    (event) => (event.type === 'step.started' || event.type === 'step.finished') && event.step === title,
  );
  return last?.type === 'step.started';
}
