import type { HostRecap, RunError } from '../model/run.js';

export type ProvisionResult = {
  hosts: Record<string, HostRecap>;
  failed: RunError | undefined;
  plays: number;
  /** The playbook was left before its end. */
  broken: boolean;
  /** Every file of the project that was read, and of what was read beside it. */
  files: string[];
};
