import { StarsError } from '../errors.js';
import type { Home } from '../home/home.js';
import type { Person } from '../model/run.js';
import type { AnyCommand, Permission } from './command.js';

export type Access = Home['config']['access'];

/** Whether a person has a right. A right that names people belongs to them alone; ids are compared, never names. */
export function mayRun(access: Access, permission: Permission, { id }: Person): boolean {
  const allowed = access[permission];
  return !allowed || allowed.includes(id) || allowed.includes('everyone');
}

/** The commands that a person may run in some environment; those that need no environment are for everybody. */
export async function permittedCommands(
  commands: readonly AnyCommand[],
  home: Home,
  person: Person,
): Promise<AnyCommand[]> {
  const names = home.environments();
  // What a file that cannot be read would say is told when somebody runs a command there.
  const accesses = await Promise.all(names.map((name) => accessOf(home, name).catch((): Access => ({}))));
  const everywhere = names.length === 0 ? [home.config.access] : accesses;
  return commands.filter(
    ({ environment, permission }) =>
      environment !== 'required' || everywhere.some((access) => mayRun(access, permission, person)),
  );
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
