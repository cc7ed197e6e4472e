import type { BackupAge } from '../backup/backup-age.js';
import { GOOD_STATES, healthByCounts } from '../cluster/marathon/app-health.js';
import { type AuditHead, shortHead } from '../model/audit.js';
import type { Incident, KnownProblem, Mute } from '../model/incident.js';
import type { Report } from '../model/report.js';
import { utcWords } from '../model/utc-words.js';
import type { Run } from '../store/runs.js';
import { drillProblem, drillWords, type LastDrill } from './drill.js';
import { type Expiring, expiryLines } from './expiring.js';
import { causesOf, type Group } from './incidents.js';
import { layersOf, type Reading, sampleOf } from './reading.js';
import { counted, lasting, percent } from '../model/figures.js';

/** Everything a report tells of. */
export type ReportFacts = {
  environment: string;
  now: Date;
  reading: Reading;
  /** Since when problems are known, as far as somebody watched. */
  known: readonly KnownProblem[];
  /** Those that were open in the last day. */
  incidents: readonly Incident[];
  /** What is different than in an earlier picture; undefined when there is none. */
  changes: { since: string; lines: readonly string[] } | undefined;
  backup: BackupAge | undefined;
  /** Whatever is known to end, soon or not. */
  expiring: readonly Expiring[];
  /** The last drill of a backup. */
  drill: LastDrill | undefined;
  /** Those of the last day, newest first. */
  runs: readonly Run[];
  auditHead: AuditHead | undefined;
  mute: Mute | undefined;
};

const FACTS = 'Now';
const MOST_LINES = 12;
const MOST_FACTS = 24;

/** The report in parts, what is wrong before what is merely so. */
export function makeReport(facts: ReportFacts): Report {
  const groups = groupsOf(facts);
  const parts = [
    { title: 'What is wrong', lines: groups.flatMap((group) => causeLines(group, facts)) },
    { title: 'Changed since yesterday', lines: changeLines(facts) },
    { title: FACTS, lines: factLines(facts) },
    { title: 'Hosts', lines: hostLines(facts) },
    { title: 'About to expire', lines: expiryLines(facts.expiring, facts.now) },
    { title: 'Runs of the last day', lines: runLines(facts.runs) },
    { title: 'Incidents of the last day', lines: incidentLines(facts) },
  ];
  return {
    headline: headlineOf(groups, facts),
    state: worstOf(groups),
    parts: parts
      .filter(({ lines }) => lines.length > 0)
      .map(({ title, lines }) => ({ title, lines: cut(lines, title === FACTS ? MOST_FACTS : MOST_LINES) })),
  };
}

/** The whole of it as text, for a thread and for a terminal. */
export function reportText({ headline, parts }: Report): string {
  return [headline, ...parts.flatMap(({ title, lines }) => ['', title, ...lines.map((line) => `• ${line}`)])].join(
    '\n',
  );
}

/** With the time at which each was first seen, where somebody has seen it before. */
function groupsOf({ reading, drill, known, now }: ReportFacts): Group[] {
  const earlier = new Map(known.flatMap((one) => (one.clearSince === undefined ? [[one.key, one] as const] : [])));
  const problems = [...reading.problems, ...drillProblem(drill, now)].map((one) => ({
    ...one,
    since: earlier.get(one.key)?.since ?? now.toISOString(),
  }));
  return causesOf(problems).toSorted((a, b) => rank(b) - rank(a));
}

function worstOf(groups: readonly Group[]): Report['state'] {
  if (groups.length === 0) return 'up';
  return groups.some(({ cause }) => cause.severity === 'down') ? 'down' : 'degraded';
}

function rank({ cause: { severity, key } }: Group): number {
  return (severity === 'down' ? 2 : 0) + (key.startsWith('layer:') ? 1 : 0);
}

function headlineOf(groups: readonly Group[], facts: ReportFacts): string {
  const { environment, reading } = facts;
  const [first] = groups;
  const unknown = reading.health.layers.every(({ state }) => state === 'unknown');
  if (unknown && reading.health.layers.length > 0) return `${environment} cannot be judged: nothing lets Stars look.`;
  if (!first) return `${environment} is well: ${wellWords(facts)}.`;
  const more = groups.length > 1 ? ` (and ${groups.length - 1} more)` : '';
  const follow = first.dependents.length > 0 ? ` ${first.dependents.length} more suffer from it.` : '';
  return `${environment}: ${first.cause.title} ${first.cause.says}${more}.${follow}`;
}

function wellWords({ reading, backup }: ReportFacts): string {
  const { apps, jobs, health } = reading;
  const { cpus, memory } = sampleOf(reading).figures;
  const unknown = health.layers.filter(({ state }) => state === 'unknown').length;
  return [
    `${counted(health.layers.length - unknown, 'layer')} up`,
    ...(unknown > 0 ? [`${unknown} not to be judged`] : []),
    ...(apps ? [`${counted(apps.length, 'app')} as they should be`] : []),
    ...(jobs ? [`${counted(jobs.length, 'job')}, none failing`] : []),
    ...(cpus === undefined || memory === undefined
      ? []
      : [`${percent(cpus)} of the CPUs and ${percent(memory)} of the memory in use`]),
    ...(backup?.ageMs === undefined ? [] : [`backup ${lasting(backup.ageMs)} old`]),
  ].join(', ');
}

function causeLines({ cause, dependents }: Group, { reading, known }: ReportFacts): string[] {
  const evidence = layersOf(reading, cause.key.replace(/^layer:/, '')).flatMap((layer) => layer.evidence);
  const seen = known.some(({ key, clearSince }) => key === cause.key && clearSince === undefined);
  const since = seen ? `, since ${utcWords(cause.since)}` : '';
  const why = evidence.length > 0 ? ` (${evidence.slice(0, 3).join('; ')})` : '';
  const titles = dependents.map(({ title }) => title);
  const shown = titles.length > 8 ? [...titles.slice(0, 8), `${titles.length - 8} more`] : titles;
  return [
    `${cause.title} ${cause.says}${why}${since}`,
    ...(shown.length > 0 ? [`because of this: ${shown.join(', ')}`] : []),
  ];
}

function changeLines({ changes }: ReportFacts): string[] {
  if (!changes) return [];
  const since = `since ${utcWords(changes.since)}`;
  return changes.lines.length > 0 ? changes.lines.map((line) => line) : [`nothing ${since}`];
}

function factLines(facts: ReportFacts): string[] {
  const { reading, backup, auditHead, mute } = facts;
  const { apps } = reading;
  const disk = sampleOf(reading).figures['disk'];
  const layers = reading.health.layers.filter(({ name }) => name !== 'hosts');
  const bad = (apps ?? []).filter((app) => !GOOD_STATES.has(healthByCounts(app).state)).length;
  const suspended = (apps ?? []).filter(({ instances }) => instances === 0).length;
  return [
    ...layers.map(({ title, state, reason }) => `${title}${state === 'up' ? '' : ` ${state}`}: ${reason}`),
    ...(apps ? [`Apps: ${apps.length}, ${bad} not healthy, ${suspended} suspended`] : []),
    ...jobLines(reading),
    ...(disk === undefined ? [] : [`Disk offered by the agents: ${percent(disk)} in use`]),
    ...(backup ? [`Backup: ${backup.words.replace(/\.$/, '')}`, `Drill: ${drillWords(facts.drill, facts.now)}`] : []),
    ...(auditHead ? [`Audit: head ${shortHead(auditHead)}`] : []),
    ...(mute ? [`Muted until ${utcWords(mute.until)} by ${mute.person.name}: ${mute.reason}`] : []),
  ];
}

function jobLines({ jobs, problems }: Reading): string[] {
  if (!jobs) return [];
  const keys = problems.map(({ key }) => key).filter((key) => key.startsWith('job:'));
  const missed = keys.filter((key) => key.endsWith(' missed')).length;
  const stuck = keys.filter((key) => key.endsWith(' queued')).length;
  const off = jobs.filter(({ disabled }) => disabled).length;
  return [
    `Jobs: ${jobs.length}, ${keys.length - missed - stuck} failing, ${stuck} waiting to begin, ${missed} missed, ${off} switched off`,
  ];
}

/** What is wrong with one stands above. */
function hostLines({ reading }: ReportFacts): string[] {
  const told = reading.problems.flatMap(({ key }) =>
    key.startsWith('host:') ? [`${key.slice('host:'.length)}: `] : [],
  );
  return layersOf(reading, 'hosts').flatMap(({ reason, details }) => [
    reason,
    ...details.filter((line) => !told.some((host) => line.startsWith(host))),
  ]);
}

function runLines(runs: readonly Run[]): string[] {
  if (runs.length === 0) return [];
  const byPerson = new Map<string, number>();
  for (const { person } of runs) byPerson.set(person.name, (byPerson.get(person.name) ?? 0) + 1);
  const who = [...byPerson].toSorted((a, b) => b[1] - a[1]).map(([name, number]) => `${name} ${number}`);
  const bad = runs.filter(({ state }) => state === 'failed' || state === 'interrupted');
  return [
    `${counted(runs.length, 'run')}: ${who.slice(0, 8).join(', ')}`,
    ...bad.map(({ id, text, state, person }) => `${state}: ${text} (${person.name}, ${id})`),
  ];
}

function incidentLines({ incidents, now }: ReportFacts): string[] {
  return incidents.map(({ openedAt, closedAt, clearSince, causes, toldAt }) => {
    const [first] = causes;
    const end =
      closedAt === undefined
        ? 'still open'
        : `over after ${lasting(Date.parse(clearSince ?? closedAt) - Date.parse(openedAt))}`;
    const quiet = toldAt === undefined && closedAt !== undefined && now ? ', not told' : '';
    return `${utcWords(openedAt)} ${first ? `${first.title} ${first.says}` : 'something'}: ${end}${quiet}`;
  });
}

function cut(lines: readonly string[], most: number): string[] {
  return lines.length <= most ? [...lines] : [...lines.slice(0, most), `and ${lines.length - most} more`];
}
