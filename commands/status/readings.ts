import type { CommandContext } from '../../src/bot/command.js';
import { KNOWN_UNITS } from '../../src/model/host-services.js';
import type { HostReading } from '../../src/model/host-state.js';
import { hostState } from '../../src/provision/facts/host-state.js';

type Asking = { hosts?: string | readonly string[]; timeoutMs: number };

/** How the hosts stand, asked over SSH all at once. As root where that goes: not every file system shows itself to others. */
export async function readHosts(
  { provision }: Pick<CommandContext<unknown>, 'provision'>,
  { hosts = 'all', timeoutMs }: Asking,
): Promise<HostReading[]> {
  const answers = await provision.ask({ hosts, fact: hostState(KNOWN_UNITS), timeoutMs });
  return answers.map((answer) =>
    'told' in answer
      ? { host: answer.host, state: answer.told }
      : { host: answer.host, failed: { code: answer.error.code, message: answer.error.message } },
  );
}
