import type { HostRun } from './host-run.js';
import type { Task } from './task.js';
import { flagOf } from './task-keywords.js';
import { isTrue } from './task-result.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

/** How the tasks of a batch ended: by themselves, with meta: end_play, or so that nothing after them may run. */
export type BatchEnd = 'done' | 'play-ended' | 'broken';

/** The play, or what is left of the whole playbook, does not go on. */
export class EndOfPlay extends Error {
  constructor(readonly end: BatchEnd) {
    super(end);
  }
}

/** Whether hosts that failed do their handlers all the same. Until then ansible-core 2.14 does not count them as failed. */
export function forcesHandlers({ play }: PlayRun): boolean {
  return isTrue(play.keywords.get('force_handlers') ?? false);
}

/** Why max_fail_percentage of a play counts for nothing, where it does. */
export function uncountedFailures(play: PlayRun, free: boolean): string | undefined {
  if (!play.play.keywords.has('max_fail_percentage')) return undefined;
  if (free) return 'max_fail_percentage counts for nothing in a free play: its hosts do not wait for each other.';
  return forcesHandlers(play)
    ? 'max_fail_percentage counts for nothing beside force_handlers, as in Ansible 2.14: a host with handlers to do is not counted.'
    : undefined;
}

/** Throws EndOfPlay when more of the hosts that did this task, or of the batch, failed than the task or its play allows. */
export function stopIfTooManyFailed(world: VariableWorld, task: Task, hosts: readonly HostRun[], play: PlayRun): void {
  const [first] = hosts;
  if (!first || !play.batch.some(isDown)) return;
  const templar = templarFor(world, play, first, task);
  const strict = () => flagOf(task, templar, 'any_errors_fatal') || flagOf(task, templar, 'run_once');
  // Who failed in an earlier task is no reason to end at this one.
  const fatal = hosts.some(isDown) && strict();
  const most = forcesHandlers(play) ? null : (play.play.keywords.get('max_fail_percentage') ?? null);
  const failed = play.batch.filter(({ status }) => status === 'failed').length;
  const tooMany = most !== null && (100 * failed) / play.batch.length > Number(templar.template(most, play.play.where));
  if (!fatal && !tooMany) return;
  for (const other of play.batch) if (other.status === 'active') other.status = 'failed';
  throw new EndOfPlay('broken');
}

function isDown({ status }: HostRun): boolean {
  return status === 'failed' || status === 'unreachable';
}
