import type { Become } from '../connection/connection.js';
import type { Value } from '../jinja/value.js';
import type { HostRun } from './host-run.js';
import type { HostSession } from './host-session.js';

/** Where a task acts: its own host, or the one it is delegated to. */
export type Place = {
  host: HostRun;
  session: HostSession;
  become: Become | undefined;
  variable(name: string): Value | undefined;
};
