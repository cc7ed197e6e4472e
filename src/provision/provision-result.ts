import type { HostRecap, RunError } from '../model/run.js';

export type ProvisionResult = { hosts: Record<string, HostRecap>; failed: RunError | undefined; plays: number };
