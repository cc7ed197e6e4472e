import { StarsError } from '../errors.js';
import type { Home } from '../home/home.js';
import type { Person } from '../model/run.js';

/** What may run it: `read` looks, `operate` changes running services, `provision` changes hosts. */
export type Permission = 'read' | 'operate' | 'provision';

export type Access = Home['config']['access'];

/** Whether a person has a right. A right that names people belongs to them alone; ids are compared, never names. */
export function mayRun(access: Access, permission: Permission, { id }: Person): boolean {
  const allowed = access[permission];
  return !allowed || allowed.includes(id) || allowed.includes('everyone');
}

/** Who may do what in an environment; for one that is gone, or for none, what stars.yml says. Throws CONFIG or SYNTAX. */
export async function accessOf(home: Home, environment: string | null): Promise<Access> {
  if (environment === null || !home.environments().includes(environment)) return home.config.access;
  return (await home.environment(environment)).config.access;
}

export function notPermitted(what: string, permission: Permission, file: string, { id }: Person): StarsError {
  return new StarsError('NOT_PERMITTED', `You may not ${what}.`, {
    hint: `access.${permission} in ${file} names who may; you are ${id}.`,
  });
}
