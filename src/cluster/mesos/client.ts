import { StarsError } from '../../errors.js';
import type { CallOptions, Http } from '../http.js';
import { Agents, Metrics, StateSummary, Version, type Agent } from './schema.js';
import { readTail, taskDirectory, type LogTail } from './task-sandbox.js';

export type Mesos = ReturnType<typeof createMesos>;

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

/** One master as it speaks for itself. */
export type Master = { url: string; elected: boolean; uptimeSeconds: number; metrics: Map<string, number> };

export type MesosOptions = {
  /** All masters as one service: what the leader alone knows is found by its redirects. */
  http: Http;
  /** The calls to one address only, without credentials: they are the masters', not the agents'. */
  httpTo: (service: string, url: string) => Http;
  /** The calls to one master, with the masters' credentials. */
  httpToMaster: (url: string) => Http;
};

/** What an agent's file holds at its end. */
export type LogRequest = { agentId: string; taskId: string; stream: 'stdout' | 'stderr'; bytes?: number };

/** Mesos 1.3 masters and agents. */
export function createMesos({ http, httpTo, httpToMaster }: MesosOptions) {
  const masters = http.baseUrls.map((url) => ({ url, http: httpToMaster(url) }));

  /** Each master's own answer, or the error it gave; they are not asked through the leader. */
  async function eachMaster(options?: Asking): Promise<{ url: string; answer: Master | StarsError }[]> {
    return Promise.all(
      masters.map(async (master) => ({ url: master.url, answer: await askMaster(master, options).catch(ours) })),
    );
  }

  async function askMaster(master: { url: string; http: Http }, options?: Asking): Promise<Master> {
    const metrics = await master.http.get('/metrics/snapshot', Metrics, options);
    const uptimeSeconds = metrics.get('master/uptime_secs') ?? 0;
    return { url: master.url, elected: metrics.get('master/elected') === 1, uptimeSeconds, metrics };
  }

  const agents = (options?: Asking): Promise<Agent[]> => http.get('/slaves', Agents, options);

  /** The end of what a task wrote, live or ended; UNREACHABLE or API_ANSWER says why it cannot be had. */
  async function taskLog({ agentId, taskId, stream, bytes }: LogRequest, options?: Asking): Promise<LogTail> {
    const agent = (await agents(options)).find(({ id }) => id === agentId);
    const url = agent && addressOf(agent);
    if (!agent || !url) {
      throw new StarsError('API_ANSWER', `Mesos no longer knows the agent ${agentId} on which ${taskId} ran.`, {
        hint: 'An agent gets a new id when it registers anew; the log is still on its disk for about a week.',
      });
    }
    const agentHttp = httpTo(`the Mesos agent ${agent.hostname ?? agent.id}`, url);
    const directory = await taskDirectory(agentHttp, taskId, options);
    return readTail(agentHttp, `${directory}/${stream}`, { bytes, ...options });
  }

  function addressOf({ pid }: Agent): string | undefined {
    const address = pid?.split('@')[1];
    const scheme = http.baseUrls[0]?.startsWith('https:') ? 'https' : 'http';
    return address && `${scheme}://${address}`;
  }

  return {
    eachMaster,
    agents,
    taskLog,
    /** Agents and frameworks with counters, as the leader has them; far smaller than /state. */
    stateSummary: (options?: Asking): Promise<StateSummary> => http.get('/state-summary', StateSummary, options),
    version: async (options?: Asking) => (await http.get('/version', Version, options)).version,
  };
}

function ours(error: unknown): StarsError {
  if (error instanceof StarsError && error.code !== 'CANCELLED') return error;
  throw error;
}
