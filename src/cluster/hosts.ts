import type { HostReading, HostState, HostUnit } from '../model/host-state.js';
import { HOST_SERVICES } from '../model/host-services.js';
import { type Finding, limited } from './finding.js';
import { counted, percent } from '../model/figures.js';

/** From when on people should know of it. */
const LIMITS = { disk: 0.9, inodes: 0.9, memory: 0.05, loadPerCpu: 2 };

/** A host that cannot be asked because of its login says nothing about how it is. */
const NOT_LET_IN: ReadonlySet<string> = new Set(['AUTHENTICATION', 'HOST_KEY', 'BECOME']);

/** A host with which something is wrong. */
export type TroubledHost = {
  host: string;
  troubles: string[];
  /** It did not answer, or did not let us in: then nobody knows how it is. */
  why?: 'silent' | 'shut-out';
};

/** Those first that told nothing. Units of `told` layers are left out: what is wrong with those is told there. */
export function troubledHosts(readings: readonly HostReading[], told: ReadonlySet<string> = new Set()): TroubledHost[] {
  const silent = readings.flatMap((reading): TroubledHost[] => {
    if ('state' in reading) return [];
    const { host, failed } = reading;
    const why = NOT_LET_IN.has(failed.code) ? 'shut-out' : 'silent';
    return [{ host, troubles: [withoutName(failed.message, host)], why }];
  });
  const asked = readings.flatMap((reading): TroubledHost[] => {
    const troubles = 'state' in reading ? troublesOf(reading.state, told) : [];
    return troubles.length > 0 ? [{ host: reading.host, troubles }] : [];
  });
  return [...silent, ...asked];
}

/** How the hosts of an environment stand. */
export function judgeHosts(readings: readonly HostReading[], told: ReadonlySet<string> = new Set()): Finding {
  if (readings.length === 0) return { state: 'unknown', reason: 'the inventory has no hosts' };
  const asked = readings.filter((reading) => 'state' in reading);
  const figures = { hosts: readings.length, hostsAnswering: asked.length };
  const troubled = troubledHosts(readings, told);
  const shutOut = troubled.filter(({ why }) => why === 'shut-out');
  const details = troubled.flatMap(({ host, troubles }) => troubles.map((trouble) => `${host}: ${trouble}`));
  if (asked.length === 0)
    return shutOut.length > 0
      ? { state: 'unknown', reason: 'no host lets us in', details: limited(details), figures }
      : { state: 'down', reason: 'no host can be reached over SSH', details: limited(details), figures, silent: true };
  const use = useOf(asked.map(({ state }) => state));
  if (troubled.length === 0) return { state: 'up', reason: `${counted(asked.length, 'host')}, ${use}`, figures };
  return {
    state: shutOut.length === troubled.length ? 'unknown' : 'degraded',
    reason: `${troubled.length} of ${counted(readings.length, 'host')} in trouble, ${use}`,
    details: limited(details),
    figures,
  };
}

/** What the hosts say that explains why a layer is not up: units that do not run there, and disks that are full. */
export function evidenceOf(layer: string, readings: readonly HostReading[]): string[] {
  const units = new Set(HOST_SERVICES.filter((service) => service.layer === layer).flatMap((service) => service.units));
  const broken = new Map<string, string[]>();
  const disks: string[] = [];
  for (const reading of readings) {
    if (!('state' in reading)) continue;
    const bad = reading.state.units.filter(({ name, ...unit }) => units.has(name) && isBroken(unit));
    for (const { name, state } of bad) {
      const words = `${name} ${state === 'failed' ? 'failed' : 'does not run'}`;
      broken.set(words, [...(broken.get(words) ?? []), reading.host]);
    }
    if (bad.length > 0) disks.push(...full(reading.state).map((words) => `${reading.host}: ${words}`));
  }
  return [...[...broken].map(([words, hosts]) => `${words} on ${limited(hosts, 5).join(', ')}`), ...disks];
}

/** Every trouble of a host, in words. */
export function troublesOf(state: HostState, told: ReadonlySet<string> = new Set()): string[] {
  const known = new Map(HOST_SERVICES.flatMap(({ units, layer }) => units.map((unit) => [unit, layer] as const)));
  const isTold = (unit: string) => told.has(known.get(unit.replace(/\.service$/, '')) ?? '');
  const failed = new Set(state.failedUnits.map((unit) => unit.replace(/\.service$/, '')));
  for (const { name, state: now } of state.units) if (now === 'failed') failed.add(name);
  const stopped = state.units.filter(
    (unit) => unit.state === 'stopped' && unit.enabled === true && !failed.has(unit.name),
  );
  return [
    ...full(state),
    ...strained(state),
    ...[...failed].filter((unit) => !isTold(unit)).map((unit) => `${unit} failed`),
    ...stopped
      .filter(({ name }) => !isTold(name))
      .map(({ name }) => `${name} does not run, though it starts with the host`),
  ];
}

/** Masters have the unit of the agent too, from the same package: what neither runs nor starts with the host is not meant to run there. */
export function isMeant({ state, enabled }: Omit<HostUnit, 'name'>): boolean {
  return state !== 'stopped' || enabled !== false;
}

function isBroken(unit: Omit<HostUnit, 'name'>): boolean {
  return unit.state !== 'running' && isMeant(unit);
}

function full({ disks }: HostState): string[] {
  return disks.flatMap(({ mount, usedFraction, inodesUsedFraction = 0 }) => [
    ...(usedFraction >= LIMITS.disk ? [`${mount} is ${percent(usedFraction)} full`] : []),
    ...(inodesUsedFraction >= LIMITS.inodes
      ? [`${mount} has ${percent(inodesUsedFraction)} of its inodes in use`]
      : []),
  ]);
}

function strained({ memory, load, cpus }: HostState): string[] {
  const free = memory && memory.totalBytes > 0 ? memory.availableBytes / memory.totalBytes : 1;
  return [
    ...(free < LIMITS.memory ? [`${percent(free)} of its memory is left`] : []),
    ...(load && cpus && load[1] > LIMITS.loadPerCpu * cpus
      ? [`its load is ${load[1]} on ${counted(cpus, 'CPU')}`]
      : []),
  ];
}

/** The fullest disk tells most of a fleet. */
function useOf(states: readonly HostState[]): string {
  const fullest = Math.max(0, ...states.flatMap(({ disks }) => disks.map(({ usedFraction }) => usedFraction)));
  return `the fullest disk is ${percent(fullest)} full`;
}

function withoutName(message: string, host: string): string {
  return message.replace(`${host}: `, '').replace(/\.$/, '');
}
