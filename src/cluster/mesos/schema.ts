import { z } from 'zod';
import { amount, listOf, maybe } from '../nullish.js';

const Resources = maybe(z.object({ cpus: amount, mem: amount, disk: amount }));

const Agent = z
  .object({
    id: z.string(),
    hostname: maybe(z.string()),
    pid: maybe(z.string()),
    active: maybe(z.boolean()),
    resources: Resources,
    used_resources: Resources,
  })
  .transform(({ used_resources: used, ...agent }) => ({ ...agent, active: agent.active ?? true, used }));

export const Agents = z.object({ slaves: z.array(Agent) }).transform(({ slaves }) => slaves);

export const StateSummary = z
  .object({
    cluster: maybe(z.string()),
    hostname: maybe(z.string()),
    slaves: z.array(Agent),
    frameworks: listOf(
      z.object({ id: z.string(), name: maybe(z.string()), active: maybe(z.boolean()), TASK_RUNNING: amount }),
    ),
  })
  .transform(({ slaves, ...summary }) => ({ ...summary, agents: slaves }));

/** Numbers by key; a value that is not a number is left out. */
export const Metrics = z
  .record(z.string(), z.unknown())
  .transform(
    (values) =>
      new Map(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number')),
  );

export const Version = z.object({ version: z.string() });

const TaskOfExecutor = z.object({ id: z.string() });

const Executor = z.object({
  id: z.string(),
  directory: z.string(),
  tasks: listOf(TaskOfExecutor),
  queued_tasks: listOf(TaskOfExecutor),
  completed_tasks: listOf(TaskOfExecutor),
});

const FrameworkOfAgent = z.object({ executors: listOf(Executor), completed_executors: listOf(Executor) });

export const AgentState = z.object({
  frameworks: listOf(FrameworkOfAgent),
  completed_frameworks: listOf(FrameworkOfAgent),
});

export const FileRead = z.object({ data: z.string(), offset: z.number() });

export type Agent = z.infer<typeof Agent>;
export type AgentState = z.infer<typeof AgentState>;
export type StateSummary = z.infer<typeof StateSummary>;
