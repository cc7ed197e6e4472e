import { hostname } from 'node:os';
import type { Clock } from '../clock.js';
import type { HostClaim } from '../connection/claim.js';

/** In whose name a run locks the hosts that it changes; what is left out is this process's. */
export type RunClaim = {
  /** Grows with every run of the same `store`; by default 0, which is compared with nothing. */
  fence?: number;
  /** The store, and within it what the fence counts for, such as an environment: fences of different ones say nothing about each other. */
  store?: string;
  /** Who asked, for people. */
  person?: string;
};

type ClaimSetting = {
  runId: string;
  claim?: RunClaim | undefined;
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
};

export function hostClaim(
  { runId, claim, environment, clock, signal }: ClaimSetting,
  { waitMs = 0 }: { waitMs?: number | undefined },
): HostClaim {
  const machine = hostname();
  const own = { fence: 0, store: `process:${machine}:${process.pid}`, person: environment['USER'] ?? 'somebody' };
  return { ...own, ...claim, run: runId, from: machine, since: clock.now().toISOString(), waitMs, signal };
}
