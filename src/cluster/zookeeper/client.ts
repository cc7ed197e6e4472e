import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { ask, parseAddress } from './four-letter-word.js';
import { parseMntr, parseSrvr, type Said } from './parse.js';

export type ZooKeeper = ReturnType<typeof createZooKeeper>;

type Asking = { signal?: AbortSignal | undefined; timeoutMs?: number | undefined };

/** One server of the ensemble: what it said, or why it said nothing. */
export type ServerAnswer = { address: string; said: Said | { kind: 'down'; words: string } };

const DEFAULT_TIMEOUT_MS = 5_000;

/** The servers of one ensemble, by four-letter words. Throws CONFIG for an address that is none. */
export function createZooKeeper({ hosts, clock }: { hosts: readonly string[]; clock: Clock }) {
  const addresses = hosts.map((host) => {
    const { host: name, port } = parseAddress(host);
    return `${name.includes(':') ? `[${name}]` : name}:${port}`;
  });

  /** Every server's own view, asked side by side. */
  function eachServer(options: Asking = {}): Promise<ServerAnswer[]> {
    return Promise.all(addresses.map(async (address) => ({ address, said: await askServer(address, options) })));
  }

  // `mntr` tells most; from 3.5.3 on only `srvr` is allowed unless somebody allows more.
  async function askServer(
    address: string,
    { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: Asking,
  ): Promise<ServerAnswer['said']> {
    const options = { clock, timeoutMs, signal };
    try {
      const said = parseMntr(await ask(address, 'mntr', options));
      return said.kind === 'not-allowed' || said.kind === 'unknown'
        ? parseSrvr(await ask(address, 'srvr', options))
        : said;
    } catch (error) {
      if (!(error instanceof StarsError) || error.code !== 'API_UNREACHABLE') throw error;
      return { kind: 'down', words: error.message };
    }
  }

  return { addresses, eachServer };
}
