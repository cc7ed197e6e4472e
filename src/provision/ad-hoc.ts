import { Unsafe, type Dict, type Value } from '../jinja/value.js';
import type { TaskStatus } from '../model/run.js';

/** A play that stands in no file. The arguments of its tasks are data: nothing in them is a template. */
export type AdHocPlay = {
  name: string;
  /** Names and patterns of the inventory. */
  hosts: readonly string[];
  become?: boolean;
  tasks: readonly AdHocTask[];
};

export type AdHocTask = {
  name: string;
  module: string;
  args: Readonly<Record<string, AdHocValue>>;
  /** After so long a task is ended and has failed; by default as long as any task may take. */
  timeoutSeconds?: number | undefined;
  /** Its failure is told, and the host goes on. */
  ignoreErrors?: boolean;
};

type AdHocValue = string | number | boolean | readonly string[];

/** What a host came to in one task. `result` is what Ansible would register. */
export type HostResult = {
  host: string;
  task: string;
  status: TaskStatus;
  changed: boolean;
  message: string | undefined;
  result: unknown;
};

/** Told of what each host came to in each task; words that it gives take the place of the message that people read. */
export type OnResult = (result: HostResult) => string | void;

/** The play as a playbook would have it. */
export function entryOf({ name, hosts, become = false, tasks }: AdHocPlay): Dict {
  return new Map<Value, Value>([
    ['name', name],
    ['hosts', [...hosts]],
    ['become', become],
    ['gather_facts', false],
    ['tasks', tasks.map(taskOf)],
  ]);
}

function taskOf({ name, module, args, timeoutSeconds, ignoreErrors = false }: AdHocTask): Dict {
  return new Map<Value, Value>([
    ['name', name],
    [module, new Map<Value, Value>(Object.entries(args).map(([key, value]) => [key, valueOf(value)]))],
    // What is registered is looked at, so that modules fill it.
    ['register', 'stars_result'],
    ...(timeoutSeconds === undefined ? [] : ([['timeout', timeoutSeconds]] as [Value, Value][])),
    ...(ignoreErrors ? ([['ignore_errors', true]] as [Value, Value][]) : []),
  ]);
}

function valueOf(value: AdHocValue): Value {
  if (typeof value === 'string') return data(value);
  return typeof value === 'object' ? value.map(data) : value;
}

function data(text: string): Value {
  return text.includes('{') ? new Unsafe(text) : text;
}
