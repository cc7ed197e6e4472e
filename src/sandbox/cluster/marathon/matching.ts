import type { Agent, Offer } from '../mesos/mesos.js';
import { PORT_RANGE } from '../mesos/mesos.js';
import type { App } from './app.js';

/** Why an offer does not fit, in the order in which Marathon looks. */
export const REASONS = [
  'UnfulfilledRole',
  'UnfulfilledConstraint',
  'NoCorrespondingReservationFound',
  'InsufficientCpus',
  'InsufficientMemory',
  'InsufficientDisk',
  'InsufficientGpus',
  'InsufficientPorts',
  'AgentMaintenance',
] as const;

export type Reason = (typeof REASONS)[number];
export type Match = { ports: number[] } | { reason: Reason };

/** The agents on which other instances run; from 1.7 on what is in maintenance gets no new ones. */
export type Beside = { placed: Agent[]; heedsMaintenance: boolean };

/** Whether the app can start on the offer. */
export function matchOffer(app: App, offer: Offer, { placed, heedsMaintenance }: Beside): Match {
  if (heedsMaintenance && offer.inMaintenance) return { reason: 'AgentMaintenance' };
  if (app.acceptedResourceRoles && !app.acceptedResourceRoles.includes('*')) return { reason: 'UnfulfilledRole' };
  if (!app.constraints.every((constraint) => fulfils(constraint, offer.agent, placed)))
    return { reason: 'UnfulfilledConstraint' };
  if (app.cpus > offer.cpus) return { reason: 'InsufficientCpus' };
  if (app.mem > offer.mem) return { reason: 'InsufficientMemory' };
  if (app.disk > offer.disk) return { reason: 'InsufficientDisk' };
  if (app.gpus > offer.gpus) return { reason: 'InsufficientGpus' };
  const ports = choosePorts(app, offer);
  return ports ? { ports } : { reason: 'InsufficientPorts' };
}

function fulfils([field = '', operator, value = '']: string[], agent: Agent, placed: Agent[]): boolean {
  const own = fieldOf(agent, field);
  if (own === undefined) return operator === 'UNLIKE';
  const same = placed.filter((other) => fieldOf(other, field) === own).length;
  switch (operator) {
    case 'UNIQUE':
      return same === 0;
    case 'CLUSTER':
    case 'IS':
      return value ? own === value : placed.every((other) => fieldOf(other, field) === own);
    case 'LIKE':
      return wholeMatch(value, own);
    case 'UNLIKE':
      return !wholeMatch(value, own);
    case 'MAX_PER':
      return same < Number(value);
    case 'GROUP_BY':
      return spreadEvenly(
        placed.map((other) => fieldOf(other, field) ?? ''),
        own,
        Number(value) || 1,
      );
    default:
      return true;
  }
}

function fieldOf(agent: Agent, field: string): string | undefined {
  return field === 'hostname' ? agent.name : agent.attributes[field];
}

function wholeMatch(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    return false;
  }
}

function spreadEvenly(values: string[], own: string, groups: number): boolean {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const least = counts.size < groups ? 0 : Math.min(...counts.values());
  return (counts.get(own) ?? 0) <= least;
}

function choosePorts(app: App, offer: Offer): number[] | undefined {
  const wanted = wantedPorts(app);
  const taken = new Set(offer.takenPorts);
  const chosen: number[] = [];
  for (const fixed of wanted) {
    const port = fixed === 0 ? firstFree(taken) : fixed;
    if (port === undefined || taken.has(port) || port < PORT_RANGE.from || port > PORT_RANGE.to) return undefined;
    taken.add(port);
    chosen.push(port);
  }
  return chosen;
}

/** The host ports of an instance; 0 = any of the offer's. */
function wantedPorts(app: App): number[] {
  const mappings = app.container?.portMappings ?? app.container?.docker?.portMappings;
  if (mappings) return mappings.map(({ hostPort }) => hostPort ?? 0);
  return (app.ports ?? []).map((port) => (app.requirePorts ? port : 0));
}

function firstFree(taken: ReadonlySet<number>): number | undefined {
  for (let port = PORT_RANGE.from; port <= PORT_RANGE.to; port++) if (!taken.has(port)) return port;
  return undefined;
}

export type OfferStats = {
  processed: number;
  unused: number;
  lastUnusedMs: number | undefined;
  lastUsedMs: number | undefined;
  /** The newest verdict on each agent's offer. */
  lastOffers: Map<string, Reason | 'used'>;
  declined: Record<string, number>;
};

export function emptyStats(): OfferStats {
  return {
    processed: 0,
    unused: 0,
    lastUnusedMs: undefined,
    lastUsedMs: undefined,
    lastOffers: new Map(),
    declined: {},
  };
}

export function recordOffer(stats: OfferStats, agentId: string, reason: Reason | 'used', nowMs: number): void {
  stats.processed++;
  stats.lastOffers.set(agentId, reason);
  if (reason === 'used') {
    stats.lastUsedMs = nowMs;
    return;
  }
  stats.unused++;
  stats.lastUnusedMs = nowMs;
  stats.declined[reason] = (stats.declined[reason] ?? 0) + 1;
}

/** The funnel Marathon prints: an offer counts under its first failure, and only what passed goes on to the next row. */
export function rejectSummary(
  declined: Record<string, number>,
  processed: number,
): { reason: Reason; declined: number; processed: number }[] {
  let left = processed;
  // Only later versions have the row for maintenance.
  return REASONS.filter((reason) => reason !== 'AgentMaintenance' || declined[reason] !== undefined).map((reason) => {
    const row = { reason, declined: declined[reason] ?? 0, processed: left };
    left -= row.declined;
    return row;
  });
}

export function lastOffersSummary({
  lastOffers,
}: OfferStats): { reason: Reason; declined: number; processed: number }[] {
  const declined: Record<string, number> = {};
  for (const reason of lastOffers.values()) if (reason !== 'used') declined[reason] = (declined[reason] ?? 0) + 1;
  return rejectSummary(declined, lastOffers.size);
}
