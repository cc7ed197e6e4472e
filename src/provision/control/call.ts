import type { ExecResult } from '../../connection/connection.js';
import type { Clock } from '../../clock.js';
import type { Position } from '../../errors.js';
import type { Dict, Value } from '../../jinja/value.js';
import type { Templar } from '../../templating/templar.js';
import type { HostRun } from '../host-run.js';
import type { Role } from '../role.js';
import { dictOf, type Include } from '../task-result.js';
import type { ReadVariables } from '../variables-reader.js';

/** A task whose module Stars itself performs. */
export type ControlCall = {
  /** Templated arguments. */
  args: Dict;
  /** Untemplated arguments, for `that` and `var`, which are expressions. */
  raw: Dict;
  rawText: string | undefined;
  templar: Templar;
  /** The host of the task. */
  host: HostRun;
  /** The hosts that learn the facts and variables. */
  hosts: readonly HostRun[];
  where: Position | undefined;
  role: Role | undefined;
  /** Folders in which `include_vars` looks. */
  folders: readonly string[];
  readVariables: ReadVariables;
  clock: Clock;
  signal: AbortSignal;
  loopVars: Dict;
  /** The facts that the arguments of `setup` ask for; the host knows them from then on. */
  gatherFacts(args: Dict): Promise<Dict>;
  connect(): Promise<unknown>;
  remote: RemoteHost;
  checkMode: boolean;
  /** What became of a job that `async` started, or after `cleanup` the place of what was erased. */
  jobStatus(id: string, mode: 'status' | 'cleanup'): Promise<Dict>;
  /** What was read of the hosts may be out of date. */
  timePasses(): void;
  inventory: InventoryChanges;
};

/** The host that the task reaches, for modules that outlive a connection to it. */
export type RemoteHost = {
  /** The connection is to this machine itself. */
  isLocal: boolean;
  /** Runs a script as the user of the task, through a new connection when there is none. */
  exec(script: string, timeoutMs: number): Promise<ExecResult>;
  /** The same for a script that changes the host. */
  act(script: string, timeoutMs: number): Promise<ExecResult>;
  /** Drops the connection, so that the next script opens a new one. */
  disconnect(): void;
  /** What was read of the host counts no more. */
  forget(): void;
};

/** What tasks add to the inventory for the plays that follow; each tells whether that was new. */
export type InventoryChanges = {
  addHost(name: string, more: { groups: readonly string[]; variables: Dict }): boolean;
  addToGroup(host: string, group: string, parents: readonly string[]): boolean;
};

export type ControlResult = {
  result: Dict;
  includes?: Include[];
  /** What a person reads, where the result does not say it. */
  words?: string;
};

export type ControlModule = {
  /** It takes free text instead of `name=value`. */
  freeForm?: boolean;
  /** It runs for the first host alone, as with run_once, but only that host learns of it. */
  forAll?: boolean;
  run(call: ControlCall): ControlResult | Promise<ControlResult>;
};

export function failed(message: string, more: Record<string, Value> = {}): ControlResult {
  return { result: dictOf({ ...more, failed: true, changed: false, msg: message }) };
}

export function done(more: Record<string, Value>): ControlResult {
  return { result: dictOf({ changed: false, failed: false, ...more }) };
}
