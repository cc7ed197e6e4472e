import type { HostState, HostUnit } from '../../src/model/host-state.js';
import { HOST_SERVICES, type HostService } from '../../src/model/host-services.js';
import type { HostServices } from './meant.js';

export type Verb = 'restart' | 'stop' | 'start';

/** One service on one host. */
export type Visit = { host: string; service: HostService; unit: string; running: boolean };

/** The same service on its hosts, to be done before or after others. */
export type Tier = { service: HostService; visits: Visit[] };

export type Found = { host: string; state: HostState };

/** What there is to do, what others need first; to stop, the other way round. What a host only has installed is left alone. */
export function tiersOf(verb: Verb, meant: HostServices, found: readonly Found[]): Tier[] {
  const known = HOST_SERVICES.filter(({ name }) => meant.services.some((service) => service.name === name));
  const services = known.length > 0 ? known : meant.services;
  const tiers = services.map((service) => ({
    service,
    visits: found.flatMap(({ host, state }) => visitOf(verb, { host, service, state, oneService: meant.oneService })),
  }));
  const wanted = tiers.filter(({ visits }) => visits.length > 0);
  return verb === 'stop' ? wanted.toReversed() : wanted;
}

type Asked = Found & { service: HostService; oneService: boolean };

function visitOf(verb: Verb, { host, service, state, oneService }: Asked): Visit[] {
  const units = service.units.flatMap((name) => state.units.find((unit) => unit.name === name) ?? []);
  const unit =
    units.find(({ state: now }) => now === 'running') ?? units.find(({ enabled }) => enabled !== false) ?? units[0];
  if (!unit || !concerns(verb, unit, oneService)) return [];
  return [{ host, service, unit: unit.name, running: unit.state === 'running' }];
}

/** Masters have the unit of the agent too, from the same package: what neither runs nor starts with the host is not meant to run. */
function concerns(verb: Verb, { state, enabled }: HostUnit, oneService: boolean): boolean {
  if (verb === 'stop') return state !== 'stopped';
  if (verb === 'start') return state !== 'running' && (enabled !== false || oneService);
  return state !== 'stopped' || enabled === true;
}
