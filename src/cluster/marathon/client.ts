import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { didYouMean } from '../../near-names.js';
import type { Http } from '../http.js';
import type { Definition } from '../normalise.js';
import { createAppChanges } from './apps.js';
import { aboutApp, type Asking, inPath, noneWhenMissing } from './asking.js';
import { createDeployments } from './deployments.js';
import { type EventsOptions, readEvents } from './events.js';
import { createFollow } from './follow.js';
import { createGroups } from './groups.js';
import { createPods } from './pods.js';
import { type App, AppDefinitions, AppList, Info, Leader, OneApp, Queue } from './schema.js';
import { createTasks } from './tasks.js';

export type Marathon = ReturnType<typeof createMarathon>;

const WITH_DETAILS = { embed: ['apps.counts', 'apps.deployments', 'apps.lastTaskFailure'] };

/** Marathon 1.4 in its own words. Ids are absolute (`/data/zeppelin`); `find` takes what people type. */
export function createMarathon({ http, clock }: { http: Http; clock: Clock }) {
  const deployments = createDeployments({ http });
  const events = (options: EventsOptions) => readEvents({ http, clock }, options);

  /** Every app with counts and its last failure, without its tasks. */
  function apps(options?: Asking): Promise<App[]> {
    return http.get('/v2/apps', AppList, { ...options, query: WITH_DETAILS });
  }

  /** One app with its tasks; APP_NOT_FOUND when there is none. */
  async function app(id: string, options?: Asking): Promise<App> {
    return aboutApp(id, () => http.get(`/v2/apps${inPath(id)}`, OneApp, options));
  }

  /** The app meant by `zeppelin`, `/zeppelin` or the last part of a longer id; APP_NOT_FOUND names similar ones. */
  async function find(name: string, options?: Asking): Promise<App> {
    return app(idMeant(name, await apps(options)), options);
  }

  /** What waits to be launched, and why. */
  function queue(options?: Asking) {
    return http.get('/v2/queue', Queue, options);
  }

  /** Ends the back-off after crashes, so that the next launch does not wait. False when nothing of the app waits. */
  async function resetDelay(id: string, options?: Asking): Promise<boolean> {
    const answer = await http.send('DELETE', `/v2/queue${inPath(id)}/delay`, options).catch(noneWhenMissing);
    return answer !== undefined;
  }

  return {
    apps,
    app,
    find,
    ...createAppChanges({ http, clock, deployments: deployments.deployments }),
    ...deployments,
    ...createFollow({ app, queue, deployments: deployments.deployments, events, clock }),
    queue,
    resetDelay,
    events,
    ...createTasks({ http }),
    ...createGroups({ http }),
    ...createPods({ http }),
    info: (options?: Asking) => http.get('/v2/info', Info, options),
    /** `host:port`, or undefined while there is none. */
    leader: (options?: Asking) => http.get('/v2/leader', Leader, options).catch(noneWhenMissing),
    ping: (options?: Asking) => http.text('/ping', { ...options, accept: 'text/plain' }),
    /** All apps with every field that Marathon has, known to Stars or not. */
    definitions: (options?: Asking): Promise<Definition[]> => http.get('/v2/apps', AppDefinitions, options),
    /** The body of a GET as it came, for backups. */
    raw: (path: '/v2/apps' | '/v2/groups' | '/v2/pods', options?: Asking) => http.text(path, options),
  };
}

/** The id of the one app that a person means. */
function idMeant(name: string, all: readonly App[]): string {
  const id = `/${name.replace(/^\/+|\/+$/g, '')}`;
  const ids = all.map((candidate) => candidate.id);
  if (ids.includes(id)) return id;
  const ending = ids.filter((candidate) => candidate.endsWith(id));
  if (ending.length > 1) throw ambiguous(name, ending);
  const [only] = ending;
  if (only === undefined) throw unknown(name, ids);
  return only;
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
