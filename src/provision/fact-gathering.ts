import { EMPTY_SCOPE } from './scope.js';
import { isTrue } from './task-result.js';
import { ownTask, type Task } from './task.js';
import { type PlayRun, templarFor, type VariableWorld } from './variables.js';

/** What Ansible calls the task that it puts in front of a play. */
export const FACT_TASK = 'Gathering Facts';

const FACT_WORDS = ['gather_subset', 'gather_timeout', 'fact_path'];

/** The gathering of facts with which a play begins; undefined when the play says no. */
export function gatheringTask(run: PlayRun, world: VariableWorld): Task | undefined {
  const { play, batch } = run;
  const [host] = batch;
  const raw = play.keywords.get('gather_facts') ?? true;
  const gather = host && typeof raw === 'string' ? templarFor(world, run, host).template(raw, play.where) : raw;
  if (!isTrue(gather)) return undefined;
  // A play with tags of its own gathers only when they are asked for.
  const tags = play.scope.tags.length > 0 ? play.scope.tags : ['always'];
  return ownTask({
    name: FACT_TASK,
    module: 'gather_facts',
    args: new Map(
      FACT_WORDS.flatMap((word) => {
        const value = play.keywords.get(word) ?? null;
        return value === null ? [] : [[word, value] as const];
      }),
    ),
    scope: { ...play.scope, notify: [], tags },
    outer: EMPTY_SCOPE,
    where: play.where,
  });
}
