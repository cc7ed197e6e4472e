import type { Duplex } from 'node:stream';
import { userInfo } from 'node:os';
import type { Client } from 'ssh2';
import { StarsError } from '../errors.js';
import type { HostTarget } from './connection.js';
import { type SshConfig, withSshSettings } from './ssh-config.js';

/** The hosts to go through, first one first; what their entries leave open comes from the SSH configuration, else from the target. */
export function jumpTargets(target: HostTarget, config: SshConfig): HostTarget[] {
  if (target.proxyJump === undefined) return [];
  return target.proxyJump.split(',').map((jump) => {
    const [, user, bracketed, plain, port] =
      /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(jump.trim()) ?? [];
    const address = bracketed ?? plain;
    if (address === undefined) {
      throw new StarsError('CONFIG', `${target.name}: “${jump}” is no jump host.`, { hint: 'Write user@host:port.' });
    }
    const unset = [...(user === undefined ? ['user' as const] : []), ...(port === undefined ? ['port' as const] : [])];
    const { password: _, proxyJump: __, hostKeyName: ___, ...rest } = target;
    return {
      ...withSshSettings(
        {
          ...rest,
          name: `${target.name} (jump host ${address})`,
          address,
          port: Number(port ?? 22),
          user: user ?? userInfo().username,
          unset: [...unset, 'privateKeyFiles', 'knownHostsFiles'],
        },
        config,
      ),
      proxyJump: undefined,
    };
  });
}

/** A stream to the target's SSH port through a host that is logged in already. Rejects with UNREACHABLE or CANCELLED. */
export function forward(
  through: Client,
  { name, address, port, connectTimeoutMs }: HostTarget,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const slow = AbortSignal.timeout(connectTimeoutMs);
    const stop = AbortSignal.any([slow, ...(signal ? [signal] : [])]);
    const place = `${address} port ${port}`;
    const onStop = () =>
      reject(
        signal?.aborted
          ? new StarsError('CANCELLED', `${name}: cancelled while connecting.`, { cause: signal.reason })
          : new StarsError(
              'UNREACHABLE',
              `${name}: the jump host did not reach ${place} within ${connectTimeoutMs / 1000} s.`,
              { hint: 'Is the host up, and may the jump host reach it?' },
            ),
      );
    stop.addEventListener('abort', onStop, { once: true });
    through.forwardOut('127.0.0.1', 0, address, port, (cause, stream) => {
      stop.removeEventListener('abort', onStop);
      if (cause === undefined) return resolve(stream);
      reject(
        new StarsError('UNREACHABLE', `${name}: the jump host cannot reach ${place}: ${cause.message}.`, {
          hint: 'Is the host up, and does the jump host allow forwarding (AllowTcpForwarding)?',
          cause,
        }),
      );
    });
  });
}
