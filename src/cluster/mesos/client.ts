import { StarsError } from '../../errors.js';
import type { CallOptions, Http } from '../http.js';
import { browse, readAdded, readTail, type Added, type LogTail } from './files.js';
import { createMaintenance } from './maintenance.js';
import {
  Agents,
  Containers,
  Metrics,
  State,
  StateSummary,
  Tasks,
  Version,
  type Agent,
  type Container,
  type FileEntry,
  type MesosState,
  type Task,
} from './schema.js';
import { taskDirectory } from './task-sandbox.js';

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

export type TaskOnAgent = { agentId: string; taskId: string };
export type LogRequest = TaskOnAgent & { stream: 'stdout' | 'stderr' };

const PAGE = 1_000;
const MOST_TASKS = 100_000;

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

  /** Every task the leader knows, ended ones too, newest first; at most 100 000. */
  async function tasks(options?: Asking): Promise<Task[]> {
    const found = new Map<string, Task>();
    for (let offset = 0; offset < MOST_TASKS; offset += PAGE) {
      const page = await http.get('/tasks', Tasks, { ...options, query: { limit: PAGE, offset } });
      // New tasks push others onto the next page while it is turned.
      for (const task of page) if (!found.has(keyOf(task))) found.set(keyOf(task), task);
      if (page.length < PAGE) break;
    }
    return [...found.values()];
  }

  /** What runs on the agent and what it uses. */
  async function containers(agent: Agent, options?: Asking): Promise<Container[]> {
    return agentHttp(agent).get('/containers', Containers, options);
  }

  function agentHttp(agent: Agent): Http {
    const address = agent.pid?.split('@')[1];
    if (!address)
      throw new StarsError('API_ANSWER', `Mesos does not tell the address of the agent ${agent.hostname ?? agent.id}.`);
    const scheme = http.baseUrls[0]?.startsWith('https:') ? 'https' : 'http';
    return httpTo(`the Mesos agent ${agent.hostname ?? agent.id}`, `${scheme}://${address}`);
  }

  async function sandboxOf({ agentId, taskId }: TaskOnAgent, options?: Asking) {
    const agent = (await agents(options)).find(({ id }) => id === agentId);
    if (!agent) {
      throw new StarsError('API_ANSWER', `Mesos no longer knows the agent ${agentId} on which ${taskId} ran.`, {
        hint: 'An agent gets a new id when it registers anew; the log is still on its disk for about a week.',
      });
    }
    const onAgent = agentHttp(agent);
    return { http: onAgent, directory: await taskDirectory(onAgent, taskId, options) };
  }

  /** The end of what a task wrote, live or ended; API_UNREACHABLE or API_ANSWER says why it cannot be had. */
  async function taskLog(
    { stream, bytes, ...task }: LogRequest & { bytes?: number },
    options?: Asking,
  ): Promise<LogTail> {
    const sandbox = await sandboxOf(task, options);
    return readTail(sandbox.http, `${sandbox.directory}/${stream}`, { bytes, ...options });
  }

  /** Reads what a task writes from now on, a look at a time; the first look only finds the end, unless it is told where to begin. */
  async function followLog(
    { stream, from, ...task }: LogRequest & { from?: number },
    options?: Asking,
  ): Promise<(options?: Asking) => Promise<Added>> {
    const sandbox = await sandboxOf(task, options);
    let next = from;
    return async (asking) => {
      const added = await readAdded(sandbox.http, `${sandbox.directory}/${stream}`, { from: next, ...asking });
      next = added.next;
      return added;
    };
  }

  /** The files and folders in the sandbox of a task. */
  async function taskFiles(task: TaskOnAgent, options?: Asking): Promise<FileEntry[]> {
    const sandbox = await sandboxOf(task, options);
    return browse(sandbox.http, sandbox.directory, options);
  }

  return {
    eachMaster,
    agents,
    tasks,
    containers,
    taskLog,
    followLog,
    taskFiles,
    maintenance: createMaintenance(http),
    /** Everything at once: megabytes, during which the master does nothing else. Look at the others first. */
    state: (options?: Asking): Promise<MesosState> => http.get('/state', State, options),
    /** Agents and frameworks with counters, as the leader has them; far smaller than /state. */
    stateSummary: (options?: Asking): Promise<StateSummary> => http.get('/state-summary', StateSummary, options),
    version: async (options?: Asking) => (await http.get('/version', Version, options)).version,
  };
}

function keyOf({ frameworkId, id }: Task): string {
  return `${frameworkId}/${id}`;
}

function ours(error: unknown): StarsError {
  if (error instanceof StarsError && error.code !== 'CANCELLED') return error;
  throw error;
}
