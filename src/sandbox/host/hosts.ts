import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import type { Log } from '../../log.js';
import { programNames } from './commands/programs.js';
import { createBaseTree } from './fs/base-tree.js';
import { startHost } from './simulated-host.js';
import type { SimulatedHost } from './simulated-host.js';
import { createKeyPair } from './ssh/keys.js';

export type SimulatedHosts = {
  readonly hosts: readonly { name: string; address: string; port: number }[];
  /** One line a host, as a known_hosts file holds them. */
  readonly knownHostsLines: readonly string[];
  /** Logs in as `stars` and `root`; OpenSSH's format. */
  readonly clientPrivateKey: string;
  /** Throws UNKNOWN_HOST_PATTERN for a name that was not started. */
  host(name: string): SimulatedHost;
  stop(): Promise<void>;
};

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/;
const AT_ONCE = 25;

/** Starts simulated CentOS 7 hosts, each an SSH server on loopback with a file system, packages and services of its own. */
export async function startHosts({
  names,
  addressOf = new Map(),
  clock,
  log,
}: {
  names: readonly string[];
  /** Addresses of loopback by the names of hosts; 127.0.0.1 for all others. */
  addressOf?: ReadonlyMap<string, string>;
  clock: Clock;
  log: Log;
}): Promise<SimulatedHosts> {
  const wrong = names.find((name) => !HOST_NAME.test(name));
  if (wrong !== undefined)
    throw new StarsError('USAGE', `'${wrong}' cannot be the name of a host.`, {
      hint: 'Use letters, digits, dots and hyphens.',
    });
  const client = createKeyPair('stars');
  const base = createBaseTree({ clock, programs: programNames(), clientPublicKey: client.publicKey });
  const started: { host: SimulatedHost; publicKey: string }[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    started.push(...(await Promise.all(names.slice(at, at + AT_ONCE).map((name) => startOne(name)))));
  }
  const byName = new Map(started.map(({ host }) => [host.name, host]));

  async function startOne(name: string) {
    const key = createKeyPair(name);
    return {
      host: await startHost({
        name,
        base,
        hostKey: key.privateKey,
        clock,
        log,
        neighbours: names,
        address: addressOf.get(name),
      }),
      publicKey: key.publicKey,
    };
  }

  return {
    hosts: started.map(({ host: { name, address, port } }) => ({ name, address, port })),
    knownHostsLines: started.map(({ host, publicKey }) => `[${host.address}]:${host.port} ${publicKey}`),
    clientPrivateKey: client.privateKey,
    host(name) {
      const host = byName.get(name);
      if (!host)
        throw new StarsError('UNKNOWN_HOST_PATTERN', `There is no simulated host '${name}'.`, {
          hint: `There are ${[...byName.keys()].join(', ')}.`,
        });
      return host;
    },
    async stop() {
      await Promise.all(started.map(({ host }) => host.stop()));
    },
  };
}
