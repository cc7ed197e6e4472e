import type { Backup, Taken } from './folder.js';
import type { Manifest } from './manifest.js';
import type { TakenBackup } from './take.js';
import { counted } from '../model/figures.js';

/** So many lines of a list are shown. */
export const SHOWN = 20;
const KINDS = [
  ['apps', 'app'],
  ['pods', 'pod'],
  ['jobs', 'job'],
  ['nodes', 'ZooKeeper node'],
] as const;

/** `4 apps, 1 job`: what was asked for, and what there is of the rest. */
export function contentsOf(backup: Pick<Backup, 'apps' | 'pods' | 'jobs' | 'nodes' | 'manifest'>): string {
  const counts = KINDS.flatMap(([kind, noun]) => {
    const number = backup[kind].length;
    const told = number > 0 || (kind !== 'pods' && backup.manifest?.counts[kind] !== undefined);
    return told ? [counted(number, noun)] : [];
  });
  return counts.join(', ') || 'nothing';
}

/** A backup in a list of them: what it holds, and why it was taken when it was not for its own sake. */
export function labelWords(manifest: Manifest | undefined): string {
  if (!manifest) return 'without a manifest';
  const { counts, before, person } = manifest;
  const held = KINDS.flatMap(([kind, noun]) => (counts[kind] ? [counted(counts[kind], noun)] : []));
  const why = before ? `what was there before ${before.restore} was restored` : `by ${person.name}`;
  return `${held.join(', ') || 'nothing'}, ${why}`;
}

/** The one message about a new backup: what was saved and what changed since the last one, worst first. */
export function noticeOf(taken: TakenBackup, { warnAtLossPercent }: { warnAtLossPercent: number }): string {
  const { backup, ms } = taken;
  const facts = `${size(backup.bytes)}, ${(ms / 1000).toFixed(1)} s`;
  return [
    `Saved ${contentsOf(backup)} as ${backup.name} (${facts}).`,
    ...[...lossesOf(taken, warnAtLossPercent), ...taken.warnings].map((warning) => `⚠️ ${warning}`),
    ...changesOf(taken),
  ].join('\n');
}

/** What became so much less that somebody should look, a sentence each. */
export function lossesOf({ backup, previous }: Pick<TakenBackup, 'backup' | 'previous'>, percent: number): string[] {
  return (['apps', 'pods', 'jobs'] as const).flatMap((kind) => {
    const [is, was] = [backup.manifest.counts[kind], previous?.manifest.counts[kind] ?? 0];
    if (is === 0 && kind !== 'pods') return [`There are no ${kind} at all${was > 0 ? `; there were ${was}` : ''}.`];
    if (is === undefined && was > 0) return [`The ${was} ${kind} of ${previous?.name} were not asked for this time.`];
    const lost = was - (is ?? 0);
    if (was === 0 || lost * 100 < was * percent) return [];
    return [`${lost} of ${counted(was, kind.slice(0, -1))} ${lost === 1 ? 'is' : 'are'} gone since ${previous?.name}.`];
  });
}

function changesOf({ previous, changes }: TakenBackup): string[] {
  if (!previous || !changes) return ['It is the first of this environment.'];
  return sinceThen(previous, changes);
}

/** What changed since a backup. */
export function sinceThen({ name }: Pick<Taken, 'name'>, changes: readonly string[]): string[] {
  return changes.length === 0 ? [`Nothing changed since ${name}.`] : [`Since ${name}:`, ...bullets(changes)];
}

/** A line each; of many the first, and how many more. */
export function bullets(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN;
  return [...lines.slice(0, SHOWN).map((line) => `• ${line}`), ...(more > 0 ? [`• and ${more} more`] : [])];
}

export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
