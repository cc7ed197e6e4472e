import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { poll } from '../../poll.js';
import { GOOD_STATES, healthByTasks, type AppHealth } from './app-health.js';
import type { App, Deployment, QueueItem } from './schema.js';
import { describeFailure, explainWaiting, failureSince, type Waiting } from './waiting.js';

/** A change that Marathon accepted: the deployment to follow, and the version its app has once it is done. */
export type Ticket = { app: string; deploymentId: string; version: string };

export type FollowOptions = {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  /** Told each time the reason for waiting becomes another one. */
  onWaiting?: ((waiting: Waiting) => void) | undefined;
};

type Reading = { signal?: AbortSignal | undefined };

type Readers = {
  app: (id: string, options?: Reading) => Promise<App>;
  queue: (options?: Reading) => Promise<QueueItem[]>;
  deployments: (options?: Reading) => Promise<Deployment[]>;
  clock: Clock;
};

const EVERY_MS = 1_000;
const DEFAULT_TIMEOUT_MS = 600_000;
// Before 1.8 a deployment may not be listed for a moment after the reply that announced it, nor right after a change of leader.
const GONE_AFTER_MS = 2_000;
// Once its deployment is over an app is healthy at once, or nearly; after a change of leader the list of tasks fills up slowly.
const HEALTHY_MS = 120_000;
// A task in a crash loop may pass its check now and then.
const STEADY_MS = 2_000;
// While Marathon elects a new leader it answers nothing of use for tens of seconds.
const PATIENCE_MS = 60_000;

/** Following a deployment from its ticket to healthy tasks. */
export function createFollow({ app, queue, deployments, clock }: Readers) {
  /**
   * Waits until the deployment is no longer listed. That is not success: it may have been cancelled or overridden, so
   * `requireHealthy` comes next. TIMEOUT says what it waits for.
   */
  async function waitFor(
    ticket: Ticket,
    { signal, timeoutMs = DEFAULT_TIMEOUT_MS, onWaiting }: FollowOptions = {},
  ): Promise<void> {
    const patient = patience(clock);
    const tell = onChange(onWaiting);
    let lastSightingMs = clock.now().getTime();
    const over = async () => {
      const list = await patient(() => deployments({ signal }));
      const running = list?.find(({ id }) => id === ticket.deploymentId);
      if (list && !running) return clock.now().getTime() - lastSightingMs >= GONE_AFTER_MS ? true : undefined;
      lastSightingMs = clock.now().getTime();
      if (running) tell(await patient(async () => reason(await app(ticket.app, { signal }), running, signal)));
      return undefined;
    };
    await poll(over, { clock, everyMs: EVERY_MS, timeoutMs, signal, what: 'The deployment' }).catch(
      async (error: unknown) => {
        throw isTimeout(error) ? await tooSlow(ticket, timeoutMs, signal) : error;
      },
    );
  }

  /** Waits until every task of the deployed version runs and passes its checks. UNHEALTHY says what is wrong, or who overrode it. */
  async function requireHealthy(
    ticket: Ticket,
    { signal, timeoutMs = HEALTHY_MS, onWaiting }: FollowOptions = {},
  ): Promise<AppHealth> {
    const patient = patience(clock);
    const tell = onChange(onWaiting);
    const steady = steadiness(clock);
    let last: App | undefined;
    const healthy = async () => {
      const now = await patient(() => app(ticket.app, { signal }));
      if (!now) return void steady(undefined);
      last = now;
      refuseOtherVersion(ticket, now);
      const health = healthByTasks(now);
      const good = GOOD_STATES.has(health.state);
      if (!good) tell(await patient(() => reason(now, undefined, signal)));
      return steady(good ? now.tasks.map(({ id }) => id) : undefined) ? health : undefined;
    };
    return poll(healthy, { clock, everyMs: EVERY_MS, timeoutMs, signal, what: 'Health' }).catch(
      async (error: unknown) => {
        throw isTimeout(error) && last ? notHealthy(ticket, last) : error;
      },
    );
  }

  async function reason(
    app: App,
    deployment: Deployment | undefined,
    signal?: AbortSignal,
  ): Promise<Waiting | undefined> {
    return explainWaiting({ app, queue: await queue({ signal }), deployment });
  }

  async function tooSlow(ticket: Ticket, timeoutMs: number, signal?: AbortSignal): Promise<StarsError> {
    const running = (await deployments({ signal }).catch(() => [])).find(({ id }) => id === ticket.deploymentId);
    const now = await app(ticket.app, { signal }).catch(() => undefined);
    const waiting = now && (await reason(now, running, signal).catch(() => undefined));
    const step = running ? ` (step ${running.currentStep} of ${running.totalSteps})` : '';
    const words = [
      `The deployment of ${ticket.app} is not over after ${minutes(timeoutMs)}${step}${waiting ? `: ${waiting.words}` : ''}.`,
      ...(now ? [`${healthByTasks(now).words}.`, ...failureWords(now, ticket)] : []),
    ];
    return new StarsError('TIMEOUT', words.join(' '), {
      hint: `Marathon goes on trying (deployment ${ticket.deploymentId}), and tasks of the old version may still run.`,
    });
  }

  return { waitFor, requireHealthy };
}

// Versions are times in one format, so the order of the texts is the order of time.
function refuseOtherVersion(ticket: Ticket, { id, version = ticket.version, deployments }: App): void {
  if (version === ticket.version) return;
  const other = deployments.map((one) => one.id).filter((one) => one !== ticket.deploymentId);
  const by = other.length > 0 ? ` by deployment ${other.join(', ')}` : '';
  const words = version > ticket.version ? `was overridden${by}` : 'was cancelled or rolled back';
  throw new StarsError(
    'UNHEALTHY',
    `The deployment of ${id} ${words}: the app has version ${version}, not ${ticket.version}.`,
    {
      hint: 'Somebody else changed the app at the same time. Look at its status before you try again.',
    },
  );
}

function notHealthy(ticket: Ticket, app: App): StarsError {
  const { words } = healthByTasks(app);
  const locked =
    app.deployments.length > 0 ? ` Deployment ${app.deployments.map(({ id }) => id).join(', ')} works at it.` : '';
  return new StarsError(
    'UNHEALTHY',
    [`${app.id} is not healthy: ${words}.${locked}`, ...failureWords(app, ticket)].join(' '),
    {
      hint: 'Tasks of the old version may still run.',
    },
  );
}

function failureWords(app: App, { version }: Ticket): string[] {
  const failure = failureSince(app, version);
  return failure ? [`Its last task failed: ${describeFailure(failure)}.`] : [];
}

function onChange(tell: FollowOptions['onWaiting']): (waiting: Waiting | undefined) => void {
  let kind: string | undefined;
  return (waiting) => {
    if (waiting && waiting.kind !== kind) tell?.(waiting);
    kind = waiting?.kind ?? kind;
  };
}

/** Whether the same tasks have been good for a while; told of them at each look, or of undefined when they are not. */
function steadiness(clock: Clock): (good: string[] | undefined) => boolean {
  let since: { tasks: string; ms: number } | undefined;
  return (good) => {
    const nowMs = clock.now().getTime();
    const tasks = good?.toSorted().join();
    if (tasks !== since?.tasks) since = tasks === undefined ? undefined : { tasks, ms: nowMs };
    return since !== undefined && nowMs - since.ms >= STEADY_MS;
  };
}

/** Turns a failing answer into undefined until they have failed for a minute on end. */
function patience(clock: Clock): <T>(ask: () => Promise<T>) => Promise<T | undefined> {
  let failingSinceMs: number | undefined;
  return async (ask) => {
    try {
      const answer = await ask();
      failingSinceMs = undefined;
      return answer;
    } catch (error) {
      const passing = error instanceof StarsError && (error.code === 'API_UNREACHABLE' || error.code === 'API_ANSWER');
      failingSinceMs ??= clock.now().getTime();
      if (!passing || clock.now().getTime() - failingSinceMs > PATIENCE_MS) throw error;
      return undefined;
    }
  };
}

function isTimeout(error: unknown): boolean {
  return error instanceof StarsError && error.code === 'TIMEOUT';
}

function minutes(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
