import { GATHERING } from './facts/setup-arguments.js';
import { controlModules } from './control/index.js';
import type { HostRun } from './host-run.js';
import { FARTHEST_SIGHT, type HostSession, type Foresight as Sight } from './host-session.js';
import type { Question } from './joint-questions.js';
import { loopItems } from './loop.js';
import { askNobody } from './outside-calls.js';
import type { Ahead } from './asking-ahead.js';
import { type ModuleRunner, RUNS_PROGRAMS_OF_OTHERS } from './module-runner.js';
import type { Templar } from '../templating/templar.js';
import { holds } from './task-keywords.js';
import { loopControlOf, loopVariables } from './task-loop.js';
import type { Task, TaskNode } from './task.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

export type ForesightOptions = { world: VariableWorld; moduleRunner: ModuleRunner };

const FORESEEN_ITEMS = 50;

type Foreseen = { questions: Question[]; acts: boolean; session: HostSession };

export type Foresight = ReturnType<typeof createForesight>;

/** Saves round trips: what tasks will ask of their hosts is asked before they run, all in one go with what one of them asks. */
export function createForesight({ world, moduleRunner }: ForesightOptions) {
  const foreseen = new WeakMap<Task, Map<HostRun, Foreseen>>();

  /** What the rounds of this task's loop behind one of them, and the tasks after it, will ask of a host, as long as nothing between them is certain to change it. */
  function ahead(first: Task, next: readonly TaskNode[], host: HostRun, play: PlayRun): (round?: number) => Ahead {
    foreseen.get(first)?.delete(host);
    return (round = 0) =>
      async (session, asked) => {
        const own = first.loop ? await foreseeOne(first, host, play, round + 1) : undefined;
        const questions = own?.session === session ? [...own.questions] : [];
        if (own?.acts) return questions;
        const { any, lasting } = sightFor(first, asked, session);
        for (const [index, task] of next.slice(0, Math.max(any, lasting)).entries()) {
          if (task.kind === 'role-end') continue;
          if (task.kind === 'block' || endsForesight(task)) break;
          const later = await foreseeOnce(task, host, play);
          const also = later.session === session ? later.questions : [];
          const isLast = index >= any && also.length > 0 && !changesFilesAlone(task, also);
          questions.push(...(isLast ? also.filter(lasts) : also));
          // It drops all answers when it acts, which it does when anything is not as it wants it.
          if (later.acts || isLast) break;
        }
        return questions;
      };
  }

  /** What was foreseen stays so: at the worst it is asked in vain. A task of which nothing was known may tell more by now. */
  async function foreseeOnce(task: Task, host: HostRun, play: PlayRun): Promise<Foreseen> {
    const known = foreseen.get(task)?.get(host);
    if (known) return known;
    const found = await foreseeOne(task, host, play);
    if (found.questions.length === 0) return found;
    const hosts = foreseen.get(task) ?? new Map<HostRun, Foreseen>();
    foreseen.set(task, hosts.set(host, found));
    return found;
  }

  async function foreseeOne(task: Task, host: HostRun, play: PlayRun, from = 0): Promise<Foreseen> {
    const nothing = { questions: [], acts: false, session: host.session({}) };
    const gathers = GATHERING.has(task.module);
    if (task.keywords.has('until') || (controlModules.has(task.module) && !gathers)) return nothing;
    try {
      const templar = templarFor(world, play, host, task, askNobody);
      const all = await Promise.all(
        roundsOf(task, templar, from).map((round) => foreseeRound(task, round, host, play)),
      );
      const session = all[0]?.session ?? nothing.session;
      const questions = all.flatMap((one) => (one.session === session ? one.questions : []));
      return { questions, acts: all.some(({ acts }) => acts), session };
    } catch {
      // Whatever is wrong shows again, with its place, when the task runs.
      return nothing;
    }
  }

  /** The variables of each round of a loop from one on, or of the one of a task without. */
  function roundsOf(task: Task, templar: Templar, from: number): Templar[] {
    if (!task.loop) return [templar];
    const items = loopItems(task.loop, templar, task);
    const control = loopControlOf(task, templar);
    const rounds = [...items.keys()].slice(from, from + FORESEEN_ITEMS);
    return rounds.map((index) => templar.withVariables(loopVariables(control, index, items)));
  }

  async function foreseeRound(task: Task, templar: Templar, host: HostRun, play: PlayRun): Promise<Foreseen> {
    if (!holds(task, templar)) return { questions: [], acts: false, session: host.session({}) };
    const place = moduleRunner.placeFor(task, host, play, templar);
    return { ...(await moduleRunner.foresee(task, templar, place)), session: place.session };
  }

  /** Evaluates what a task will evaluate, so that it shows which facts its templates want. */
  async function look(task: Task, host: HostRun, play: PlayRun): Promise<void> {
    await foreseeOne(task, host, play);
  }

  return { ahead, look };
}

function sightFor(first: Task, asked: readonly Question[], session: HostSession): Sight {
  const { any, lasting } = session.foresight();
  return { any, lasting: asked.length > 0 && changesFilesAlone(first, asked) ? FARTHEST_SIGHT : lasting };
}

/** By what it asks about: a module that asks about files alone acts on them alone, unless it runs a program of others. */
function changesFilesAlone({ module }: Task, asked: readonly Question[]): boolean {
  return asked.every(lasts) && !RUNS_PROGRAMS_OF_OTHERS.has(module);
}

function lasts({ about }: Question): boolean {
  return about !== undefined;
}

function endsForesight({ module }: Task): boolean {
  return module === 'meta' || module === 'pause' || module.startsWith('include_') || module === 'include';
}
