import type { CommandContext } from '../../src/bot/command.js';
import type { App } from '../../src/cluster/marathon/schema.js';
import { asStarsError, StarsError } from '../../src/errors.js';
import { KNOWN_UNITS } from '../../src/model/host-services.js';
import { nearNames } from '../../src/near-names.js';

type Context = Pick<CommandContext<unknown>, 'cluster' | 'environment' | 'signal'>;

/** The app that a name means. Where it means none, the error says what else is called so: a host, a job, a service of hosts. */
export async function findApp(name: string, context: Context): Promise<App> {
  try {
    return await context.cluster.marathon.find(name, { signal: context.signal });
  } catch (thrown) {
    const error = asStarsError(thrown);
    const hint = error.code === 'APP_NOT_FOUND' ? await otherMeaning(name, context) : undefined;
    throw hint === undefined ? error : new StarsError(error.code, error.message, { hint, cause: error });
  }
}

async function otherMeaning(name: string, context: Context): Promise<string | undefined> {
  const { name: environment } = context.environment;
  const inventory = await context.environment.inventory().catch(() => undefined);
  if (inventory?.hosts.includes(name))
    return `It is a host: status ${name} ${environment}, or run ${name} ${environment} -- …`;
  const job = name.replace(/^job:/, '');
  if ((await jobNames(context)).includes(job))
    return `It is a job: jobs list ${job} ${environment}, or jobs run ${job} ${environment}`;
  const [unit] = nearNames(name, [...KNOWN_UNITS, ...(inventory?.groups.keys() ?? [])]);
  if (unit === undefined) return undefined;
  return unit === name
    ? `It is a service of hosts, which this is not for.`
    : `Did you mean ${unit}, a service of hosts?`;
}

async function jobNames({ cluster, signal }: Context): Promise<string[]> {
  if (!cluster.has('chronos')) return [];
  const jobs = await cluster.chronos.jobs({ signal }).catch(() => []);
  return jobs.map(({ name }) => name);
}
