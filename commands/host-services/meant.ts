import { asStarsError, StarsError } from '../../src/errors.js';
import type { Marathon } from '../../src/cluster/marathon/client.js';
import type { Environment } from '../../src/home/home.js';
import { didYouMean } from '../../src/near-names.js';
import { HOST_SERVICES, type HostService } from '../../src/model/host-services.js';

/** Services of hosts that a name stands for. */
export type HostServices = {
  /** As it was typed. */
  name: string;
  /** A pattern of the inventory. */
  hosts: string;
  services: readonly HostService[];
  /** One service was named, not the hosts that have it. */
  oneService: boolean;
};

/** What stacks usually call their groups: whoever types one of these does not mean an app, unless there is one. */
const USUAL_GROUPS: ReadonlySet<string> = new Set(['masters', 'workers', 'agents', 'slaves']);

/** Marathon has no such app, is not configured, or is not there to be asked. */
export const NO_APP: ReadonlySet<string> = new Set(['APP_NOT_FOUND', 'CONFIG', 'API_UNREACHABLE', 'API_ANSWER']);

export type Naming = { environment: Environment; marathon: () => Promise<Marathon> };

/**
 * The services of hosts that a name means: a group of the inventory for all of them there, or a unit (`docker`, `unit:nginx`) wherever it
 * is. Undefined when it means an app, which goes first unless the name begins with `unit:`, or when it means nothing at all. Throws
 * UNKNOWN_HOST_PATTERN for what can only be a group and is none.
 */
export async function hostServicesMeant(
  name: string,
  { environment, marathon }: Naming,
): Promise<HostServices | undefined> {
  if (name.startsWith('unit:')) return ofUnit(name, name.slice('unit:'.length));
  const candidate = await candidateFor(name, environment);
  if (!candidate && !USUAL_GROUPS.has(name.toLowerCase())) return undefined;
  if (await isApp(name, marathon)) return undefined;
  return candidate ?? noGroup(name, environment);
}

/** Whether the name can mean services of hosts; an app of the same name goes first all the same. */
export async function mayMeanHosts(name: string, environment: Environment): Promise<boolean> {
  return name.startsWith('unit:') || (await candidateFor(name, environment)) !== undefined;
}

async function candidateFor(name: string, environment: Environment): Promise<HostServices | undefined> {
  return (await ofGroup(name, environment)) ?? ofKnownUnit(name);
}

async function ofGroup(name: string, environment: Environment): Promise<HostServices | undefined> {
  const inventory = await environment.inventory().catch(() => undefined);
  if (!inventory?.groups.has(name)) return undefined;
  return { name, hosts: name, services: HOST_SERVICES, oneService: false };
}

async function noGroup(name: string, environment: Environment): Promise<never> {
  const groups = [...(await environment.inventory()).groups.keys()].filter((group) => group !== 'ungrouped');
  throw new StarsError('UNKNOWN_HOST_PATTERN', `No group of the inventory of ${environment.name} is called ${name}.`, {
    hint: didYouMean(name, groups) ?? `Its groups: ${groups.join(', ')}.`,
  });
}

function ofKnownUnit(name: string): HostServices | undefined {
  const unit = name.toLowerCase().replace(/\.service$/, '');
  const service = HOST_SERVICES.find(({ units }) => units.includes(unit));
  return service && { name, hosts: 'all', services: [service], oneService: true };
}

function ofUnit(name: string, unit: string): HostServices {
  const bare = unit.replace(/\.service$/, '');
  const unknown = { name: bare, title: bare, units: [bare], layer: undefined };
  return ofKnownUnit(bare) ?? { name, hosts: 'all', services: [unknown], oneService: true };
}

async function isApp(name: string, marathon: () => Promise<Marathon>): Promise<boolean> {
  try {
    await (await marathon()).find(name);
    return true;
  } catch (error) {
    if (NO_APP.has(asStarsError(error).code)) return false;
    throw error;
  }
}
