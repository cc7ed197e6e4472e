import { isMeant, troublesOf } from '../../src/cluster/hosts.js';
import type { Agent } from '../../src/cluster/mesos/schema.js';
import type { HostReading, HostState, HostUnit } from '../../src/model/host-state.js';
import { percent } from '../../src/model/figures.js';

const MOST_HOSTS = 60;

/** A line for each host, those in trouble first. */
export function hostsText(readings: readonly HostReading[]): string {
  const lines = readings.map((reading) => ({ fine: isFine(reading), text: hostLine(reading) }));
  const sorted = lines.sort((a, b) => Number(a.fine) - Number(b.fine));
  const bad = sorted.filter(({ fine }) => !fine).length;
  const head = bad === 0 ? `All ${readings.length} hosts are well.` : `${bad} of ${readings.length} hosts in trouble.`;
  const more = sorted.length > MOST_HOSTS ? [`… ${sorted.length - MOST_HOSTS} more`] : [];
  return [head, ...sorted.slice(0, MOST_HOSTS).map(({ text }) => text), ...more].join('\n');
}

/** Everything about one host; `agent` is what Mesos knows of it, undefined when it knows nothing. */
export function hostText(reading: HostReading, agent: Agent | undefined): string {
  const mesos = agent ? [`      • its Mesos agent is ${agent.active ? 'active' : 'not active'}${usedBy(agent)}`] : [];
  if (!('state' in reading)) return [hostLine(reading), ...mesos].join('\n');
  const { state } = reading;
  return [
    hostLine(reading),
    ...state.disks.map(
      ({ mount, totalBytes, usedFraction }) => `      • ${mount}: ${percent(usedFraction)} of ${size(totalBytes)} used`,
    ),
    ...state.units.filter(isMeant).map((unit) => `      • ${unit.name} ${unitWords(unit)}`),
    ...mesos,
    ...(state.rebootNeeded ? ['      • its packages want a restart of the host'] : []),
  ].join('\n');
}

function isFine(reading: HostReading): boolean {
  return 'state' in reading && troublesOf(reading.state).length === 0;
}

function hostLine(reading: HostReading): string {
  if (!('state' in reading))
    return `⚪ *${reading.host}* could not be asked: ${reading.failed.message.replace(/\.$/, '')}`;
  const troubles = troublesOf(reading.state);
  const words = [...troubles, ...facts(reading.state)].join(' · ');
  return `${troubles.length === 0 ? '🟢' : '🟡'} *${reading.host}* ${words}`;
}

function facts({ load, cpus, memory, disks, upSeconds }: HostState): string[] {
  const fullest = [...disks].sort((a, b) => b.usedFraction - a.usedFraction)[0];
  return [
    ...(load ? [`load ${load[1]}${cpus ? ` on ${cpus} CPUs` : ''}`] : []),
    ...(memory
      ? [`${percent(memory.availableBytes / memory.totalBytes)} of ${size(memory.totalBytes)} memory free`]
      : []),
    ...(fullest ? [`${fullest.mount} ${percent(fullest.usedFraction)} full`] : []),
    ...(upSeconds ? [`up ${span(upSeconds)}`] : []),
  ];
}

function unitWords({ state, enabled }: HostUnit): string {
  const words = state === 'running' ? 'runs' : state === 'failed' ? 'failed' : 'does not run';
  return enabled === false && state === 'running' ? `${words}, but does not start with the host` : words;
}

function usedBy({ used, resources }: Agent): string {
  if (!used || !resources) return '';
  return `, ${used.cpus} of ${resources.cpus} CPUs and ${used.mem} of ${resources.mem} MB in use`;
}

function size(bytes: number): string {
  const gib = bytes / 1024 ** 3;
  return gib >= 1000 ? `${(gib / 1024).toFixed(1)} TiB` : `${gib >= 10 ? Math.round(gib) : gib.toFixed(1)} GiB`;
}

function span(seconds: number): string {
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
