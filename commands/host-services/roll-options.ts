import type { HostServices } from './meant.js';
import type { Found, Verb } from './visits.js';

export type RollOptions = {
  limit?: string | undefined;
  /** Agents and Docker at a time, as a number or percentage; masters are always done one by one. */
  serial?: string | undefined;
  /** Goes on where the cluster may not bear it. */
  force: boolean;
  /** Leaves tasks on agents. */
  keepTasks: boolean;
  /** For one host to be back. */
  waitMs: number;
};

export type Roll = { verb: Verb; meant: HostServices; options: RollOptions };

/** What the hosts told before, and what is done by now. */
export type UnderWay = { roll: Roll; found: readonly Found[]; done: string[] };
