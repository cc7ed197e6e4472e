import type { Readable } from 'node:stream';
import type { HostClaim } from './claim.js';

/** What a script on a host came to. `code` is its exit status, 128 + n after signal n. */
export type ExecResult = {
  code: number;
  stdout: string;
  stderr: string;
  /** Output beyond the limit was dropped from the middle; the text says where. */
  truncated: boolean;
};

/** Which user a script runs as; without it, the login user. */
export type Become = {
  user: string;
  method: 'sudo' | 'su';
  password?: string;
  /** Options in place of those that sudo gets otherwise. */
  flags?: string;
  /** The program in place of the one that the method is named after. */
  exe?: string;
};

export type ExecOptions = {
  become?: Become | undefined;
  /** Aborting it ends the remote process group and rejects with CANCELLED. */
  signal?: AbortSignal | undefined;
  /** Default 600 s; rejects with TIMEOUT. */
  timeoutMs?: number | undefined;
  /** Ending it also ends what detached itself from it: its processes carry a variable, STARS_TASK, by which they are found. */
  endDetached?: boolean | undefined;
  /**
   * Says that the script changes the host, and how it is noted there (a short word): on a host that a run has claimed it rejects with
   * LOCKED, and does nothing, when the lock is not that run's any more.
   */
  action?: string | undefined;
  /** Called with pieces of standard output as they arrive. */
  onOutput?: ((piece: string) => void) | undefined;
};

export type UploadOptions = ExecOptions & {
  /** The file goes with the user's shell, however that ends, unless it has been moved away: nothing is left behind on the host. */
  temporary?: boolean | undefined;
};

/**
 * One host, one SSH connection. Several `exec` calls may be made without waiting for each other: they go out at once and run
 * one after another in the order of the calls, so that a batch costs one round trip.
 */
export type Connection = {
  readonly host: string;
  /** Runs POSIX shell; a non-zero exit is a result. Rejects with UNREACHABLE, BECOME, TIMEOUT, CANCELLED or LOCKED. */
  exec(script: string, options?: ExecOptions): Promise<ExecResult>;
  /** Writes the content to `path`, which must not exist yet (callers make a temporary file and move it into place). Mode 0600. */
  upload(content: Buffer | Readable, path: string, options?: UploadOptions): Promise<void>;
  close(): Promise<void>;
};

/** Everything it takes to reach one host, from its variables and the configuration. */
export type HostTarget = {
  /** inventory_hostname */
  name: string;
  address: string;
  port: number;
  user: string;
  /** Paths of private keys to try. */
  privateKeyFiles: string[];
  password?: string | undefined;
  /** Paths of known_hosts files. */
  knownHostsFiles: string[];
  /** `ssh` or `local`. */
  kind: 'ssh' | 'local';
  connectTimeoutMs: number;
  /** What nobody gave, so that the SSH configuration may; the fields hold defaults. */
  unset?: readonly ('port' | 'user' | 'privateKeyFiles' | 'knownHostsFiles')[] | undefined;
  /** `user@host:port`, several separated by commas: hosts to go through, as ssh's ProxyJump. */
  proxyJump?: string | undefined;
  /** The name to look for in known_hosts instead of the address. */
  hostKeyName?: string | undefined;
  /** Socket of an agent, or `none`; by default SSH_AUTH_SOCK's. */
  agentSocket?: string | undefined;
  /** Try only the keys named, not every key of the agent. */
  identitiesOnly?: boolean | undefined;
  /** Options that were given and are not followed, in words. */
  notes?: readonly string[] | undefined;
};

/**
 * Rejects with UNREACHABLE, HOST_KEY or AUTHENTICATION, always with the host's name in the message and a hint. With a claim, the first
 * script takes the host's lock for that run, and closing lets go of it; the machine of Stars itself is not locked.
 */
export type Connect = (target: HostTarget, signal?: AbortSignal, claim?: HostClaim) => Promise<Connection>;
