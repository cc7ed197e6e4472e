import type { Clock } from '../../clock.js';
import { StarsError } from '../../errors.js';
import { refusalOf } from '../answer.js';
import type { Http } from '../http.js';
import type { Definition } from '../normalise.js';
import { aboutApp, type Asking, type Changing, inPath, noneWhenMissing } from './asking.js';
import { sendChange, type Change, type Ticket } from './change.js';
import { describeHolder } from './deployments.js';
import { Accepted, AppDefinition, Created, type Deployment, OneAppDefinition, Versions } from './schema.js';

export type AppsNeeds = { http: Http; clock: Clock; deployments: (options?: Asking) => Promise<Deployment[]> };

/** Changes of apps. Success means accepted: the ticket is what to follow. APP_LOCKED names the deployments in the way. */
export function createAppChanges({ http, clock, deployments }: AppsNeeds) {
  /** An app with every field that Marathon has; undefined when there is none. */
  function look(id: string, options?: Asking): Promise<Definition | undefined> {
    return http.get(`/v2/apps${inPath(id)}`, OneAppDefinition, options).catch(noneWhenMissing);
  }

  async function send(change: Change): Promise<Ticket> {
    try {
      return await sendChange(change, { look, clock });
    } catch (error) {
      throw error instanceof StarsError && error.code === 'APP_LOCKED' ? await locked(change, error) : error;
    }
  }

  async function locked({ id, asking }: Change, error: StarsError): Promise<StarsError> {
    const ids = refusalOf(error)?.deployments ?? [];
    const running = await deployments(asking).catch(() => []);
    const named = ids.map((holder) =>
      describeHolder(
        holder,
        running.find((one) => one.id === holder),
      ),
    );
    return new StarsError('APP_LOCKED', `${id} is locked by ${named.join(' and ')}.`, {
      hint: error.hint ?? '',
      cause: error.cause,
    });
  }

  /** A new app. API_REFUSED when there is one of that id. */
  function create(definition: Definition, { force = false, ...asking }: Changing = {}): Promise<Ticket> {
    const id = String(definition['id']);
    const call = () => http.post('/v2/apps', Created, { ...asking, query: { force }, body: definition });
    return send({ id, sent: definition, asking, call });
  }

  /** Makes the app just what the definition says: what it leaves out goes back to Marathon's defaults. Creates it when there is none. */
  function replace(id: string, definition: Definition, { force = false, ...asking }: Changing = {}): Promise<Ticket> {
    const query = { force, partialUpdate: false };
    const call = () => http.put(`/v2/apps${inPath(id)}`, Accepted, { ...asking, query, body: definition });
    return send({ id, sent: definition, asking, call });
  }

  /** Changes these fields alone; APP_NOT_FOUND when there is no such app, since a PUT to a mistyped id would create it. */
  function patch(id: string, fields: Definition, { force = false, ...asking }: Changing = {}): Promise<Ticket> {
    const call = () =>
      aboutApp(id, () => http.patch(`/v2/apps${inPath(id)}`, Accepted, { ...asking, query: { force }, body: fields }));
    return send({ id, sent: fields, asking, call });
  }

  /** Makes all these apps what their definitions say, in one deployment and in the order of their dependencies. */
  function replaceAll(definitions: readonly Definition[], { force = false, ...asking }: Changing = {}) {
    return http.put('/v2/apps', Accepted, { ...asking, query: { force, partialUpdate: false }, body: definitions });
  }

  /** Deletes the app with its versions. Here alone Marathon would force unless told not to. */
  async function remove(id: string, { force = false, ...asking }: Changing = {}): Promise<Accepted> {
    return aboutApp(id, () => http.delete(`/v2/apps${inPath(id)}`, Accepted, { ...asking, query: { force } }));
  }

  /** Starts new tasks in place of all running ones. */
  function restart(id: string, { force = false, ...asking }: Changing = {}): Promise<Ticket> {
    const call = () =>
      aboutApp(id, () => http.post(`/v2/apps${inPath(id)}/restart`, Accepted, { ...asking, query: { force } }));
    return send({ id, asking, call });
  }

  function scale(id: string, instances: number, options?: Changing): Promise<Ticket> {
    return patch(id, { instances }, options);
  }

  /** Brings the definition of a version back, and with it the number of instances it had. */
  function rollBack(id: string, version: string, { force = false, ...asking }: Changing = {}): Promise<Ticket> {
    // Any other field beside it is refused.
    const call = () =>
      aboutApp(id, () =>
        http.put(`/v2/apps${inPath(id)}`, Accepted, { ...asking, query: { force }, body: { version } }),
      );
    return send({ id, asking, call });
  }

  return {
    definition: look,
    create,
    replace,
    patch,
    replaceAll,
    remove,
    restart,
    scale,
    rollBack,
    /** Times of all versions that Marathon keeps (50 unless it is set otherwise), the newest first. */
    versions: (id: string, options?: Asking) =>
      aboutApp(id, () => http.get(`/v2/apps${inPath(id)}/versions`, Versions, options)),
    /** The definition as it was then; undefined when Marathon keeps it no more. */
    version: (id: string, version: string, options?: Asking): Promise<Definition | undefined> =>
      http
        .get(`/v2/apps${inPath(id)}/versions/${encodeURIComponent(version)}`, AppDefinition, options)
        .catch(noneWhenMissing),
  };
}
