import type { Chance } from './chance.js';
import type { World } from './world.js';

/** Something that fails for a while, without anybody dying. */
export type Fault = { name: string; begin(): void; end(): void };

const REFUSED_CALLS = 1_000;

/** What can fail in this world. */
export function faultsOf({ sandbox, store, hostNames }: World, chance: Chance): Fault[] {
  const { slack } = sandbox;
  const hosts = hostNames.map((name) => sandbox.hosts.host(name));
  const some = hosts.filter(() => chance.happens(0.6));
  const every = (act: (host: (typeof hosts)[number]) => void) => () => some.forEach(act);
  return [
    { name: 'Slack breaks its sockets', begin: () => slack.dropSocket(), end: () => undefined },
    {
      name: 'Slack is gone',
      begin() {
        for (let call = 0; call < REFUSED_CALLS; call += 1) slack.faults.next('*', { kind: 'drop' });
        slack.dropSocket();
      },
      end: () => slack.faults.clear(),
    },
    {
      name: 'Slack does what it is told and does not say so',
      begin() {
        for (let call = 0; call < REFUSED_CALLS; call += 1) slack.faults.next('*', chance.oneOf(LOST));
      },
      end: () => slack.faults.clear(),
    },
    {
      name: 'connections to hosts break',
      begin: every((host) => {
        host.refuseConnections();
        host.dropConnections();
      }),
      end: every((host) => host.refuseConnections(false)),
    },
    { name: 'hosts do not answer', begin: every((host) => host.freeze()), end: every((host) => host.thaw()) },
    ...store.faults,
  ];
}

const LOST = [{ kind: 'accept-then-timeout' }, { kind: 'status', status: 503 }, { kind: 'slow', ms: 300 }] as const;
