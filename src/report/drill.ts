import { lasting } from '../model/figures.js';
import type { Problem } from '../model/incident.js';

/** The newest drill of a backup that has ended. */
export type LastDrill = {
  /** ISO UTC. */
  at: string;
  run: string;
  succeeded: boolean;
  /** What came of it. */
  says: string;
  /** By its schedule there should have been another one since. */
  late: boolean;
};

/** `3 days ago, 2026-11-22T02-00-00Z would come back: …` */
export function drillWords(drill: LastDrill | undefined, now: Date): string {
  if (!drill) return 'none that is known; “backup drill” restores the newest backup into a practice cluster';
  return `${agoOf(drill, now)}, ${drill.succeeded ? '' : 'failed: '}${firstLine(drill.says)} (${drill.run})`;
}

/** A backup of which nobody knows whether it would come back is no backup. */
export function drillProblem(drill: LastDrill | undefined, now: Date): Problem[] {
  if (!drill || (drill.succeeded && !drill.late)) return [];
  const says = drill.succeeded
    ? `is overdue: the last one was ${agoOf(drill, now)}`
    : `failed ${agoOf(drill, now)}: ${firstLine(drill.says)}`;
  return [{ key: 'drill', title: 'Drill of the backup', severity: 'degraded', says, needs: [] }];
}

function agoOf({ at }: LastDrill, now: Date): string {
  return `${lasting(now.getTime() - Date.parse(at))} ago`;
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/\.$/, '');
}
