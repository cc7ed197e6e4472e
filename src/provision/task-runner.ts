import type { Clock } from '../clock.js';
import { asStarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { plain, protect } from '../templating/unsafe.js';
import { type ControlCall, controlModules, FREE_FORM } from './control-modules.js';
import type { HostRun } from './host-run.js';
import type { Question } from './host-session.js';
import { loopItems } from './loop.js';
import type { AnyModule } from './module.js';
import type { ModuleRunner, Place } from './module-runner.js';
import {
  type Draft,
  failedOutcome,
  failedResult,
  isUnreachable,
  loopResult,
  type Once,
  once,
  outcomeOf,
  skipped,
  statusOf,
} from './outcome.js';
import { templatedArguments } from './task-arguments.js';
import { flagOf, holds, keywordOf } from './task-keywords.js';
import { labelOf, loopName, loopVariables } from './task-loop.js';
import { type Include, isTrue, type ItemOutcome, messageOf, type TaskOutcome } from './task-result.js';
import type { Task, TaskNode } from './task.js';
import { type PlayRun, searchFolders, templarFor, type VariableWorld } from './variables.js';

export type RunnerOptions = {
  world: VariableWorld;
  modules: ReadonlyMap<string, AnyModule>;
  moduleRunner: ModuleRunner;
  clock: Clock;
  signal: AbortSignal;
  decrypt(text: string, file: string): string;
};

/** A task on one host. `sharers` learn what it registers and sets: the host alone, or all hosts with run_once. */
export type Job = { task: Task; host: HostRun; play: PlayRun; sharers: readonly HostRun[] };

export type TaskRunner = ReturnType<typeof createTaskRunner>;

/** Runs one task on one host by Ansible's rules: loop, when, arguments, module, until, changed_when, failed_when, register. */
export function createTaskRunner(options: RunnerOptions) {
  const { world, moduleRunner, signal } = options;

  /** Never rejects but when the run is cancelled: whatever goes wrong is the outcome on this host. */
  async function run(job: Job): Promise<TaskOutcome> {
    const { task, host, play } = job;
    const templar = templarFor(world, play, host, task);
    try {
      const draft = task.loop ? await runLoop(job, templar) : await runSingle(job, templar);
      return register(job, outcomeOf(task, templar, draft));
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      return register(job, failedOutcome(task, templar, asStarsError(thrown)));
    }
  }

  async function runSingle(job: Job, templar: Templar): Promise<Draft> {
    return { ...(await runItem(job, templar, new Map())), items: [] };
  }

  async function runLoop(job: Job, templar: Templar): Promise<Draft> {
    const { task } = job;
    const items = itemsOf(task, templar);
    if (items === undefined) return { ...skipped(), items: [] };
    const results: Value[] = [];
    const outcomes: ItemOutcome[] = [];
    const includes: Include[] = [];
    const pauseMs = 1000 * Number(task.loopControl?.get('pause') ?? 0);
    for (const [index, item] of items.entries()) {
      if (index > 0 && pauseMs > 0) await options.clock.sleep(pauseMs, signal);
      const loopVars = loopVariables(task, item, index, items);
      const one = await runItem(job, templar.withVariables(loopVars), loopVars);
      one.result.set('ansible_loop_var', loopName(task));
      for (const [name, value] of loopVars) one.result.set(name, value);
      results.push(one.result);
      includes.push(...one.includes);
      outcomes.push(itemOutcome(labelOf(task, templar, loopVars), one));
    }
    const diff = outcomes.flatMap((outcome) => outcome.diff ?? []).join('\n') || undefined;
    return { result: loopResult(results), includes, diff, items: outcomes };
  }

  /** The loop's items; undefined when the condition, which may not need the item, is false before the items can be known. */
  function itemsOf(task: Task, templar: Templar): Value[] | undefined {
    try {
      return loopItems(task.loop ?? { kind: 'loop', value: [] }, templar, task.where);
    } catch (error) {
      if (task.scope.when.length > 0 && !holds(task, templar)) return undefined;
      throw error;
    }
  }

  async function runItem(job: Job, templar: Templar, loopVars: Dict): Promise<Once> {
    const { task } = job;
    if (!holds(task, templar)) return skipped();
    const until = task.keywords.get('until');
    const place = moduleRunner.placeFor(task, job.host, job.play, templar);
    const attempts = until === undefined ? 1 : attemptsOf(task, templar);
    const delayMs = 1000 * Math.max(0, Number(keywordOf(task, templar, 'delay') ?? 5));
    for (let attempt = 1; ; attempt += 1) {
      const done = await attemptOnce(job, templar, place, loopVars);
      judge(task, templar, done.result);
      if (until === undefined || attempts === 1) return done;
      done.result.set('attempts', attempt);
      if (withResult(task, templar, done.result).condition(until, task.where)) return done;
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

  async function attemptOnce(job: Job, templar: Templar, place: Place, loopVars: Dict): Promise<Once> {
    const { task } = job;
    const control = controlModules.get(task.module);
    try {
      if (!control) return { ...(await moduleRunner.run(task, templar, place)), includes: [] };
      const { result, includes = [] } = await control(controlCall(job, templar, place, loopVars));
      return { result, includes, diff: undefined };
    } catch (thrown) {
      const error = asStarsError(thrown);
      // A mistake in the templates of a task concerns all its items.
      if (signal.aborted || isUnreachable(error) || error.code === 'UNDEFINED_VARIABLE') throw error;
      return once(failedResult(task, error));
    }
  }

  function controlCall(
    { task, host, sharers, play }: Job,
    templar: Templar,
    place: Place,
    loopVars: Dict,
  ): ControlCall {
    const { decrypt, clock } = options;
    const { rawText, args: raw, where } = task;
    const folders = searchFolders('vars', task.scope.role, world.playbookFolder, where?.file);
    const args = templatedArguments(task, templar, { freeText: !FREE_FORM.has(task.module) });
    const delegated = flagOf(task, templar, 'delegate_facts');
    return {
      args,
      raw,
      rawText,
      templar,
      hosts: delegated ? [place.host] : sharers,
      where,
      folders,
      decrypt,
      clock,
      signal,
      loopVars,
      gatherFacts: () => moduleRunner.gather(delegated ? place : { ...place, host }),
      connect: () => place.session.connection(),
      timePasses() {
        for (const one of play.all) one.forget();
      },
    };
  }

  /** Asks in one round trip what this and the following tasks will need to know, as long as nothing between them is certain to change the host. */
  async function foresee(first: Task, next: readonly TaskNode[], host: HostRun, play: PlayRun): Promise<void> {
    const now = await foreseeOne(first, host, play);
    const [question] = now.questions;
    if (!question || now.questions.every((one) => now.session.known(one))) return;
    const ahead: Question[] = [...now.questions];
    for (const task of next.slice(0, now.session.foresight())) {
      if (task.kind === 'role-end') continue;
      if (task.kind === 'block' || endsForesight(task)) break;
      const later = await foreseeOne(task, host, play);
      if (later.session === now.session) ahead.push(...later.questions);
      if (later.acts) break;
    }
    now.session.prefetch(ahead, signal);
  }

  async function foreseeOne(task: Task, host: HostRun, play: PlayRun) {
    const session = host.session({});
    const nothing = { questions: [], acts: false, session };
    const gathers = task.module === 'setup' || task.module === 'gather_facts';
    if (task.loop || task.keywords.has('until') || (controlModules.has(task.module) && !gathers)) return nothing;
    try {
      const templar = templarFor(world, play, host, task);
      if (!holds(task, templar)) return nothing;
      const place = moduleRunner.placeFor(task, host, play, templar);
      return { ...(await moduleRunner.foresee(task, templar, place)), session: place.session };
    } catch {
      // Whatever is wrong shows again, with its place, when the task runs.
      return nothing;
    }
  }

  return { run, foresee };
}

function endsForesight({ module }: Task): boolean {
  return module === 'meta' || module === 'pause' || module.startsWith('include_') || module === 'include';
}

function attemptsOf(task: Task, templar: Templar): number {
  const retries = Number(keywordOf(task, templar, 'retries') ?? 3);
  return retries > 0 ? retries + 1 : 1;
}

function itemOutcome(label: string, { result, diff }: Once): ItemOutcome {
  return {
    label,
    status: statusOf(result),
    changed: isTrue(result.get('changed')),
    message: messageOf(result),
    diff,
  };
}

/** changed_when and failed_when see the result under its registered name. */
function judge(task: Task, templar: Templar, result: Dict): void {
  if (isTrue(result.get('skipped'))) return;
  const changedWhen = task.keywords.get('changed_when');
  const failedWhen = task.keywords.get('failed_when');
  if (changedWhen !== undefined)
    result.set('changed', withResult(task, templar, result).condition(changedWhen, task.where));
  if (failedWhen === undefined) return;
  const failed = withResult(task, templar, result).condition(failedWhen, task.where);
  result.set('failed', failed);
  result.set('failed_when_result', failed);
}

function withResult(task: Task, templar: Templar, result: Dict): Templar {
  const name = task.keywords.get('register');
  return typeof name === 'string' ? templar.withVariables(new Map<string, Value>([[name, protect(result)]])) : templar;
}

function register({ task, sharers }: Job, outcome: TaskOutcome): TaskOutcome {
  const name = task.keywords.get('register');
  if (typeof name === 'string') for (const host of sharers) host.setFacts.set(name, protect(plain(outcome.result)));
  return outcome;
}
