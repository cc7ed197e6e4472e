import { z } from 'zod';
import type { CommandContext, Flag, SubjectOf } from '../../src/bot/command.js';
import type { Subject } from '../../src/bot/subject.js';
import { StarsError } from '../../src/errors.js';
import { hostServicesMeant } from './meant.js';
import { rollServices } from './roll.js';
import type { Verb } from './visits.js';

/** Flags that only mean something for services of hosts. */
export const hostFlags: Record<string, Flag> = {
  limit: { takes: 'PATTERN', says: 'of the hosts only these, for a service of hosts' },
  serial: { takes: 'N', says: 'so many workers (or percent) at a time, 1 unless told; masters go one by one' },
  'keep-tasks': { says: 'leave tasks on agents: they outlive a restart of the agent, not one of Docker' },
};

export const HostArgs = {
  limit: z.string().min(1).optional(),
  serial: z
    .string()
    .regex(/^[1-9]\d{0,3}%?$/, 'must be a number of hosts or a percentage, such as 2 or 25%')
    .optional(),
  keepTasks: z.boolean().default(false),
};

type Asked = {
  service: string;
  limit?: string | undefined;
  serial?: string | undefined;
  keepTasks: boolean;
  force: boolean;
  wait: number;
  task?: string | undefined;
};

/** Does it with services of hosts when the name means some; undefined when it means an app, or nothing. */
export async function rollHostServices(verb: Verb, context: CommandContext<Asked>): Promise<string | undefined> {
  const { args, environment, cluster } = context;
  const meant = await hostServicesMeant(args.service, { environment, marathon: async () => cluster.marathon });
  if (!meant) return undefined;
  const { limit, serial, force, keepTasks, wait: waitMs } = args;
  if (args.task !== undefined)
    throw new StarsError('USAGE', `--task is for apps; ${args.service} is a service of hosts.`);
  return rollServices({ verb, meant, options: { limit, serial, force, keepTasks, waitMs } }, context);
}

/** For what turned out to be an app: left out without a word, a limit would do more than was meant. */
export function refuseHostFlags({ service, limit, serial, keepTasks }: Asked): void {
  const [flag] = [limit && '--limit', serial && '--serial', keepTasks && '--keep-tasks'].filter(Boolean);
  if (flag)
    throw new StarsError('USAGE', `${flag} is for services of hosts; ${service} is an app.`, { hint: 'Leave it out.' });
}

/** What rights look at: the hosts, when the name means services of hosts; undefined when it means an app. */
export async function hostServicesSubject({
  args,
  environment,
  cluster,
}: SubjectOf<Asked>): Promise<Subject | undefined> {
  const marathon = async () => (await cluster()).marathon;
  const meant = await hostServicesMeant(args.service, { environment, marathon });
  if (!meant) return undefined;
  const inventory = await environment.inventory();
  const selected = inventory.match(meant.hosts, args.limit).hosts;
  return { hosts: { selected, matched: (patterns) => inventory.match(patterns).hosts } };
}
