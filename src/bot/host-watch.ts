import type { Clock } from '../clock.js';
import { troubledHosts } from '../cluster/hosts.js';
import { asStarsError, type StarsError } from '../errors.js';
import type { Environment } from '../home/home.js';
import type { HostReading } from '../model/host-state.js';

export type HostWatchOptions = {
  hostsOf(
    environment: Environment,
    asking: { timeoutMs: number; signal: AbortSignal },
  ): Promise<readonly HostReading[]>;
  clock: Clock;
};

/** What the hosts told, or why none could be asked. */
type Told = readonly HostReading[] | StarsError;
type Known = { told: Told; troubles: string; askAgainAt: number };

const ANSWER_WITHIN_MS = 20_000;

/** Asks the hosts of environments now and then, and remembers in between what they told. */
export function createHostWatch({ hostsOf, clock }: HostWatchOptions) {
  const known = new Map<string, Known>();

  /** What is known of the hosts by now; undefined where they are not asked. Rejects with CANCELLED. */
  async function look(
    environment: Environment,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<(() => Promise<readonly HostReading[]>) | undefined> {
    const { hostsMinutes } = environment.config.alerts;
    if (hostsMinutes === false || environment.inventorySources.length === 0) return undefined;
    const nowMs = clock.now().getTime();
    const before = known.get(environment.name);
    if (before && nowMs < before.askAgainAt) return () => given(before.told);
    const told = await hostsOf(environment, { timeoutMs: ANSWER_WITHIN_MS, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      return asStarsError(error);
    });
    const troubles = troublesIn(told);
    // What is new is looked at again the next time, before anybody hears of it.
    const isNew = troubles !== (before?.troubles ?? '');
    known.set(environment.name, { told, troubles, askAgainAt: isNew ? 0 : nowMs + hostsMinutes * 60_000 });
    return () => given(told);
  }

  return { look };
}

function given(told: Told): Promise<readonly HostReading[]> {
  return 'message' in told ? Promise.reject(told) : Promise.resolve(told);
}

/** Without figures: a disk that fills up by another percent is nothing new. */
function troublesIn(told: Told): string {
  if ('message' in told) return told.code;
  const lines = troubledHosts(told).map(({ host, troubles }) => `${host}: ${troubles.map(withoutFigures).join()}`);
  return lines.join('\n');
}

function withoutFigures(text: string): string {
  return text.replaceAll(/\d+(?:\.\d+)?/g, '#');
}
