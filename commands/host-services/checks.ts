import { StarsError } from '../../src/errors.js';
import { judgeEnsemble } from '../../src/cluster/probes.js';
import type { ServerAnswer } from '../../src/cluster/zookeeper/client.js';
import type { Working } from './agents-out.js';
import { waitUntil } from './wait-until.js';

/** How many of how many servers serve. */
export type Living = { living: number; all: number };

/** What has to hold before a service of a host goes away for a moment, and when it is back. */
export type Check = {
  /** Of a service that needs a majority of its servers. */
  living?(working: Working): Promise<Living>;
  /** Resolves with words when it serves again, with so many servers; throws UNHEALTHY when it does not in time. */
  after(asked: { timeoutMs: number; expected: number | undefined }, working: Working): Promise<string>;
};

/** Throws UNHEALTHY when so few would be left without this host that they are no majority. `running`: whether it runs there now. */
export function requireMajority(
  { living, all }: Living,
  { host, title, running }: { host: string; title: string; running: boolean },
): void {
  // One alone has nobody to fall back on: who restarts it knows that.
  if (all === 1 || living - (running ? 1 : 0) >= Math.floor(all / 2) + 1) return;
  throw new StarsError('UNHEALTHY', `Without ${host} ${title} would have no quorum: ${living} of ${all} serve now.`, {
    hint: '“status” shows which. Bring them back first; --force goes on all the same.',
  });
}

const zookeeper: Check = {
  async living({ cluster, signal }) {
    const servers = await cluster.zookeeper.eachServer({ signal });
    return { living: servers.filter(isLiving).length, all: servers.length };
  },
  async after({ timeoutMs, expected }, working) {
    const { cluster, signal } = working;
    const look = async () => {
      const servers = await cluster.zookeeper.eachServer({ signal });
      const { state, reason } = judgeEnsemble(servers);
      const enough = expected !== undefined && servers.filter(isLiving).length >= expected && state === 'degraded';
      // Servers that may not say how they are cannot be waited for; others were away before.
      return state === 'up' || state === 'unknown' || (enough && leads(servers)) ? { words: reason } : reason;
    };
    const what = 'A whole ensemble of ZooKeeper';
    return (await waitUntil(look, { what, hint: HINT, timeoutMs }, working)).words;
  },
};

function isLiving({ said }: ServerAnswer): boolean {
  return said.kind === 'serving' || said.kind === 'not-allowed' || said.kind === 'unknown';
}

function leads(servers: readonly ServerAnswer[]): boolean {
  return servers.filter(({ said }) => said.kind === 'serving' && said.mode === 'leader').length === 1;
}

const mesosMaster: Check = {
  async living({ cluster, signal }) {
    const masters = await cluster.mesos.eachMaster({ signal });
    return { living: masters.filter(({ answer }) => !(answer instanceof StarsError)).length, all: masters.length };
  },
  async after({ timeoutMs, expected }, working) {
    const { cluster, signal } = working;
    const look = async () => {
      const masters = await cluster.mesos.eachMaster({ signal });
      const answers = masters.flatMap(({ answer }) => (answer instanceof StarsError ? [] : [answer]));
      const leading = answers.filter(({ elected }) => elected).length;
      if (answers.length >= (expected ?? masters.length) && leading === 1)
        return { words: `${answers.length} of ${masters.length} masters answer, one leads` };
      return `${answers.length} of ${masters.length} masters answer, ${leading} of them lead`;
    };
    const what = 'All Mesos masters, one of them leading,';
    return (await waitUntil(look, { what, hint: HINT, timeoutMs }, working)).words;
  },
};

const marathon: Check = {
  async after({ timeoutMs }, working) {
    const { cluster, signal } = working;
    const look = async () => {
      const leader = await cluster.marathon.leader({ signal });
      return leader === undefined ? 'it has no leader' : { words: `${leader} leads` };
    };
    return (await waitUntil(look, { what: 'A leader of Marathon', hint: HINT, timeoutMs }, working)).words;
  },
};

const chronos: Check = {
  async after({ timeoutMs }, working) {
    const { cluster, signal } = working;
    const look = async () => {
      const leader = await cluster.chronos.leader({ signal });
      return leader ? { words: `${leader} leads` } : 'it has no leader';
    };
    return (await waitUntil(look, { what: 'A leader of Chronos', hint: HINT, timeoutMs }, working)).words;
  },
};

const mesosDns: Check = {
  async after({ timeoutMs }, working) {
    const { cluster, signal } = working;
    const look = async () => {
      const [leader] = await cluster.mesosDns.hosts('leader.mesos', { signal });
      return leader ? { words: `leader.mesos is ${leader.ip}` } : 'it does not know leader.mesos';
    };
    return (await waitUntil(look, { what: 'An answer of Mesos-DNS', hint: HINT, timeoutMs }, working)).words;
  },
};

const HINT = 'Look at its log on the host, mend it, and ask for the rest with --limit.';

/** By the service's name, with the part of the environment that it asks. */
export const CHECKS = {
  zookeeper: { part: 'zookeeper', check: zookeeper },
  'mesos-master': { part: 'mesos', check: mesosMaster },
  'mesos-dns': { part: 'mesosDns', check: mesosDns },
  marathon: { part: 'marathon', check: marathon },
  chronos: { part: 'chronos', check: chronos },
} as const satisfies Record<string, { part: Parameters<Working['cluster']['has']>[0]; check: Check }>;
