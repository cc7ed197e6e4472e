import type { Clock } from '../../clock.js';
import type { MarathonEvent } from './event-frames.js';
import type { EventsOptions } from './events.js';

/** How Marathon said that a deployment ended; `failed` also when another one overrode it. */
export type DeploymentEnd = 'succeeded' | 'failed';

export type Attention = {
  /** On it, who sleeps is woken when something happens; as long as Marathon tells what happens, it sleeps longer. */
  clock: Clock;
  /** Undefined as long as Marathon has not said it, or when it was said unheard. */
  ending(): DeploymentEnd | undefined;
  /** While so, it sleeps no longer than without events: for who waits for nothing to happen. */
  watchClosely(closely: boolean): void;
  close(): Promise<void>;
};

export type AttentionOptions = {
  app: string;
  deploymentId: string | undefined;
  clock: Clock;
  events: (options: EventsOptions) => Promise<void>;
  signal: AbortSignal | undefined;
};

const TYPES = [
  'status_update_event',
  'instance_health_changed_event',
  'health_status_changed_event',
  'deployment_info',
  'deployment_step_success',
  'deployment_success',
  'deployment_failed',
];
// Many tasks change at once: they are looked at together.
const TOGETHER_MS = 250;
const LONGER = 5;

/**
 * Listens to what Marathon tells of an app and a deployment of it, for somebody who looks again and again. Only a hint to look:
 * without events, or when some get lost, everything takes place as well, a little later.
 */
export function attend({ app, deploymentId, clock, events, signal }: AttentionOptions): Attention {
  const over = new AbortController();
  let told = false;
  let happened = false;
  let isClose = false;
  let end: DeploymentEnd | undefined;
  let wake = () => {};

  function onEvent(event: MarathonEvent): void {
    if (!isAbout(event, app, deploymentId)) return;
    if (event.data['id'] === deploymentId) {
      if (event.type === 'deployment_success') end = 'succeeded';
      if (event.type === 'deployment_failed') end = 'failed';
    }
    lookAgain();
  }

  function lookAgain(): void {
    happened = true;
    wake();
  }

  async function sleep(ms: number, whose?: AbortSignal): Promise<void> {
    const woken = new AbortController();
    wake = () => woken.abort();
    const signals = [woken.signal, ...(whose ? [whose] : [])];
    const quiet = !happened;
    happened = false;
    if (!quiet) return clock.sleep(TOGETHER_MS, whose);
    await clock.sleep(told && !isClose ? LONGER * ms : ms, AbortSignal.any(signals)).catch((error: unknown) => {
      if (!woken.signal.aborted || whose?.aborted) throw error;
    });
  }

  const reading = events({
    types: TYPES,
    signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal,
    onEvent,
    onBegin() {
      told = true;
      lookAgain();
    },
    onEnd() {
      told = false;
      lookAgain();
    },
  }).catch(() => {
    // Who may not read events looks as often as without them.
    told = false;
  });

  return {
    clock: { ...clock, sleep },
    ending: () => end,
    watchClosely(closely) {
      isClose = closely;
    },
    close() {
      over.abort();
      return reading;
    },
  };
}

function isAbout({ data }: MarathonEvent, app: string, deploymentId: string | undefined): boolean {
  const plan = data['plan'];
  const ids = [data['id'], typeof plan === 'object' && plan !== null ? (plan as { id?: unknown }).id : undefined];
  return (
    data['appId'] === app || data['runSpecId'] === app || (deploymentId !== undefined && ids.includes(deploymentId))
  );
}
