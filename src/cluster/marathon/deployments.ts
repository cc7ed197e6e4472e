import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import type { Http } from '../http.js';
import type { Asking } from './asking.js';
import { Accepted, type Deployment, Deployments } from './schema.js';

/** Deployments, which Marathon lists as long as they run. */
export function createDeployments({ http }: { http: Http }) {
  /** Running deployments; one that is over is simply gone from the list, whether it worked or not. */
  function deployments(options?: Asking): Promise<Deployment[]> {
    return http.get('/v2/deployments', Deployments, options);
  }

  /** Takes back what a running deployment did, by a new deployment, which is the one to follow from then on. */
  function revertDeployment(id: string, options?: Asking): Promise<Accepted> {
    return about(id, () => http.delete(inPath(id), Accepted, options));
  }

  /** Ends a running deployment where it stands: old and new tasks stay mixed, and Marathon no longer works at it. */
  async function abandonDeployment(id: string, options?: Asking): Promise<void> {
    await about(id, () => http.send('DELETE', inPath(id), { ...options, query: { force: true } }));
  }

  return { deployments, revertDeployment, abandonDeployment };
}

/** `deployment <id> (step 2 of 3: ScaleApplication /zeppelin)`, with what is known of it. */
export function describeHolder(id: string, deployment: Deployment | undefined): string {
  if (!deployment) return `deployment ${id}`;
  const [action] = deployment.currentActions;
  const doing = action ? `: ${action.action} ${action.app ?? action.pod ?? ''}`.trimEnd() : '';
  return `deployment ${id} (step ${deployment.currentStep} of ${deployment.totalSteps}${doing})`;
}

function inPath(id: string): string {
  return `/v2/deployments/${encodeURIComponent(id)}`;
}

async function about<T>(id: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (refusalOf(error)?.status !== 404) throw error;
    throw new StarsError('USAGE', `Marathon has no deployment ${id}: it is over, or never was.`, {
      hint: 'Look at the app: it says which version it has, and how its tasks fare.',
      cause: error,
    });
  }
}
