import type { CommandContext } from '../../src/bot/command.js';
import { type ErrorCode, StarsError } from '../../src/errors.js';
import type { AdHocTask } from '../../src/provision/ad-hoc.js';
import { hostState } from '../../src/provision/facts/host-state.js';

type Context = Pick<CommandContext<unknown>, 'provision'>;

export type Work = { name: string; hosts: readonly string[]; tasks: readonly AdHocTask[]; waitMs?: number | undefined };

const LOOK_TIMEOUT_MS = 30_000;

/** Does these tasks as root on the hosts. Throws what failed there, in the hosts' own words. */
export async function workOn({ provision }: Context, { name, hosts, tasks, waitMs }: Work): Promise<void> {
  const words: string[] = [];
  const { failed } = await provision.run({
    target: { play: { name, hosts, become: true, tasks } },
    waitMs,
    onResult: ({ host, task, status, message }) => {
      if (status === 'failed' || status === 'unreachable') words.push(`${host}: ${message ?? task}`);
      return undefined;
    },
  });
  if (!failed) return;
  const said = words.slice(0, 3).join('; ').split('\n').slice(0, 4).join(' ');
  throw new StarsError(failed.code as ErrorCode, `${name}: ${said || failed.message}`, {
    hint: 'The thread has all that was said.',
  });
}

/** The module service finds out by itself what runs services on the host. */
export function serviceTask(verb: 'restart' | 'stop' | 'start', unit: string): AdHocTask {
  const state = { restart: 'restarted', stop: 'stopped', start: 'started' }[verb];
  const title = `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${unit}`;
  return { name: title, module: 'service', args: { name: unit, state } };
}

/** Throws UNHEALTHY when one of the units does not run on a host: some services die just after their start. */
export async function requireRunning(
  { provision }: Context,
  { hosts, units }: { hosts: readonly string[]; units: readonly string[] },
): Promise<void> {
  const answers = await provision.ask({ hosts, fact: hostState(units), timeoutMs: LOOK_TIMEOUT_MS });
  const bad = answers.flatMap((answer) => {
    if (!('told' in answer)) return [`${answer.host} cannot be asked: ${answer.error.message}`];
    return answer.told.units.filter(({ state }) => state !== 'running').map(({ name }) => `${name} on ${answer.host}`);
  });
  const [first] = bad;
  if (first === undefined) return;
  throw new StarsError('UNHEALTHY', `It does not run after its start: ${bad.join(', ')}.`, {
    hint: `Look why: run ${hosts[0]} <environment> --become -- journalctl -n 50 -u ${units[0]}`,
  });
}
