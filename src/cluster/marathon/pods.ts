import { refusalOf } from '../answer.js';
import type { Http } from '../http.js';
import type { Definition } from '../normalise.js';
import { type Asking, type Changing, inPath, noneWhenMissing } from './asking.js';
import { PodDefinition, PodDefinitions, Pods, PodStatus } from './schema.js';

// The answer to a change of a pod is the pod, or nothing at all; its deployment stands here.
const DEPLOYMENT = 'marathon-deployment-id';

/** Pods, which Marathon has since 1.4. */
export function createPods({ http }: { http: Http }) {
  async function change(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: Definition, options: Changing = {}) {
    const { force = false, ...asking } = options;
    const { headers } = await http.send(method, path, { ...asking, query: { force }, body });
    return { deploymentId: headers[DEPLOYMENT] };
  }

  return {
    /** Whether this Marathon knows pods. */
    hasPods: (options?: Asking) =>
      http.send('HEAD', '/v2/pods', options).then(
        () => true,
        (error: unknown) => {
          if (refusalOf(error) === undefined) throw error;
          return false;
        },
      ),
    pods: (options?: Asking) => http.get('/v2/pods', Pods, options),
    /** All pods with every field that Marathon has. */
    podDefinitions: (options?: Asking): Promise<Definition[]> => http.get('/v2/pods', PodDefinitions, options),
    /** Undefined when there is none. */
    podDefinition: (id: string, options?: Asking): Promise<Definition | undefined> =>
      http.get(`/v2/pods${inPath(id)}`, PodDefinition, options).catch(noneWhenMissing),
    podStatus: (id: string, options?: Asking) => http.get(`/v2/pods${inPath(id)}::status`, PodStatus, options),
    createPod: (definition: Definition, options?: Changing) => change('POST', '/v2/pods', definition, options),
    /** The id in the definition has to be the same. */
    replacePod: (id: string, definition: Definition, options?: Changing) =>
      change('PUT', `/v2/pods${inPath(id)}`, definition, options),
    removePod: (id: string, options?: Changing) => change('DELETE', `/v2/pods${inPath(id)}`, undefined, options),
  };
}
