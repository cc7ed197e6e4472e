import type { Clock } from '../clock.js';
import type { Cluster } from '../cluster/cluster.js';
import { asStarsError, StarsError } from '../errors.js';
import type { Definition } from '../cluster/normalise.js';
import type { Backup } from './folder.js';
import { readLive } from './restore/live.js';
import { type Outcome, performRestore } from './restore/perform.js';
import { nameOf, type Plan, planRestore } from './restore/plan.js';
import { selectionOf } from './restore/selection.js';
import { bullets, contentsOf } from './words.js';
import { counted } from '../model/figures.js';

export type PracticeAgent = { name: string; cpus: number; mem: number; disk: number };

/** An empty cluster to try things on, in which time passes as fast as nothing happens. */
export type PracticeCluster = { cluster: Cluster; clock: Clock; stop(): Promise<void> };

export type StartPractice = (wanted: {
  agents: readonly PracticeAgent[];
  /** The forms that are practised: up to 1.4, and since 1.5. */
  marathonVersion: '1.4' | '1.10';
  chronosVersion: '2.5' | '3.0';
  now: Date;
}) => Promise<PracticeCluster>;

export type DrillOptions = {
  backup: Backup;
  startPractice: StartPractice;
  /** What the environment has; when that is not known, as many as the apps need. */
  agents: readonly PracticeAgent[] | undefined;
  clock: Clock;
  step: <T>(title: string, action: () => Promise<T>) => Promise<T>;
  signal: AbortSignal;
};

// Time passes quickly there, and what has not started after a minute or two never will.
const WAIT_MS = 120_000;

/**
 * Restores a backup into a new practice cluster and looks whether all of it came back; the words for people. BACKUP says what would
 * not come back. An app that is accepted and equal, but does not start on those agents, is told of and does not count as lost.
 */
export async function drill(options: DrillOptions): Promise<string> {
  const { backup, step } = options;
  const agents = options.agents ?? agentsFor(backup);
  const practice = await step('Start an empty practice cluster', () =>
    options.startPractice({ agents, ...versionsFor(backup), now: options.clock.now() }),
  );
  try {
    const outcome = await step(`Restore ${backup.name} there`, () => restoreThere(practice, options));
    const after = await step('Compare what came back', () => planThere(practice, options));
    return verdict({ backup, outcome, after, agents: agents.length });
  } finally {
    await practice.stop();
  }
}

/** As what was saved ran on; of a backup that does not say so the apps tell which form they have. */
function versionsFor({ manifest, apps }: Backup) {
  const [, major = 1, minor = 4] = /^(\d+)\.(\d+)/.exec(manifest?.versions['marathon'] ?? '')?.map(Number) ?? [];
  const isNewer = manifest ? major > 1 || minor > 4 : apps.some((app) => 'networks' in app);
  return {
    marathonVersion: isNewer ? ('1.10' as const) : ('1.4' as const),
    chronosVersion: manifest?.versions['chronos'] === '2' ? ('2.5' as const) : ('3.0' as const),
  };
}

async function restoreThere(practice: PracticeCluster, options: DrillOptions): Promise<Outcome> {
  const { cluster, clock } = practice;
  return performRestore({
    plan: await planThere(practice, options),
    marathon: cluster.marathon,
    chronos: cluster.chronos,
    clock,
    force: false,
    waitMs: WAIT_MS,
    step: (_title, action) => action(),
    signal: options.signal,
  });
}

async function planThere({ cluster, clock }: PracticeCluster, { backup, signal }: DrillOptions): Promise<Plan> {
  const { marathon, chronos } = cluster;
  const live = await readLive({ marathon, chronos, signal });
  const selection = selectionOf({}, backup);
  return planRestore({ backup, environment: 'practice', live, selection, force: false, now: clock.now() });
}

/** Room for everything, on as many agents as the widest app has instances. */
function agentsFor({ apps }: Backup): PracticeAgent[] {
  const sum = (field: string) =>
    apps.reduce((total, app) => total + numberIn(app, field) * numberIn(app, 'instances'), 0);
  const widest = Math.min(50, Math.max(3, ...apps.map((app) => numberIn(app, 'instances'))));
  const room = { cpus: sum('cpus') + 8, mem: sum('mem') + 16_384, disk: sum('disk') + 100_000 };
  return Array.from({ length: widest }, (_, index) => ({ name: `agent${index + 1}`, ...room }));
}

function numberIn(app: Definition, field: string): number {
  const value = app[field];
  return typeof value === 'number' ? value : 1;
}

type Drilled = { backup: Backup; outcome: Outcome; after: Plan; agents: number };

function verdict({ backup, outcome, after, agents }: Drilled): string {
  const lost = after.items.filter(({ action }) => action !== 'unchanged');
  if (lost.length > 0) {
    const why = (key: string) => outcome.failed.find(({ item }) => item.key === key)?.error.message;
    const lines = lost.map(
      (item) => `${nameOf(item)}: ${why(item.key) ?? (item.changes.join(', ') || 'it did not come back')}`,
    );
    throw new StarsError(
      'BACKUP',
      [
        `${backup.name} would not come back whole: ${lost.length} of ${after.items.length} are missing or otherwise.`,
        ...bullets(lines),
      ].join('\n'),
      {
        hint: 'Look at these in the cluster and in the backup before you need it.',
        cause: outcome.failed[0] && asStarsError(outcome.failed[0].error),
      },
    );
  }
  const idle = outcome.failed.map(
    ({ item, error }) => `${nameOf(item)} came back as it was, but did not start there: ${error.message}`,
  );
  return [
    `${backup.name} would come back: ${contentsOf(backup)} restored into an empty practice cluster of ${counted(agents, 'agent')} and found as they were saved.`,
    ...bullets(idle).map((line) => line.replace('•', '⚠️')),
  ].join('\n');
}
