import { GATHERING } from './facts/setup-arguments.js';
import { asStarsError } from '../errors.js';
import type { Emit } from '../model/run.js';
import { count } from '../model/run-view.js';
import type { OnResult } from './ad-hoc.js';
import { rememberFailure } from './failed-task.js';
import type { Foresight } from './foresight.js';
import type { HostRun } from './host-run.js';
import type { createIncludeRunner, IncludedNodes } from './include-runner.js';
import type { Ending } from './end-of-play.js';
import { notifyHandlers } from './notify.js';
import { failedOutcome } from './outcome.js';
import { failHost, type Names, progressOf, type Surroundings } from './play-batch.js';
import { playbookError } from './playbook-error.js';
import { following, isRescuable } from './progress.js';
import { plainOf, type TaskOutcome } from './task-result.js';
import type { TaskNames } from './task-names.js';
import type { TaskRunner } from './task-runner.js';
import type { Task } from './task.js';
import { templarFor, type VariableWorld } from './variables.js';

export type HostTurnOptions = {
  world: VariableWorld;
  runner: TaskRunner;
  foresight: Foresight;
  includes: ReturnType<typeof createIncludeRunner>;
  names: TaskNames;
  emit: Emit;
  now(): number;
  onResult?: OnResult | undefined;
  signal: AbortSignal;
};

/** Who runs a task, and who learns what it registers and sets. */
export type Doer = { host: HostRun; sharers: readonly HostRun[]; once: boolean };

export type Turn = { around: Surroundings; names: Names };

/** What became of it, and what it includes. */
export type Turned = { ending: Ending; included: IncludedNodes[] };

const FORESEEN_TASKS = 40;

const DEEPEST_INCLUDE = 100;

/** Runs a task on one host and puts what came of it into the host's state and into events; what it includes is for all hosts to run. */
export function createHostTurn(options: HostTurnOptions) {
  const { world, runner, foresight, includes, names, emit, signal } = options;

  async function runOnHost(task: Task, doer: Doer, { around, names: called }: Turn): Promise<Turned> {
    const startedAt = options.now();
    const { host, sharers } = doer;
    const { play } = around.batch;
    const state = progressOf(around.batch, host);
    // Before it acts: its templates may ask for facts of hosts that the limit leaves out.
    if (world.limit !== undefined) await foresight.look(task, host, play);
    await runner.gatherWanted();
    const ahead = foresight.ahead(task, following(state, FORESEEN_TASKS), host, play);
    const ran = await runner.run({ task, host, play, sharers, rescuable: isRescuable(state), ahead });
    signal.throwIfAborted();
    const { outcome, included, notified } = settle(task, doer, ran, around);
    if (outcome.status !== 'skipped') task.scope.use?.ran.add(host.name);
    for (const { label, ...item } of outcome.items)
      emit({ type: 'task.result', ...called, host: host.name, item: label, ...item, ms: 0 });
    const { status, changed, message, diff } = outcome;
    const words = options.onResult?.({
      host: host.name,
      task: called.task,
      status,
      changed,
      message,
      result: plainOf(outcome.result),
    });
    const ms = options.now() - startedAt;
    emit({
      type: 'task.result',
      ...called,
      host: host.name,
      status,
      changed,
      ms,
      message: words ?? message,
      diff,
      notified: notified && names.ofOwed(notified, around.batch.handlers.all()),
    });
    return { ending: endingOf(host, outcome), included };
  }

  /** Puts the outcome into the host's state: its recap, how it goes on, which handlers it owes and what it includes. */
  function settle(task: Task, { host, once }: Doer, given: TaskOutcome, around: Surroundings) {
    const { batch } = around;
    const { outcome, included, notified, missing } = withConsequences(task, host, given, around);
    const { status } = outcome;
    const rescued = status === 'failed' && isRescuable(progressOf(batch, host));
    if (rescued && !missing) host.recap = { ...host.recap, rescued: host.recap.rescued + 1 };
    else host.recap = includes.recapOf(task, outcome, included, host.recap) ?? count(host.recap, outcome);
    if (status === 'failed') failHost(batch, host, once);
    if (missing) batch.out.add(host);
    if (status === 'unreachable') host.status = status;
    if (around.inHandlers) batch.handlers.settle(task, host);
    if (rescued) rememberFailure(task, host, { result: outcome.result, name: names.headline(task, host, batch.play) });
    return { outcome, included, notified };
  }

  /** The outcome after notifying handlers, finding included files and reading variables files, each of which may fail. */
  function withConsequences(task: Task, host: HostRun, outcome: TaskOutcome, around: Surroundings) {
    const { play, handlers } = around.batch;
    const templar = templarFor(world, play, host, task);
    try {
      const changed = outcome.status === 'ok' && outcome.changed;
      const notified = changed ? notifyHandlers(task, host, { handlers, names: outcome.notify }) : undefined;
      if (GATHERING.has(task.module) && outcome.status === 'ok') play.varsFiles.read(host.name, templar, true);
      if (outcome.includes.length > 0 && around.depth >= DEEPEST_INCLUDE)
        throw playbookError(`The task files include each other more than ${DEEPEST_INCLUDE} levels deep.`, task.where);
      const included = outcome.includes.map((one) => includes.load(task, one, host, play.play));
      return { outcome, included, notified, missing: false };
    } catch (thrown) {
      const failed = failedOutcome(task, templar, asStarsError(thrown));
      // Ansible ignores no failure of an include, and counts it whether it is rescued or not.
      const missing = outcome.includes.length > 0;
      return {
        outcome: missing ? { ...failed, status: 'failed' as const } : failed,
        included: [],
        notified: undefined,
        missing,
      };
    }
  }

  return runOnHost;
}

function endingOf(host: HostRun, { status, result }: TaskOutcome): Ending {
  const unreachable = result.get('unreachable') === true;
  return { host, unreachable, failed: !unreachable && (status === 'failed' || status === 'ignored') };
}
