import type { Clock } from '../clock.js';
import type { InventoryChanges } from './control/index.js';
import type { HostRun } from './host-run.js';
import type { AnyModule } from './module.js';
import type { Ahead } from './asking-ahead.js';
import type { ModuleRunner } from './module-runner.js';
import type { TaskJournal } from './task-journal.js';
import type { Task } from './task.js';
import type { PlayRun, VariableWorld } from './variables.js';
import type { ReadVariables } from './variables-reader.js';

export type RunnerOptions = {
  world: VariableWorld;
  modules: ReadonlyMap<string, AnyModule>;
  moduleRunner: ModuleRunner;
  clock: Clock;
  signal: AbortSignal;
  readVariables: ReadVariables;
  inventory: InventoryChanges;
  journal: TaskJournal;
};

/** A task on one host. */
export type Job = {
  task: Task;
  host: HostRun;
  play: PlayRun;
  /** They learn what it registers and sets: the host alone, or all hosts with run_once. */
  sharers: readonly HostRun[];
  /** A rescue section may look at how it failed. */
  rescuable: boolean;
  /** What will be asked after a round of the task's loop. */
  ahead(round?: number): Ahead;
};
