import { isNewShape, isOldShape, toNewShape, toOldShape } from '../../cluster/marathon/app-shape.js';
import { generationOf } from '../../cluster/marathon/generation.js';
import { type Definition, normaliseApp } from '../../cluster/normalise.js';

/** What is sent in the end, and what had to be said otherwise for that; or why it cannot be sent, as the end of a sentence. */
export type Fitted = { body: Definition; notes: string[] } | { refused: string };

const SEGMENT = /^(?:[a-z0-9]|[a-z0-9][a-z0-9.-]*[a-z0-9])$/;

/** A saved app in the form that Marathon of this version (`1.4.7`) takes. Networks are written in another way from 1.5 on. */
export function fitApp(saved: Definition, version: string): Fitted {
  const app = normaliseApp(saved);
  const id = String(app['id']);
  if (!isId(id)) return { refused: `${id} is no id that Marathon takes` };
  const hasArgs = Array.isArray(app['args']) && app['args'].length > 0;
  if (app['cmd'] === undefined && !hasArgs && typeof app['container'] !== 'object')
    return { refused: 'it has neither a command nor a container' };
  if (app['cmd'] !== undefined && hasArgs) return { refused: 'it has both a command and arguments' };
  const newer = generationOf({ version }).hasNetworks;
  if (newer === isNewShape(app) || (newer && !isOldShape(app))) return { body: app, notes: [] };
  if (newer) return { body: toNewShape(app), notes: ['written in the form of Marathon 1.5 and later'] };
  const older = toOldShape(app);
  return 'refused' in older ? older : { body: older.app, notes: ['written in the form of Marathon before 1.5'] };
}

export function isId(id: string): boolean {
  return (
    /^(?:\/[^/]+)+$/.test(id) &&
    id
      .slice(1)
      .split('/')
      .every((segment) => SEGMENT.test(segment))
  );
}
