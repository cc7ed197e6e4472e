import type { EndOfPlay } from './end-of-play.js';
import type { Handlers } from './handlers.js';
import type { Task } from './task.js';
import type { PlayRun } from './variables.js';

/** What the tasks of one batch share. */
export type Batch = {
  play: PlayRun;
  handlers: Handlers;
  /** Whether the hosts go through the play each on its own. */
  free: boolean;
  /** Names under which tasks were announced. */
  told: WeakMap<Task, Set<string>>;
  /** Names of handlers by host, from an earlier run. */
  owing: Map<string, string[]>;
  /** Set when one host of a free play ended it for all. */
  ending: EndOfPlay | undefined;
};

/** Where in the play the tasks stand: in the body of a block with a rescue, a failure is not the host's end yet. */
export type Surroundings = { batch: Batch; rescuable: boolean; inHandlers: boolean; depth: number };

/** How a task is called in events. */
export type Names = { play: string; role: string | null; task: string };
