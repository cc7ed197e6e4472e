import type { Home } from '../home/home.js';
import type { Person } from '../model/run.js';
import type { AnyCommand } from './command.js';
import { type Access, accessOf, mayRun } from './permission.js';

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
