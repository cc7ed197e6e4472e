import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { didYouMean } from '../../near-names.js';
import { refusalOf } from '../answer.js';
import type { CallOptions, Http } from '../http.js';
import type { Definition } from '../normalise.js';
import { createFollow, type Ticket } from './follow.js';
import {
  Accepted,
  App,
  AppDefinitions,
  AppGroup,
  AppList,
  Deployments,
  Info,
  Leader,
  OneApp,
  Pods,
  Queue,
  Tasks,
  Versions,
  type Deployment,
} from './schema.js';

export type Marathon = ReturnType<typeof createMarathon>;

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;
type Changing = Asking & { force?: boolean };

const WITH_DETAILS = { embed: ['apps.counts', 'apps.deployments', 'apps.lastTaskFailure'] };

/** Marathon 1.4 in its own words. Ids are absolute (`/data/zeppelin`); `find` takes what people type. */
export function createMarathon({ http, clock }: { http: Http; clock: Clock }) {
  /** Every app with counts and its last failure, without its tasks. */
  function apps(options?: Asking): Promise<App[]> {
    return http.get('/v2/apps', AppList, { ...options, query: WITH_DETAILS });
  }

  /** One app with its tasks; APP_NOT_FOUND when there is none. */
  async function app(id: string, options?: Asking): Promise<App> {
    return about(id, () => http.get(`/v2/apps${inPath(id)}`, OneApp, options));
  }

  /** The app meant by `zeppelin`, `/zeppelin` or the last part of a longer id; APP_NOT_FOUND names similar ones. */
  async function find(name: string, options?: Asking): Promise<App> {
    const all = await apps(options);
    const id = `/${name.replace(/^\/+|\/+$/g, '')}`;
    const exact = all.find((candidate) => candidate.id === id);
    if (exact) return app(exact.id, options);
    const ending = all.filter((candidate) => candidate.id.endsWith(id));
    if (ending.length === 1 && ending[0]) return app(ending[0].id, options);
    if (ending.length > 1)
      throw ambiguous(
        name,
        ending.map((candidate) => candidate.id),
      );
    throw unknown(
      name,
      all.map((candidate) => candidate.id),
    );
  }

  /** Starts new tasks in place of all running ones; APP_LOCKED names the deployments in the way unless forced. */
  async function restart(id: string, { force = false, ...options }: Changing = {}): Promise<Ticket> {
    const accepted = await changing(id, options, () =>
      http.post(`/v2/apps${inPath(id)}/restart`, Accepted, { ...options, query: { force } }),
    );
    return { app: id, ...accepted };
  }

  /** Changes how many tasks an app wants. PATCH, since a PUT to a mistyped id would create an app. */
  async function scale(id: string, instances: number, { force = false, ...options }: Changing = {}): Promise<Ticket> {
    const before = await app(id, options);
    const accepted = await changing(id, options, () =>
      http.patch(`/v2/apps${inPath(id)}`, Accepted, { ...options, query: { force }, body: { instances } }),
    );
    // A deployment that changes nothing leaves the app its older version.
    const version = before.instances === instances ? (before.version ?? accepted.version) : accepted.version;
    return { app: id, deploymentId: accepted.deploymentId, version };
  }

  /** Running deployments; one that is over is simply gone from the list, whether it worked or not. */
  function deployments(options?: Asking): Promise<Deployment[]> {
    return http.get('/v2/deployments', Deployments, options);
  }

  async function changing<T>(id: string, asking: Asking, change: () => Promise<T>): Promise<T> {
    try {
      return await about(id, change);
    } catch (error) {
      throw error instanceof StarsError && error.code === 'APP_LOCKED' ? await locked(id, asking, error) : error;
    }
  }

  async function locked(id: string, asking: Asking, error: StarsError): Promise<StarsError> {
    const ids = refusalOf(error)?.deployments ?? [];
    const running = await deployments(asking).catch(() => []);
    const holders = ids.map((holder) =>
      describeHolder(
        holder,
        running.find((one) => one.id === holder),
      ),
    );
    return new StarsError('APP_LOCKED', `${id} is locked by ${holders.join(' and ')}.`, {
      hint: error.hint ?? '',
      cause: error.cause,
    });
  }

  return {
    apps,
    app,
    find,
    restart,
    scale,
    deployments,
    ...createFollow({ app, queue, deployments, clock }),
    queue,
    tasks: (options?: Asking) => http.get('/v2/tasks', Tasks, options),
    versions: (id: string, options?: Asking) =>
      about(id, () => http.get(`/v2/apps${inPath(id)}/versions`, Versions, options)),
    groups: (options?: Asking) => http.get('/v2/groups', AppGroup, options),
    pods: (options?: Asking) => http.get('/v2/pods', Pods, options),
    info: (options?: Asking) => http.get('/v2/info', Info, options),
    /** `host:port`, or undefined while there is none. */
    leader: (options?: Asking) => http.get('/v2/leader', Leader, options).catch(noneWhenMissing),
    ping: (options?: Asking) => http.text('/ping', { ...options, accept: 'text/plain' }),
    /** All apps with every field that Marathon has, known to Stars or not. */
    definitions: (options?: Asking): Promise<Definition[]> => http.get('/v2/apps', AppDefinitions, options),
    /** The body of a GET as it came, for backups. */
    raw: (path: '/v2/apps' | '/v2/groups' | '/v2/pods', options?: Asking) => http.text(path, options),
  };

  /** What waits to be launched, and why. */
  function queue(options?: Asking) {
    return http.get('/v2/queue', Queue, options);
  }
}

async function about<T>(id: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (refusalOf(error)?.status !== 404) throw error;
    throw new StarsError('APP_NOT_FOUND', `Marathon has no app ${id}.`, { cause: error });
  }
}

function unknown(name: string, ids: string[]): StarsError {
  const lastParts = ids.map((id) => id.slice(id.lastIndexOf('/') + 1));
  const all =
    ids.length === 0
      ? 'It has none at all.'
      : `It has ${ids.slice(0, 20).join(', ')}${ids.length > 20 ? ' and more' : ''}.`;
  const hint = didYouMean(name.slice(name.lastIndexOf('/') + 1), lastParts) ?? all;
  return new StarsError('APP_NOT_FOUND', `Marathon has no app "${name}".`, { hint });
}

function ambiguous(name: string, ids: string[]): StarsError {
  return new StarsError('USAGE', `"${name}" may be ${ids.join(' or ')}.`, { hint: 'Give the whole id.' });
}

function describeHolder(id: string, deployment: Deployment | undefined): string {
  if (!deployment) return `deployment ${id}`;
  const [action] = deployment.currentActions;
  const doing = action ? `: ${action.action} ${action.app ?? action.pod ?? ''}`.trimEnd() : '';
  return `deployment ${id} (step ${deployment.currentStep} of ${deployment.totalSteps}${doing})`;
}

function noneWhenMissing(error: unknown): undefined {
  if (refusalOf(error)?.status === 404) return undefined;
  throw error;
}

function inPath(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/');
}
