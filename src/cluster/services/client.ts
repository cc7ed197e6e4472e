import { StarsError } from '../../errors.js';
import type { Finding } from '../finding.js';
import type { Http } from '../http.js';
import type { Asking, Login } from './asking.js';
import { createBlazegraph } from './blazegraph.js';
import { createLightning } from './lightning.js';
import { createLivy } from './livy.js';
import { createSpark } from './spark.js';
import { createZeppelin } from './zeppelin.js';

export type Services = ReturnType<typeof createServices>;

/** Where a service of the environment answers. A login is sent with every call, and for Zeppelin opens a session. */
export type ServiceAccess = { http: Http; login?: Login | undefined };

/** The kinds of services that Stars knows, by the name that environment.yml gives them. */
const KINDS = {
  zeppelin: createZeppelin,
  livy: createLivy,
  blazegraph: createBlazegraph,
  lightning: createLightning,
  spark: createSpark,
};

export type Kind = keyof typeof KINDS;

/** The services on top of the stack; one of no kind that Stars knows is asked for its front page. */
export function createServices(accesses: ReadonlyMap<string, ServiceAccess>) {
  const clients = new Map([...accesses].map(([name, access]) => [name, clientOf(name, access)]));

  function accessTo(name: string): ServiceAccess {
    const access = accesses.get(name);
    if (access) return access;
    throw new StarsError('CONFIG', `The environment has no service ${name}.`, {
      hint: `Add it to services: in environment.yml, for example ${name}: {url: "http://${name}.example.org:8080"}.`,
    });
  }

  /** The client of the service of this kind. Throws CONFIG when the environment has none. */
  function of<K extends Kind>(kind: K): ReturnType<(typeof KINDS)[K]> {
    accessTo(kind);
    return clients.get(kind) as ReturnType<(typeof KINDS)[K]>;
  }

  return {
    names: [...accesses.keys()],
    /** Without credentials. */
    urlOf: (name: string): string => accessTo(name).http.baseUrls[0] ?? '',
    /** How the service stands; rejects when it does not answer as that service does. */
    check: (name: string, options?: Asking): Promise<Finding> => {
      const { http } = accessTo(name);
      return clients.get(name)?.check(options) ?? frontPage(http, options);
    },
    of,
  };
}

/** What people call the service: `zeppelin` is Zeppelin. */
export function titleOf(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

export function isKind(name: string): name is Kind {
  return Object.hasOwn(KINDS, name);
}

function clientOf(name: string, access: ServiceAccess) {
  return isKind(name) ? KINDS[name](access) : undefined;
}

async function frontPage(http: Http, options?: Asking): Promise<Finding> {
  await http.text('/', { ...options, accept: '*/*' });
  return { state: 'up', reason: 'answers' };
}
