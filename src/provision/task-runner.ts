import { asStarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { plain, protect } from '../templating/unsafe.js';
import { checkValues } from './argument-mistakes.js';
import { controlCall, type Round } from './control-call.js';
import { controlDefinitions, controlModules } from './control/index.js';
import type { HostRun } from './host-run.js';
import type { Job, RunnerOptions } from './job.js';
import { loopItems } from './loop.js';
import { type Ahead, nothingAhead } from './asking-ahead.js';
import { createOutsideCalls } from './outside-calls.js';
import { nameList } from './playbook-error.js';
import {
  type Draft,
  failedOutcome,
  failedResult,
  isHidden,
  isUnreachable,
  loopResult,
  type Once,
  once,
  outcomeOf,
  skipped,
  statusOf,
} from './outcome.js';
import { asyncRefusal } from './async-wish.js';
import { holds, keywordOf, requireFlags } from './task-keywords.js';
import { labelOf, loopControlOf, loopVariables } from './task-loop.js';
import { dictOf, type Include, isTrue, type ItemOutcome, messageOf, type TaskOutcome } from './task-result.js';
import type { Task } from './task.js';
import { attemptsOf, judge, judgedByMistake, tookTooLong, withResult } from './verdict.js';
import { type PlayRun, templarFor, variablesByDelegate, variablesOfDelegate } from './variables.js';

/** A job and what it calls before it does anything: from then on it cannot begin anew. */
type Turn = Job & { settle(): void };

export type TaskRunner = ReturnType<typeof createTaskRunner>;

/** Runs one task on one host by Ansible's rules: loop, when, arguments, module, until, changed_when, failed_when, register. */
export function createTaskRunner(options: RunnerOptions) {
  const { world, moduleRunner, signal } = options;

  /** Never rejects but when the run is cancelled: whatever goes wrong is the outcome on this host. */
  async function run(job: Job): Promise<TaskOutcome> {
    const { task, host, play } = job;
    const calls = createOutsideCalls({ folder: play.play.folder, environment: world.environment }, signal);
    const templar = templarFor(world, play, host, task, calls.ask);
    const turn: Turn = { ...job, settle: calls.settle };
    try {
      if (host.lockedOut) throw host.lockedOut;
      const act = () => (task.loop ? runLoop(turn, templar) : runSingle(turn, templar));
      const draft = await calls.answered(() => withWantedFacts(task, act));
      calls.settle();
      return register(job, await evaluated(() => outcomeOf(task, templar, draft)));
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      const error = asStarsError(thrown);
      host.locked ||= error.code === 'LOCKED';
      return register(job, failedOutcome(task, templar, error));
    }
  }

  /** The task as it is once the facts that it looked for are there; what may have acted is not run again for them. */
  async function withWantedFacts<T>(task: Task, act: () => Promise<T>): Promise<T> {
    const harmless = HARMLESS.has(task.module);
    try {
      const done = await act();
      if (!harmless || !world.wantedFacts.any()) return done;
    } catch (thrown) {
      const early = asStarsError(thrown).code === 'UNDEFINED_VARIABLE' && (harmless || !task.loop);
      if (!early || !world.wantedFacts.any()) throw thrown;
    }
    await gatherWanted();
    return act();
  }

  /** What is evaluated after a task may have acted, and alone again as long as it looks for facts that are not there yet. */
  async function evaluated<T>(evaluate: () => T): Promise<T> {
    for (;;) {
      try {
        const value = evaluate();
        if (!world.wantedFacts.any()) return value;
      } catch (thrown) {
        if (!world.wantedFacts.any()) throw thrown;
      }
      await gatherWanted();
    }
  }

  /** The same for a task that is run again as a whole where it looked for facts. */
  async function evaluatedFor<T>(task: Task, evaluate: () => T): Promise<T> {
    return HARMLESS.has(task.module) ? evaluate() : evaluated(evaluate);
  }

  /** Gathers the facts that templates asked for of hosts outside of the limit. */
  async function gatherWanted(): Promise<void> {
    if (!world.wantedFacts.any()) return;
    await world.wantedFacts.gather((host) =>
      moduleRunner.gather(
        { host, session: host.session({ onlyReads: true }), become: undefined, variable: () => undefined },
        new Map(),
        nothingAhead,
      ),
    );
  }

  async function runSingle(job: Turn, templar: Templar): Promise<Draft> {
    const one = await runItem(job, templar, new Map(), job.ahead());
    return { ...one, notify: await evaluatedFor(job.task, () => notifiedBy(job.task, templar, one)), items: [] };
  }

  async function runLoop(job: Turn, templar: Templar): Promise<Draft> {
    const { task } = job;
    const items = itemsOf(task, templar);
    if (items === undefined) return { ...skipped(), items: [] };
    const results: Value[] = [];
    const outcomes: ItemOutcome[] = [];
    const includes: Include[] = [];
    const notify: string[] = [];
    let hidden = false;
    const control = loopControlOf(task, templar);
    for (const index of items.keys()) {
      if (index > 0 && control.pauseMs > 0) await options.clock.sleep(control.pauseMs, signal);
      const loopVars = loopVariables(control, index, items);
      const inner = templar.withVariables(loopVars);
      hidden ||= await evaluatedFor(task, () => isHidden(task, inner));
      const one = await runItem(job, inner, loopVars, job.ahead(index));
      job.settle();
      notify.push(...(await evaluatedFor(task, () => notifiedBy(task, inner, one))));
      for (const [name, value] of loopVars) one.result.set(name, value);
      results.push(one.result);
      includes.push(...one.includes);
      const label = await evaluatedFor(task, () => labelOf(task, templar, loopVars, control.name));
      outcomes.push(itemOutcome(label, one));
    }
    const diff = outcomes.flatMap((outcome) => outcome.diff ?? []).join('\n') || undefined;
    return { result: loopResult(results), includes, diff, items: outcomes, notify, hidden };
  }

  /** The loop's items; undefined when the condition, which may not need the item, is false before the items can be known. */
  function itemsOf(task: Task, templar: Templar): Value[] | undefined {
    const loop = task.loop ?? { kind: 'loop', value: [] };
    try {
      return loopItems(loop, templar, task, world.deprecated);
    } catch (error) {
      if (task.scope.when.length > 0 && !holds(task, templar)) return undefined;
      throw error;
    }
  }

  async function runItem(job: Turn, given: Templar, loopVars: Dict, ahead: Ahead): Promise<Once> {
    const { task } = job;
    const templar = seeingDelegate(job, given);
    if (!holds(task, templar)) return skipped();
    requireFlags(task, templar);
    const until = task.keywords.get('until');
    const place = moduleRunner.placeFor(task, job.host, job.play, templar);
    const attempts = until === undefined ? 1 : attemptsOf(task, templar);
    const delayMs = 1000 * Math.max(0, Number(keywordOf(task, templar, 'delay') ?? 5));
    for (let attempt = 1; ; attempt += 1) {
      const done = await attemptOnce(job, templar, { place, loopVars, ahead });
      await judged(task, templar, done.result);
      if (until === undefined || attempts === 1) return done;
      done.result.set('attempts', attempt);
      const seeing = withResult(task, templar, done.result);
      if (await evaluatedFor(task, () => seeing.condition(until, task.where))) return done;
      if (attempt >= attempts) {
        done.result.set('attempts', attempts - 1);
        done.result.set('failed', true);
        return done;
      }
      await options.clock.sleep(delayMs, signal);
      // What is waited for changes without us.
      place.host.forget();
    }
  }

  /** Where the delegate is not known, that is told once the task is run. */
  function seeingDelegate({ task, host, play }: Turn, templar: Templar): Templar {
    if (!task.keywords.has('delegate_to') && !task.scope.keywords.has('delegate_to')) return templar;
    try {
      const delegate = moduleRunner.delegateOf(task, host, templar);
      const around = { world, run: play, host, task };
      const seen = new Map(variablesByDelegate(around, delegate, templar));
      // In a loop only the item may say who that is.
      if (task.loop) seen.set('ansible_delegated_vars', variablesOfDelegate(around, delegate, templar));
      return templar.withVariables(seen);
    } catch {
      return templar;
    }
  }

  /** Judges a result; a condition that cannot be evaluated fails it and leaves the other items of a loop to go on. */
  async function judged(task: Task, templar: Templar, result: Dict): Promise<void> {
    try {
      await evaluatedFor(task, () => judge(task, templar, result));
    } catch (thrown) {
      judgedByMistake(result, asStarsError(thrown));
    }
  }

  async function attemptOnce(job: Turn, templar: Templar, { place, ...round }: Round): Promise<Once> {
    const { task } = job;
    const control = controlModules.get(task.module);
    const refused = asyncRefusal(task, templar, world.checkMode);
    if (refused !== undefined) return once(dictOf({ failed: true, changed: false, msg: refused }));
    try {
      const { ahead } = round;
      const how = { ahead, resultIsSeen: isSeen(job), beforeActing: job.settle };
      if (!control) return { ...(await moduleRunner.run(task, templar, place, how)), includes: [] };
      const call = controlCall(options, job, templar, { place, ...round });
      const definition = controlDefinitions.get(task.module);
      if (definition) checkValues(definition, call.args);
      if (!HARMLESS.has(task.module)) job.settle();
      const { result, includes = [], words } = await control.run(call);
      return { result, includes, diff: undefined, words };
    } catch (thrown) {
      const error = asStarsError(thrown);
      if (signal.aborted || isUnreachable(error) || ENDS_LOOP.has(error.code)) throw error;
      return once(tookTooLong(task, templar, error) ?? failedResult(task, error));
    }
  }

  /** Reaches the host as the task would, so that its lock is the run's. */
  async function reach(task: Task, host: HostRun, play: PlayRun): Promise<void> {
    const { session, become } = moduleRunner.placeFor(task, host, play, templarFor(world, play, host, task));
    await (await session.connection()).exec(':', { become, signal });
  }

  return { run, reach, gatherWanted };
}

/** A result is looked at under its registered name, in a rescue section, or by who asks after a job. */
function isSeen({ task, rescuable }: Job): boolean {
  return rescuable || ['register', 'async'].some((name) => task.keywords.has(name) || task.scope.keywords.has(name));
}

/** A mistake in the templates of a task concerns all its items, and so does a host that is another run's or not what was approved. */
const ENDS_LOOP: ReadonlySet<string> = new Set(['TEMPLATE', 'UNDEFINED_VARIABLE', 'DRIFT', 'LOCKED', 'LOCK_LOST']);

/** They look at variables alone, so they may run once more. */
const HARMLESS: ReadonlySet<string> = new Set(['assert', 'debug', 'fail', 'set_fact', 'set_stats', 'include_vars']);

/** Names of the handlers that the task notifies, unless it was left out. */
function notifiedBy(task: Task, templar: Templar, { result }: Once): string[] {
  if (task.scope.notify.length === 0 || isTrue(result.get('skipped'))) return [];
  return task.scope.notify.flatMap((raw) => nameList(templar.template(raw, task.where)));
}

function itemOutcome(label: string, { result, diff, words }: Once): ItemOutcome {
  return {
    label,
    status: statusOf(result),
    changed: isTrue(result.get('changed')),
    message: words ?? messageOf(result),
    diff,
  };
}

function register({ task, sharers }: Job, outcome: TaskOutcome): TaskOutcome {
  const name = task.keywords.get('register');
  if (typeof name === 'string') for (const host of sharers) host.setFacts.set(name, protect(plain(outcome.result)));
  return outcome;
}
