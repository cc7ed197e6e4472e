import type { CommandContext } from '../../src/bot/command.js';
import type { App } from '../../src/cluster/marathon/schema.js';
import { asStarsError, StarsError } from '../../src/errors.js';
import { NO_APP } from '../host-services/meant.js';
import { KNOWN_UNITS } from '../../src/model/host-services.js';
import { nearNames } from '../../src/near-names.js';

type Context = Pick<CommandContext<unknown>, 'cluster' | 'environment' | 'signal'>;

/** The app that a name means. Where it means none, the error says what else is called so: a host, a job, a service of hosts. */
export async function findApp(name: string, context: Context): Promise<App> {
  try {
    return await context.cluster.marathon.find(name, { signal: context.signal });
  } catch (thrown) {
    throw await withOtherMeaning(thrown, name, context);
  }
}

/** Why there is no app of the name, with what else it may mean. */
export async function withOtherMeaning(thrown: unknown, name: string, context: Context): Promise<StarsError> {
  const error = asStarsError(thrown);
  if (!NO_APP.has(error.code)) return error;
  const hint =
    (await brokenInventory(error, context)) ??
    (error.code === 'APP_NOT_FOUND' ? await otherMeaning(name, context) : undefined);
  return hint === undefined ? error : error.with({ hint, cause: error });
}

/** Whether a host was meant cannot be told then, and nobody else tells why. */
async function brokenInventory({ hint }: StarsError, { environment }: Context): Promise<string | undefined> {
  if (environment.inventorySources.length === 0) return undefined;
  const broken = await environment.inventory().then(() => undefined, asStarsError);
  return broken && [...(hint ? [hint] : []), `Its hosts cannot be told: ${broken.describe()}`].join('\n');
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
