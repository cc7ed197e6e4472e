import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { poll } from '../../poll.js';
import { GOOD_STATES, healthByTasks, type AppHealth } from './app-health.js';
import { attend, type Attention, type DeploymentEnd } from './attention.js';
import type { Ticket } from './change.js';
import type { EventsOptions } from './events.js';
import { progressOf } from './progress.js';
import type { App, Deployment, QueueItem } from './schema.js';
import { describeFailure, explainWaiting, failureSince, type Waiting } from './waiting.js';

export { Ticket } from './change.js';

export type FollowOptions = {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  /** Told how far it is and why it waits, each time that becomes something else. */
  onWaiting?: ((waiting: Waiting) => void) | undefined;
};

/** `gone`: it is no longer listed, and how it ended was told to nobody here. */
export type Ending = DeploymentEnd | 'gone';

type Reading = { signal?: AbortSignal | undefined };

type Readers = {
  app: (id: string, options?: Reading) => Promise<App>;
  queue: (options?: Reading) => Promise<QueueItem[]>;
  deployments: (options?: Reading) => Promise<Deployment[]>;
  events: (options: EventsOptions) => Promise<void>;
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
const TELL_EVERY_MS = 10_000;
// While Marathon elects a new leader it answers nothing of use for tens of seconds.
const PATIENCE_MS = 60_000;

/** Following a deployment from its ticket to healthy tasks. */
export function createFollow({ app, queue, deployments, events, clock }: Readers) {
  /** Listens to Marathon's events about it while it is followed. */
  async function attending<T>(ticket: Ticket, { signal }: FollowOptions, work: (attention: Attention) => Promise<T>) {
    const attention = attend({ ...ticket, deploymentId: ticket.deploymentId, events, clock, signal });
    try {
      return await work(attention);
    } finally {
      await attention.close();
    }
  }

  /**
   * Waits until the deployment is over. That is not success: it may have been cancelled or overridden, so `requireHealthy` comes
   * next. TIMEOUT says what it waits for.
   */
  function waitFor(ticket: Ticket, options: FollowOptions = {}): Promise<Ending> {
    return attending(ticket, options, (attention) => untilOver(ticket, options, attention));
  }

  async function untilOver(
    ticket: Ticket,
    { signal, timeoutMs = DEFAULT_TIMEOUT_MS, onWaiting }: FollowOptions,
    attention: Attention,
  ): Promise<Ending> {
    const patient = patience(clock);
    const tell = onChange(clock, onWaiting);
    let lastSightingMs = clock.now().getTime();
    const over = async () => {
      const ending = attention.ending();
      if (ending) return ending;
      const list = await patient(() => deployments({ signal }));
      const running = list?.find((one) => isOf(ticket, one));
      if (list && !running) return clock.now().getTime() - lastSightingMs >= GONE_AFTER_MS ? 'gone' : undefined;
      lastSightingMs = clock.now().getTime();
      if (running) tell(await patient(async () => progress(ticket, running, signal)));
      return undefined;
    };
    const polling = { clock: attention.clock, everyMs: EVERY_MS, timeoutMs, signal, what: 'The deployment' };
    return poll(over, polling).catch(async (error: unknown) => {
      throw isTimeout(error) ? await tooSlow(ticket, timeoutMs, signal) : error;
    });
  }

  /**
   * Waits until every task of the deployed version runs and passes its checks. UNHEALTHY says what is wrong, or who overrode it.
   * `ended`: how the deployment is known to have ended.
   */
  function requireHealthy(ticket: Ticket, options: FollowOptions & { ended?: Ending } = {}): Promise<AppHealth> {
    return attending(ticket, options, (attention) => untilHealthy(ticket, options, attention));
  }

  async function untilHealthy(
    ticket: Ticket,
    { signal, timeoutMs = HEALTHY_MS, onWaiting, ended }: FollowOptions & { ended?: Ending },
    attention: Attention,
  ): Promise<AppHealth> {
    const patient = patience(clock);
    const tell = onChange(clock, onWaiting);
    const steady = steadiness(clock);
    let last: App | undefined;
    const healthy = async () => {
      const now = await patient(() => app(ticket.app, { signal }));
      if (!now) return void steady(undefined);
      last = now;
      refuseOtherVersion(ticket, now);
      const health = healthByTasks(now);
      const good = GOOD_STATES.has(health.state);
      if (!good && ended === 'failed' && now.deployments.length === 0) throw abandoned(ticket, health);
      attention.watchClosely(good);
      if (!good) tell(await patient(() => progressWith(ticket, now, undefined, signal)));
      return steady(good ? now.tasks.map(({ id }) => id) : undefined) ? health : undefined;
    };
    const polling = { clock: attention.clock, everyMs: EVERY_MS, timeoutMs, signal, what: 'Health' };
    return poll(healthy, polling).catch(async (error: unknown) => {
      throw isTimeout(error) && last ? notHealthy(ticket, last) : error;
    });
  }

  async function progress(ticket: Ticket, running: Deployment, signal?: AbortSignal): Promise<Waiting> {
    return progressWith(ticket, await app(ticket.app, { signal }), running, signal);
  }

  async function progressWith(
    { version }: Ticket,
    now: App,
    running: Deployment | undefined,
    signal?: AbortSignal,
  ): Promise<Waiting> {
    return progressOf(now, version, await reason(now, running, signal));
  }

  async function reason(
    app: App,
    deployment: Deployment | undefined,
    signal?: AbortSignal,
  ): Promise<Waiting | undefined> {
    return explainWaiting({ app, queue: await queue({ signal }), deployment });
  }

  async function tooSlow(ticket: Ticket, timeoutMs: number, signal?: AbortSignal): Promise<StarsError> {
    const running = (await deployments({ signal }).catch(() => [])).find((one) => isOf(ticket, one));
    const now = await app(ticket.app, { signal }).catch(() => undefined);
    const waiting = now && (await reason(now, running, signal).catch(() => undefined));
    const step = running ? ` (step ${running.currentStep} of ${running.totalSteps})` : '';
    const words = [
      `The deployment of ${ticket.app} is not over after ${minutes(timeoutMs)}${step}${waiting ? `: ${waiting.words}` : ''}.`,
      ...(now ? [`${healthByTasks(now).words}.`, ...failureWords(now, ticket)] : []),
    ];
    return new StarsError('TIMEOUT', words.join(' '), {
      hint: `Marathon goes on trying${running ? ` (deployment ${running.id})` : ''}, and tasks of the old version may still run.`,
    });
  }

  return { waitFor, requireHealthy };
}

/** Without its id, any deployment that touches the app. */
function isOf({ app, deploymentId }: Ticket, { id, affectedApps }: Deployment): boolean {
  return deploymentId === undefined ? affectedApps.includes(app) : id === deploymentId;
}

function abandoned({ app, deploymentId }: Ticket, { words }: AppHealth): StarsError {
  return new StarsError(
    'UNHEALTHY',
    `The deployment${deploymentId ? ` ${deploymentId}` : ''} of ${app} was cancelled before it was done: ${words}.`,
    {
      hint: 'Marathon no longer works at it: old and new tasks may stay mixed until the app is deployed or restarted again.',
    },
  );
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

/** Tells what became something else, but of mere progress not more often than people can read. */
function onChange(clock: Clock, tell: FollowOptions['onWaiting']): (waiting: Waiting | undefined) => void {
  let kind: string | undefined;
  let toldMs = Number.NEGATIVE_INFINITY;
  return (waiting) => {
    const nowMs = clock.now().getTime();
    if (!waiting || waiting.kind === kind || nowMs - toldMs < TELL_EVERY_MS) return;
    kind = waiting.kind;
    toldMs = nowMs;
    tell?.(waiting);
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
