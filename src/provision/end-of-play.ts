import type { Position } from '../errors.js';
import type { Value } from '../jinja/value.js';
import type { HostRun } from './host-run.js';
import { type Batch, failAlone, peekOf, progressOf } from './play-batch.js';
import { playbookError } from './playbook-error.js';
import { innermost, isFailed } from './progress.js';
import { pythonText } from './python-text.js';
import { isTrue } from './task-result.js';
import type { PlayRun } from './variables.js';

/** What a host came to in a step, also where that is ignored. */
export type Ending = { host: HostRun; failed: boolean; unreachable: boolean };

export type EndOfStep = {
  /** The hosts that were there when it began. */
  left: readonly HostRun[];
  endings: readonly Ending[];
  /** Whether a failure is the end for all. */
  fatal: boolean;
  /** More per cent of failed hosts than that are the end for all. */
  mostFailed: number | undefined;
};

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

/** The number of a `max_fail_percentage`, which may be a text and end with %; PLAYBOOK for anything else. */
export function percentageOf(value: Value, where: Position | undefined): number {
  const text = pythonText(value).replace('%', '').trim();
  const number = text === '' ? Number.NaN : Number(text);
  if (!Number.isNaN(number)) return number;
  throw playbookError(`max_fail_percentage must be a number of per cent, not “${pythonText(value)}”.`, where);
}

/** Draws the consequences of a step for all hosts of the batch; whether the play ends here. */
export function endsPlay(batch: Batch, { left, endings, fatal, mostFailed }: EndOfStep): boolean {
  const { out, play } = batch;
  const failed = endings.filter((one) => one.failed && isFailed(progressOf(batch, one.host))).map(({ host }) => host);
  const lost = endings.some(({ host, unreachable }) => unreachable && !failed.includes(host));
  if (fatal && (failed.length > 0 || lost)) {
    const hit = left.filter((host) => !isSpared(batch, host));
    for (const host of hit) out.add(host);
    batch.broken ||= hit.length > 0;
  }
  if (mostFailed !== undefined && endings.length > 0 && (100 * out.size) / play.batch.length > mostFailed) {
    for (const host of left) {
      out.add(host);
      if (!failed.includes(host)) failAlone(batch, host);
    }
    batch.broken = true;
  }
  return batch.broken && out.size >= left.length;
}

/** Who is being rescued, or does what is always done, goes on with that. */
function isSpared(batch: Batch, host: HostRun): boolean {
  const { phase, failedIn } = innermost(peekOf(batch, host).state);
  return phase === 'always' || (phase === 'rescue' && !failedIn.has('rescue'));
}
