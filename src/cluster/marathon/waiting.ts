import type { App, Deployment, QueueItem, TaskFailure } from './schema.js';

/** Why a deployment has not come further. `kind` stays the same while only the numbers in `words` move. */
export type Waiting = { kind: string; words: string };

const NEEDS: Record<string, (app: NonNullable<QueueItem['app']>) => string> = {
  UnfulfilledRole: () => 'no offer is for a role that it accepts',
  UnfulfilledConstraint: () => 'no agent fits its constraints (a task that must be alone on its host needs a free one)',
  NoCorrespondingReservationFound: () => 'no agent holds its reservation',
  InsufficientCpus: ({ cpus }) => `no agent has ${cpus} CPUs to spare`,
  InsufficientMemory: ({ mem }) => `no agent has ${mem} MB of memory to spare`,
  InsufficientDisk: ({ disk }) => `no agent has ${disk} MB of disk to spare`,
  InsufficientGpus: ({ gpus }) => `no agent has ${gpus} GPUs to spare`,
  InsufficientPorts: () => 'no agent has its ports free (the old task may hold them)',
  AgentMaintenance: () => 'the agents that would fit are in maintenance',
  DeclinedScarceResources: () => 'the agents that would fit are kept for tasks that need GPUs',
};

/** What holds an app's deployment up, the most telling reason first; undefined when nothing stands out. */
export function explainWaiting({
  app,
  queue,
  deployment,
}: {
  app: App;
  queue: QueueItem[];
  deployment?: Deployment | undefined;
}): Waiting | undefined {
  const item = queue.find(({ id }) => id === app.id);
  return (item && explainQueue(item)) ?? explainReadiness(deployment);
}

function explainQueue({ app, delay, processedOffersSummary: offers, count }: QueueItem): Waiting | undefined {
  if (delay && delay.timeLeftSeconds > 0) {
    return {
      kind: 'back-off',
      words: `its tasks crashed, so Marathon waits ${duration(delay.timeLeftSeconds)} before it starts the next`,
    };
  }
  if (!offers) return undefined;
  if (offers.processedOffersCount === 0)
    return { kind: 'no-offers', words: `Mesos has offered nothing for ${count} ${count === 1 ? 'task' : 'tasks'} yet` };
  const rejections =
    offers.rejectSummaryLastOffers.length > 0 ? offers.rejectSummaryLastOffers : offers.rejectSummaryLaunchAttempt;
  // An offer counts under the first reason that fails, so the later of two equal rows is what stands in the way.
  const worst = rejections.reduce((most, row) => (row.declined >= most.declined ? row : most), {
    reason: '',
    declined: 1,
    processed: 0,
  });
  const need = app && NEEDS[worst.reason];
  if (need)
    return {
      kind: worst.reason,
      words: `${need(app)} (${worst.declined} of ${worst.processed} offers turned down for that)`,
    };
  return worst.reason ? { kind: worst.reason, words: `offers are turned down for ${worst.reason}` } : undefined;
}

function explainReadiness(deployment: Deployment | undefined): Waiting | undefined {
  const open =
    deployment?.currentActions
      .flatMap(({ readinessCheckResults }) => readinessCheckResults)
      .filter(({ ready }) => !ready) ?? [];
  const [first] = open;
  if (!first) return undefined;
  const status = first.lastResponse ? ` (last answer ${first.lastResponse.status})` : '';
  return {
    kind: 'readiness',
    words:
      `${open.length} ${open.length === 1 ? 'task does' : 'tasks do'} not pass the readiness check ${first.name ?? ''}${status}`.trimEnd(),
  };
}

/** `Container exited with status 1 on c4 (TASK_FAILED, 14:02:11 UTC)`. */
export function describeFailure({ message, host, state, timestamp }: TaskFailure): string {
  const where = host ? ` on ${host}` : '';
  return `${(message ?? '').split('\n', 1)[0] || 'no message'}${where} (${state ?? 'failed'}, ${timestamp.slice(11, 19)} UTC)`;
}

/** The last failure, if it happened to a task of the version being deployed or later; older ones say nothing about it. */
export function failureSince({ lastTaskFailure }: App, version: string): TaskFailure | undefined {
  if (!lastTaskFailure) return undefined;
  return (lastTaskFailure.version ?? lastTaskFailure.timestamp) >= version ? lastTaskFailure : undefined;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
