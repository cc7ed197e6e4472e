import { haltScript, type Look, lookOf, lookScript } from '../connection/look.js';
import type { Become, Connection } from '../connection/connection.js';
import { asStarsError, StarsError } from '../errors.js';
import { becomeOf } from './become.js';
import type { HostRun } from './host-run.js';
import { templarFor } from './variables.js';
import { createWorld, type WorldOptions } from './world.js';

/** What a host tells of a run, or why it could not be asked. */
export type HostLook = { host: string } & (Look | { state: 'unknown'; error: StarsError });

/**
 * What was ended on a host: `ended` is what was under way, `idle` only the lock; `none` when the run has nothing there, `other` when the lock is
 * another run's. `left` are the shells that nothing ends.
 */
export type Halt = { state: 'ended' | 'idle' | 'none' | 'other' } | { state: 'left'; pids: string[] };

export type HostHalt = { host: string } & (Halt | { state: 'unknown'; error: StarsError });

const TIMEOUT_MS = 30_000;
/** What does not end when it is told to is killed after some seconds, one shell after another. */
const HALT_TIMEOUT_MS = 120_000;

/** Asks each host what became of the run's last action there; changes nothing. */
export function lookAtHosts(options: WorldOptions, run: string, hosts: readonly string[]): Promise<HostLook[]> {
  return onEach<HostLook>(
    options,
    hosts,
    async (host, { connection }) => ({ host, ...(await lookAtHost(connection, run, options.signal)) }),
    (host, error) => ({ host, state: 'unknown', error }),
  );
}

/** What became of the run's last action on one host. */
async function lookAtHost(connection: Connection, run: string, signal?: AbortSignal): Promise<Look> {
  return lookOf(await connection.exec(lookScript(), { signal, timeoutMs: TIMEOUT_MS }), run);
}

/** Ends what a run does on hosts, and takes its locks there. For somebody who decided on it: the run may be alive. */
export function haltOnHosts(options: WorldOptions, run: string, hosts: readonly string[]): Promise<HostHalt[]> {
  return onEach<HostHalt>(
    options,
    hosts,
    async (host, { connection, root }) => ({ host, ...(await haltOnHost(connection, run, root, options.signal)) }),
    (host, error) => ({ host, state: 'unknown', error }),
  );
}

/** The same for one host; `root` is who may end what the login user may not. */
export async function haltOnHost(
  connection: Connection,
  run: string,
  root: Become | undefined,
  signal?: AbortSignal,
): Promise<Halt> {
  const asUser = async (become: Become | undefined) => {
    const { stdout } = await connection.exec(haltScript(run), { become, signal, timeoutMs: HALT_TIMEOUT_MS });
    return haltOf(stdout);
  };
  const first = await asUser(root).catch((error: unknown) => {
    // Without sudo the login user ends what is its own.
    if (root && error instanceof StarsError && error.code === 'BECOME') return undefined;
    throw error;
  });
  const halt = first && first.state !== 'stuck' ? first : await asUser(undefined);
  if (halt.state !== 'stuck') return halt;
  throw new StarsError(
    'HOSTS_FAILED',
    `${connection.host}: what run ${run} does there cannot be ended by this login.`,
    {
      hint: `End it on the host as root, then remove the lock: sudo rm -r ${halt.lock}`,
    },
  );
}

function haltOf(stdout: string): Halt | { state: 'stuck'; lock: string } {
  const [word, ...rest] = stdout.trim().split(' ');
  if (word === 'left') return { state: 'left', pids: rest };
  if (word === 'ended' || word === 'idle' || word === 'none' || word === 'other') return { state: word };
  return { state: 'stuck', lock: rest[0] ?? '/dev/shm/.stars-lock' };
}

type Reached = { connection: Connection; root: Become | undefined };

async function onEach<T>(
  options: WorldOptions,
  names: readonly string[],
  act: (host: string, reached: Reached) => Promise<T>,
  failed: (host: string, error: StarsError) => T,
): Promise<T[]> {
  const hosts = new Map<string, HostRun>();
  const { world } = createWorld(
    options,
    { check: true },
    {
      inventory: await options.inventory(options.stackFolder),
      playbookFolder: options.stackFolder,
      hosts,
      deprecated: () => undefined,
      onRead: () => undefined,
    },
  );

  async function onOne(name: string): Promise<T> {
    const host = world.hostRun(name);
    if (!host) throw new StarsError('UNKNOWN_HOST_PATTERN', `${name} is not in the inventory any more.`);
    const templar = templarFor(world, undefined, host);
    const connection = await host.session({ onlyReads: true }).connection();
    const root = becomeOf(
      (keyword) => (keyword === 'become' ? true : undefined),
      (variable) => templar.variable(variable),
    );
    return act(name, { connection, root });
  }

  try {
    return await Promise.all(
      names.map((name) =>
        onOne(name).catch((error: unknown) => {
          options.signal.throwIfAborted();
          return failed(name, asStarsError(error));
        }),
      ),
    );
  } finally {
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
}
