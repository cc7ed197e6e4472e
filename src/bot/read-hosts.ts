import { KNOWN_UNITS } from '../model/host-services.js';
import type { HostReading } from '../model/host-state.js';
import { hostState } from '../provision/facts/host-state.js';
import type { Provision } from '../provision/provision.js';

type Asking = { hosts?: string | readonly string[]; timeoutMs: number };

/** How the hosts stand, asked over SSH all at once. */
export async function readHosts(
  { provision }: { provision: Pick<Provision, 'ask'> },
  { hosts = 'all', timeoutMs }: Asking,
): Promise<HostReading[]> {
  const answers = await provision.ask({ hosts, fact: hostState(KNOWN_UNITS), timeoutMs });
  return answers.map((answer) =>
    'told' in answer
      ? { host: answer.host, state: answer.told }
      : { host: answer.host, failed: { code: answer.error.code, message: answer.error.message } },
  );
}
