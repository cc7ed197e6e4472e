import { StarsError } from '../errors.js';
import type { Connect, Connection, HostTarget } from './connection.js';

export type ConnectionsOptions = {
  connect: Connect;
  /** How to reach a host. */
  target: (host: string) => HostTarget;
};

/** One connection a host, made when it is first asked for. */
export type Connections = ReturnType<typeof createConnections>;

export function createConnections({ connect, target }: ConnectionsOptions) {
  const open = new Map<string, Promise<Connection>>();
  let closed = false;

  /** Rejects as `connect` does; a host that could not be reached is tried again at the next call. */
  function to(host: string, signal?: AbortSignal): Promise<Connection> {
    if (closed) return Promise.reject(new StarsError('UNREACHABLE', `${host}: all connections were closed.`));
    const known = open.get(host);
    if (known) return known;
    const made = Promise.resolve().then(() => connect(target(host), signal));
    open.set(host, made);
    made.catch(() => {
      if (open.get(host) === made) open.delete(host);
    });
    return made;
  }

  /** Lets go of a host, so that the next call connects anew: after a reboot, or a change of its groups. */
  async function reset(host: string): Promise<void> {
    const connection = open.get(host);
    open.delete(host);
    if (connection) await closeQuietly(connection);
  }

  async function closeAll(): Promise<void> {
    closed = true;
    const all = [...open.values()];
    open.clear();
    await Promise.all(all.map(closeQuietly));
  }

  return { to, reset, closeAll };
}

async function closeQuietly(connection: Promise<Connection>): Promise<void> {
  await connection.then((open) => open.close()).catch(() => undefined);
}
