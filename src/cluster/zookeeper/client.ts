import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import type { Http } from '../http.js';
import { askAdmin } from './admin.js';
import { ask, parseAddress } from './four-letter-word.js';
import { parseMntr, parseSrvr, type Said } from './parse.js';
import { openSession, type Session } from './session.js';
import { readTree, type TreeOptions, type ZooKeeperTree } from './tree.js';

export type ZooKeeper = ReturnType<typeof createZooKeeper>;

type Asking = { signal?: AbortSignal | undefined; timeoutMs?: number | undefined };

/** One server of the ensemble: what it said, or why it said nothing. */
export type ServerAnswer = { address: string; said: Said | { kind: 'down'; words: string } };

const DEFAULT_TIMEOUT_MS = 5_000;

export type ZooKeeperOptions = {
  hosts: readonly string[];
  /** The AdminServers of the same servers, in the same order, where they may be asked. */
  admin?: readonly Http[] | undefined;
  clock: Clock;
};

/** The servers of one ensemble. Throws CONFIG for an address that is none. */
export function createZooKeeper({ hosts, admin = [], clock }: ZooKeeperOptions) {
  const addresses = hosts.map((host) => {
    const { host: name, port } = parseAddress(host);
    return `${name.includes(':') ? `[${name}]` : name}:${port}`;
  });

  /** Every server's own view, asked side by side. */
  function eachServer(options: Asking = {}): Promise<ServerAnswer[]> {
    return Promise.all(
      addresses.map(async (address, index) => ({ address, said: await askServer(address, admin[index], options) })),
    );
  }

  async function askServer(address: string, http: Http | undefined, options: Asking): Promise<ServerAnswer['said']> {
    try {
      const said = await askByWords(address, options);
      return said.kind === 'not-allowed' && http ? await askAdmin(http, options) : said;
    } catch (error) {
      if (!(error instanceof StarsError) || error.code === 'CANCELLED') throw error;
      if (error.code === 'API_UNREACHABLE') return { kind: 'down', words: error.message };
      return { kind: 'unknown', words: error.message };
    }
  }

  // `mntr` tells most; from 3.5.3 on only `srvr` is allowed unless somebody allows more.
  async function askByWords(address: string, { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: Asking): Promise<Said> {
    const options = { clock, timeoutMs, signal };
    const said = parseMntr(await ask(address, 'mntr', options));
    return said.kind === 'not-allowed' || said.kind === 'unknown'
      ? parseSrvr(await ask(address, 'srvr', options))
      : said;
  }

  /** The nodes at and below the paths, read from one server that serves; nothing can be changed this way. Rejects as `readTree` says. */
  async function tree(paths: readonly string[], options: Asking & TreeOptions = {}): Promise<ZooKeeperTree> {
    const session = await anySession(options);
    try {
      return await readTree(session, paths, options);
    } finally {
      session.close();
    }
  }

  async function anySession({ signal, timeoutMs = DEFAULT_TIMEOUT_MS }: Asking): Promise<Session> {
    const failures: StarsError[] = [];
    for (const address of addresses) {
      try {
        return await openSession(address, { clock, timeoutMs, signal });
      } catch (error) {
        if (!(error instanceof StarsError) || error.code === 'CANCELLED') throw error;
        failures.push(error);
      }
    }
    throw new StarsError('API_UNREACHABLE', failures.map(({ message }) => message).join(' '), {
      hint: failures[0]?.hint,
    });
  }

  return { addresses, eachServer, tree };
}
