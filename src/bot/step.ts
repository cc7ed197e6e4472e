import { asStarsError } from '../errors.js';
import type { Emit } from '../model/run.js';
import type { CommandContext } from './command.js';

/** Shows the beginning and the end of a piece of work in the run; between steps a run can be cancelled. */
export function createStep(emit: Emit, signal: AbortSignal): CommandContext<unknown>['step'] {
  return async (title, action, describe) => {
    signal.throwIfAborted();
    emit({ type: 'step.started', step: title });
    try {
      const result = await action();
      emit({ type: 'step.finished', step: title, ok: true, message: describe?.(result) });
      return result;
    } catch (error) {
      emit({ type: 'step.finished', step: title, ok: false, message: asStarsError(error).message });
      throw error;
    }
  };
}
