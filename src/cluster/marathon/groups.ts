import { StarsError } from '../../errors.js';
import type { Http } from '../http.js';
import type { Definition } from '../normalise.js';
import { type Asking, type Changing, inPath } from './asking.js';
import { Accepted, AppGroup, DryRun, GroupDefinition } from './schema.js';

/** Groups: trees of apps and pods. */
export function createGroups({ http }: { http: Http }) {
  const path = (id: string) => (id === '/' ? '/v2/groups' : `/v2/groups${inPath(id)}`);

  /** Makes the group just what the definition says: apps and groups in it that the definition leaves out are destroyed. */
  function replaceGroup(id: string, definition: Definition, { force = false, ...asking }: Changing = {}) {
    return http.put(path(id), Accepted, { ...asking, query: { force }, body: definition });
  }

  /** What replacing it would do, as a list of steps; nothing is changed. */
  function tryGroup(id: string, definition: Definition, options?: Asking) {
    return http.put(path(id), DryRun, { ...options, query: { dryRun: true }, body: definition });
  }

  /** Destroys the group and everything in it. USAGE for the root, which would destroy everything there is. */
  async function removeGroup(id: string, { force = false, ...asking }: Changing = {}): Promise<Accepted> {
    if (id.replaceAll('/', '') === '')
      throw new StarsError('USAGE', 'The root group is never deleted: that would destroy every app there is.');
    return http.delete(path(id), Accepted, { ...asking, query: { force } });
  }

  return {
    groups: (options?: Asking) => http.get('/v2/groups', AppGroup, options),
    /** A group with every field that Marathon has. */
    groupDefinition: (id: string, options?: Asking): Promise<Definition> =>
      http.get(path(id), GroupDefinition, options),
    /** API_REFUSED when there is one of that id. */
    createGroup: (definition: Definition, { force = false, ...asking }: Changing = {}) =>
      http.post('/v2/groups', Accepted, { ...asking, query: { force }, body: definition }),
    replaceGroup,
    tryGroup,
    removeGroup,
  };
}
